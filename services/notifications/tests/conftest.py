"""What the tests of this service share: a real mail server and the service at work."""

import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiosmtpd.controller import Controller
from chassis.testing import Servers, TestApp, running, until
from chassis.testing_issuer import Issuer
from notifications.app import build
from sqlalchemy import text

from .builders import run_scheduled
from .postbox import Postbox, serve


@dataclass
class Member:
    """A person of an organisation, with an address of his or her own."""

    ref: UUID
    org: UUID
    mail: str


@dataclass
class Post:
    """The mail server of the tests; it can be stopped and started."""

    box: Postbox
    port: int
    controller: Controller | None = None

    def start(self) -> None:
        """Answer."""
        self.controller = serve(self.box, self.port)

    def stop(self) -> None:
        """Be gone."""
        if self.controller is not None:
            self.controller.stop()
            self.controller = None


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def post() -> Iterator[Post]:
    """A mail server."""
    made = Post(Postbox(), free_port())
    made.start()
    yield made
    made.stop()


QUICK = {
    "mail_retry_seconds": 0.1,
    "mail_retry_factor": 1.5,
    "mail_attempts": 4,
    "mail_outage_seconds": 0.05,
    "mail_outage_longest_seconds": 0.2,
    "mail_poll_seconds": 0.2,
    "stream_poll_seconds": 0.1,
    "stream_heartbeat_seconds": 0.3,
    "smtp_timeout_seconds": 5,
}


@pytest.fixture(scope="session")
async def app(servers: Servers, issuer: Issuer, post: Post) -> AsyncIterator[TestApp]:
    """The service at work."""
    async with running(build, servers, issuer, smtp=f"127.0.0.1:{post.port}", **QUICK) as test:
        yield test


async def enter(
    app: TestApp, org: UUID, given: str = "Anna", language: str = "de", ref: UUID | None = None
) -> Member:
    """A person enters his or her contact."""
    who = ref or uuid4()
    mail = f"{given.lower()}.{who.hex[:8]}@kreis.example"
    body = {"given_name": given, "family_name": "Müller", "mail": mail, "language": language}
    async with app.http("employee", sub=who, org=org) as client:
        answer = await client.put(f"/api/notifications/contacts/{who}", json=body)
    assert answer.status_code in (200, 201), answer.text
    return Member(who, org, mail)


NOTICES = text("SELECT * FROM notice WHERE recipient_ref = :who ORDER BY number")


async def rows(app: TestApp, who: UUID) -> list[Any]:
    """The notices of a person."""
    async with app.db.reading() as tx:
        return list(await tx.rows(NOTICES, {"who": who}))


async def a_known_run(app: TestApp, **changes: Any) -> UUID:
    """A run that the service has heard of."""
    run_id = uuid4()
    await app.send(run_scheduled(run_id=run_id, **changes))
    query = text("SELECT 1 FROM run WHERE run_id = :id")

    async def known() -> bool:
        async with app.db.reading() as tx:
            return bool(await tx.row(query, {"id": run_id}))

    await until(known, name="the run")
    return run_id


async def two(app: TestApp) -> tuple[Member, Member]:
    """A person and the coordinator of the same organisation."""
    org = uuid4()
    return await enter(app, org, "Anna"), await enter(app, org, "Carla")


def about(person: Member, booked_by: Member | None, run_id: UUID, **more: Any) -> dict[str, Any]:
    """Fields of an event about a person."""
    return {
        "person_ref": person.ref,
        "organisation_id": person.org,
        "booked_by_ref": booked_by.ref if booked_by else person.ref,
        "run_id": run_id,
        "enrolment_id": uuid4(),
    } | more


async def delivered(post: Post, mail: str, count: int = 1) -> None:
    """Wait for mails to an address."""
    await until(lambda: len(post.box.to(mail)) >= count, name=f"{count} mails")
