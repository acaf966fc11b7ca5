"""Every OpenAPI document against its service, by schemathesis: what is promised is kept.

The service is served by its real server in this process; schemathesis asks from a thread. Good
and bad data are drawn from the document, always the same for the same code.

What does not apply: a bad `Accept` or `Prefer` is no bad data (their grammar is the standard's,
`Prefer` is to be ignored when it is not understood), so generated headers are not sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from chassis.app import create_app
from chassis.testing import Servers
from chassis.testing_issuer import Issuer
from fastapi import FastAPI, HTTPException
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.good import SEEDS
from tests.fuzz.served import served
from tests.fuzz.tokens import Tokens
from tests.fuzz.worker import at_work, builder

EXAMPLES = int(os.environ.get("KC_SCHEMATHESIS_EXAMPLES", "10"))
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
STREAM = "/api/notifications/stream"  # it never ends: the mutator reads its first piece


def drawn(app: FastAPI, examples: int) -> list[Any]:
    """Cases for every route, good and bad. They are drawn before anything is at work:

    Hypothesis wants nobody else to use `random` meanwhile.
    """
    cases: list[Any] = []
    for result in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if operation.path != STREAM:
                with contextlib.suppress(Unsatisfiable):  # a route without input has no bad input
                    collect(operation.as_strategy(generation_mode=mode), cases, examples)()
    return cases


def collect(strategy: Any, cases: list[Any], examples: int) -> Callable[[], None]:
    """Keeps what is drawn."""

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def keep(case: Any) -> None:
        cases.append(case)

    return keep


def checks_of(status: int) -> list[Any]:
    """All of them. 413 is a rejection too, though schemathesis does not count it as one."""
    return [one for one in CHECKS if one is not negative_data_rejection or status != 413]


def findings(cases: list[Any], url: str, authorization: str) -> dict[str, str]:
    """What is not kept, by route."""
    found: dict[str, str] = {}
    for case in cases:
        case.headers = {"Authorization": authorization}
        response = case.call(base_url=url, timeout=60)
        if response.status_code == 503:  # no 5xx but this one, and it says when to come again
            if not "".join(response.headers.get("retry-after", [])).isdecimal():
                found.setdefault(case.operation.label, "503 without Retry-After")
            continue
        try:
            case.validate_response(response, checks=checks_of(response.status_code))
        except FailureGroup as failures:
            what = "; ".join(str(failure)[:700] for failure in failures.exceptions)
            found.setdefault(case.operation.label, f"{what}\n{case.as_curl_command()[:700]}")
    return found


@pytest.mark.parametrize("name", SEEDS)
async def test_the_document_of_a_service_is_kept(
    name: str, servers: Servers, issuer: Issuer
) -> None:
    nowhere = {"database_url": "postgresql+asyncpg://nobody@127.0.0.1/nothing"}
    document = create_app(builder(name)(issuer="x", jwks_url="x", **nowhere))
    cases = drawn(document, EXAMPLES)
    assert len(cases) > EXAMPLES * len({seed.route for seed in SEEDS[name]})
    authorization = (Tokens(issuer).authorization("all") or b"").decode()
    async with at_work(name, servers, issuer) as test, served(test.app) as url:
        found = await asyncio.to_thread(findings, cases, url, authorization)
    assert not found, "\n\n".join(f"{where}: {why}" for where, why in found.items())


def a_program(answer: Any, status: int, headers: dict[str, str] | None = None) -> FastAPI:
    """A program with one route that takes a number and answers as told."""
    app = FastAPI()

    async def show(number: int) -> Any:
        if status == 503:
            raise HTTPException(status, headers=headers)
        if status >= 400:
            raise OSError(number)
        return answer

    app.add_api_route("/things", show, methods=["GET"], response_model=None)
    document = app.openapi()
    answers = document["paths"]["/things"]["get"]["responses"]
    answers["200"]["content"]["application/json"]["schema"] = {"type": "object"}
    return app


PLANTED = [({}, 500), ([1], 200), ({}, 503)]


@pytest.mark.parametrize(("answer", "status"), PLANTED)
async def test_control_a_broken_promise_is_found(answer: Any, status: int) -> None:
    for app, said in ((a_program(answer, status), {"GET /things"}), (a_program({}, 200), set())):
        cases = drawn(app, 5)
        async with served(app) as url:
            assert set(await asyncio.to_thread(findings, cases, url, "Bearer x")) == said


async def test_who_is_told_when_to_come_again_is_served_as_promised() -> None:
    app = a_program({}, 503, {"Retry-After": "2"})
    cases = drawn(app, 5)
    async with served(app) as url:
        assert await asyncio.to_thread(findings, cases, url, "Bearer x") == {}
