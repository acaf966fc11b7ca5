"""The short form of `make fuzz`, and controls: what it must find is planted and found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from chassis.testing import Servers
from chassis.testing_issuer import Issuer
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from tests.fuzz.asgi import Caller
from tests.fuzz.campaign import Campaign, Report, first, keep, kept_inputs
from tests.fuzz.checks import against
from tests.fuzz.good import SEEDS
from tests.fuzz.inputs import Input
from tests.fuzz.mutator import Mutator
from tests.fuzz.processes import Plan, run, shown
from tests.fuzz.records import HEARD
from tests.fuzz.reference import Reference
from tests.fuzz.tokens import Tokens
from tests.fuzz.web import good as web
from tests.fuzz.web.good import MISFITS

INPUTS = int(os.environ.get("KC_FUZZ_INPUTS", "100000"))
SEED = int(os.environ.get("KC_FUZZ_SEED", "1"))


def test_no_input_makes_a_service_fail_repeat_it_or_stand_still(
    servers: Servers, tmp_path: Path
) -> None:
    plan = Plan(INPUTS, SEED, tmp_path)
    report = run(plan, servers)
    print(shown(report))
    assert report.total >= INPUTS
    routes = {good.route for seeds in (*SEEDS.values(), web.SEEDS) for good in seeds} - {*MISFITS}
    assert routes | {topic.name for topic in HEARD} <= set(report.inputs)
    assert routes <= report.reached(), "a happy path was not reached"
    assert not report.counts, shown(report)


def a_program(answer: Any) -> FastAPI:
    """A small program with one route that answers as told."""
    app = FastAPI()
    app.add_api_route("/things", answer, methods=["POST"])
    return app


async def breaks(request: Request) -> JSONResponse:
    """Fails on what is no JSON, like many programs do."""
    await request.json()
    return JSONResponse({})


async def echoes(request: Request) -> PlainTextResponse:
    """Says what it does not like."""
    return PlainTextResponse(await request.body(), 422)


async def fails(request: Request) -> JSONResponse:
    """Answers 500 to long bodies."""
    body = await request.body()
    return JSONResponse({}, 500 if len(body) > 60 else 200)


THINGS = Input("POST /things", "/things", body=b'{"name": "@@canary@@", "size": 1}')


async def found_in(app: FastAPI, folder: Path | None = None) -> Report:
    """What a short campaign finds in a program."""
    issuer, report = Issuer(), Report()
    caller = Caller(app, Tokens(issuer), lambda text: text)

    async def nothing() -> None:
        """There is no world."""

    campaign = Campaign(caller, against(Reference(app.openapi())), nothing, report)
    await campaign.run(Mutator([THINGS], 1), 400)
    issuer.close()
    if folder:
        keep("things", report, folder)
    return report


PLANTED = [(breaks, "raised JSONDecodeError"), (echoes, "echo"), (fails, "status: 500")]


@pytest.mark.parametrize(("answer", "said"), PLANTED)
async def test_control_a_planted_bug_is_found(answer: Any, said: str) -> None:
    report = await found_in(a_program(answer))
    assert any(said in name for name in report.counts), report.counts


async def test_what_failed_is_kept_small_and_sent_first_the_next_time(tmp_path: Path) -> None:
    report = await found_in(a_program(fails), tmp_path)
    name = next(name for name in report.counts if "status: 500" in name)
    kept = kept_inputs("things", tmp_path)
    again = next(one for one in kept if len(one.body) > 60)
    assert len(again.body) < 130, report.findings[name]
    assert again.headers == ()
    assert next(first(kept, Mutator([THINGS], 1))) == kept[0]
