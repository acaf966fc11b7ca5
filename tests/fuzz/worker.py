"""One process of a campaign: `python -m tests.fuzz.worker NAME SEED INPUTS FOLDER`.

NAME is a service, `portal`, or `topics`. The addresses of the servers stand in the environment;
the report goes to FOLDER as JSON, the service's log to standard output, as in production.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import uvloop
from chassis import logs
from chassis.testing import Servers, TestApp, running
from chassis.testing_issuer import Issuer

from tests.fuzz.asgi import Caller
from tests.fuzz.campaign import Campaign, Report, first, kept_inputs, kept_records
from tests.fuzz.checks import against
from tests.fuzz.good import SEEDS
from tests.fuzz.inputs import Input
from tests.fuzz.mutator import Mutator
from tests.fuzz.processes import PORTAL, TOPICS
from tests.fuzz.reference import Reference
from tests.fuzz.tokens import Tokens
from tests.fuzz.topics import TopicCampaign
from tests.fuzz.web import good, pages
from tests.fuzz.web.kit import PORTAL as KIT
from tests.fuzz.web.people import People
from tests.fuzz.web.work import Visitor, portal_at_work
from tests.fuzz.web.world import Campus
from tests.fuzz.worlds import World, refill

PATIENT: dict[str, Any] = {"pool_wait_ms": 60_000}  # a busy machine would answer 503, not judge
SETTINGS: dict[str, dict[str, Any]] = {
    "notifications": {"smtp": "127.0.0.1:9", "stream_heartbeat_seconds": 0.3},
    "catalog": {"feed_seconds": 1.0},
}


def seeds_of(name: str, reference: Reference) -> list[Input]:
    """Good requests of a service: by hand and from its document."""
    return [*SEEDS[name], *reference.examples()]


def builder(name: str) -> Any:
    """`build` of a service."""
    return import_module(f"{name}.app").build


async def fuzz(test: TestApp, seed: int, count: int, report: Report) -> None:
    """Send so many inputs to a running service."""
    name = test.running.service.name
    reference = Reference(test.app.openapi())
    world, tokens = World(test), Tokens(test.issuer)
    campaign = Campaign(
        Caller(test.app, tokens, world.fill), against(reference), lambda: refill(world), report
    )
    inputs = first(kept_inputs(name), Mutator(seeds_of(name, reference), seed))
    await campaign.run(inputs, count)


@contextlib.asynccontextmanager
async def at_work(
    name: str, servers: Servers, issuer: Issuer, **more: Any
) -> AsyncIterator[TestApp]:
    """A service at work."""
    settings = {**PATIENT, **SETTINGS.get(name, {}), **more}
    async with running(builder(name), servers, issuer, **settings) as test:
        yield test


async def _service(name: str, servers: Servers, seed: int, count: int, report: Report) -> None:
    with contextlib.closing(Issuer()) as issuer:
        async with at_work(name, servers, issuer) as test:
            await fuzz(test, seed, count, report)


async def _topics(name: str, servers: Servers, seed: int, count: int, report: Report) -> None:
    async with contextlib.AsyncExitStack() as stack:
        issuer = stack.enter_context(contextlib.closing(Issuer()))
        apps = {
            one: await stack.enter_async_context(at_work(one, servers, issuer)) for one in SEEDS
        }
        campaign = TopicCampaign(apps, servers.kafka, report)
        await campaign.run(seed, count, kept=kept_records(name))


async def _portal(name: str, servers: Servers, seed: int, count: int, report: Report) -> None:
    """The portal before all services, each of which takes whatever the pages ask at once."""
    async with contextlib.AsyncExitStack() as stack:
        issuer = stack.enter_context(contextlib.closing(Issuer()))
        services = {
            one: await stack.enter_async_context(at_work(one, servers, issuer, max_in_flight=0))
            for one in SEEDS
        }
        app = await stack.enter_async_context(portal_at_work(services, servers, issuer))
        people = People(app.state.sessions, app.state.sealer, issuer)
        worlds = {one: World(test) for one, test in services.items()}
        tokens = Tokens(issuer)
        campus = Campus(worlds, app, people, issuer, tokens)
        send = Visitor(app, tokens, campus.fill, people)
        campaign = Campaign(send, pages.judge, campus.refill, report)
        inputs = first(kept_inputs(name), Mutator(good.SEEDS, seed, KIT))
        await campaign.run(inputs, count)


def main() -> int:
    """Run one part and write its report."""
    name, seed, count, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    logs.configure(name, "INFO")
    servers = Servers(os.environ["KC_TEST_POSTGRES"], os.environ["KC_TEST_KAFKA"])
    report = Report()
    work = {TOPICS: _topics, PORTAL: _portal}.get(name, _service)
    uvloop.run(work(name, servers, seed, count, report))
    (folder / f"{name}.json").write_text(json.dumps(report.packed()), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
