"""The service at work on real servers, with the catalogue and membership played by the tests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.testing import Servers, TestApp, running, until
from chassis.testing_issuer import Issuer
from contracts.base import Cause, Event
from contracts.enrolment import EnrolmentRequested, SeatAccepted
from contracts.membership import EnrolmentPriced, PriceReason
from enrolment.app import build
from enrolment.domain.deadlines import berlin_day
from enrolment.domain.run import Run

from services.enrolment.tests.builders import BERGSTRASSE, a_run, scheduled

BASE = "/api/enrolment/enrolments"
CARLA_REF, PAUL_REF = uuid4(), uuid4()


def a_quote_for(
    asked: EnrolmentRequested | SeatAccepted, kind: Literal["member", "standard"] = "member"
) -> EnrolmentPriced:
    """The price of what was asked for."""
    at = asked.requested_at if isinstance(asked, EnrolmentRequested) else asked.accepted_at
    cents = asked.member_cents if kind == "member" else asked.standard_cents
    return EnrolmentPriced(
        enrolment_id=asked.enrolment_id,
        organisation_id=asked.organisation_id,
        price_cents=cents,
        price_kind=kind,
        reason=PriceReason(code="member-on-day" if kind == "member" else "not-a-member"),
        priced_for_on=berlin_day(at),
        saving_cents=asked.standard_cents - cents,
    )


@dataclass
class Office:
    """Everybody around the service, in words of its tests."""

    app: TestApp

    def client(self, *roles: str, sub: UUID | None = None, org: UUID | None = BERGSTRASSE) -> Any:
        """A client of a person with these roles."""
        return self.app.http(*roles, sub=str(sub or uuid4()), org=str(org) if org else None)

    @property
    def carla(self) -> httpx.AsyncClient:
        """The coordinator of the county."""
        client: httpx.AsyncClient = self.client("coordinator", "employee", sub=CARLA_REF)
        return client

    @property
    def paul(self) -> httpx.AsyncClient:
        """An approver of the county."""
        client: httpx.AsyncClient = self.client("approver", sub=PAUL_REF)
        return client

    async def schedule(self, **more: Any) -> Run:
        """The catalogue schedules a run a month from now; returns when it can be booked."""
        starts = self.app.clock() + timedelta(days=40)
        starts = starts.replace(hour=7, minute=0, second=0, microsecond=0)
        times = {
            "starts_at": starts,
            "ends_at": starts + timedelta(hours=7),
            "closes_at": starts - timedelta(days=7),
        }
        run = a_run(**(times | more))
        await self.tell(scheduled(run))
        return run

    async def tell(self, event: Event) -> None:
        """The catalogue tells something; returns when it was heard."""
        version = event.version
        fresh = type(event).model_validate(event.model_dump())
        await self.app.send(fresh.because(Cause("the-catalogue"), version))
        await self.app.settled()

    async def seats(self, run: Run) -> dict[str, Any]:
        """The seats of a run."""
        async with self.carla as client:
            answer = await client.get(f"/api/enrolment/runs/{run.id}/seats")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def price(
        self,
        asked: EnrolmentRequested | SeatAccepted,
        kind: Literal["member", "standard"] = "member",
    ) -> None:
        """Membership prices a request."""
        await self.app.send(a_quote_for(asked, kind).because(asked.cause))

    async def price_all(self, run: Run, count: int) -> None:
        """Membership prices so many requests for a run."""
        for asked in await self.app.heard(
            EnrolmentRequested, lambda e: e.run_id == run.id, count=count
        ):
            await self.price(asked)

    async def book(self, run: Run, **more: Any) -> dict[str, Any]:
        """The coordinator books somebody, and the price comes."""
        async with self.carla as client:
            asked = await client.post(
                BASE, json={"run_id": str(run.id), "person_ref": str(uuid4()), **more}
            )
        assert asked.status_code == 202, asked.text
        id_ = asked.json()["enrolment_id"]
        events = await self.app.heard(EnrolmentRequested, lambda e: str(e.enrolment_id) == id_)
        await self.price(events[0])
        if asked.json()["state"] == "requested":
            await self.in_state(id_, "confirmed")
        return dict(asked.json())

    async def show(self, id_: str) -> dict[str, Any]:
        """An enrolment as the coordinator sees it."""
        async with self.carla as client:
            answer = await client.get(f"{BASE}/{id_}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def in_state(self, id_: str, *states: str) -> dict[str, Any]:
        """Wait until an enrolment is in one of the states."""

        async def there() -> dict[str, Any] | None:
            view = await self.show(id_)
            return view if view["state"] in states else None

        found = await until(there, name=f"{id_} in {states}")
        return dict(found)


class Membership:
    """Plays membership: prices whatever is requested, by itself, until it is stopped."""

    def __init__(self, office: Office, run: Run) -> None:
        self._office, self._run = office, run
        self._done: set[UUID] = set()

    async def __aenter__(self) -> "Membership":
        self._task = asyncio.create_task(self._work())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        app = self._office.app
        while True:
            asked: Sequence[EnrolmentRequested] = await app.heard(
                EnrolmentRequested,
                lambda e: e.run_id == self._run.id and e.enrolment_id not in self._done,
                seconds=60,
            )
            for request in asked:
                self._done.add(request.enrolment_id)
                await self._office.price(request)


@pytest.fixture(scope="package")
async def app(servers: Servers, issuer: Issuer) -> AsyncIterator[TestApp]:
    """The service at work."""
    # a crowd of a test is let in on a slow machine, too; who is not is a matter of `chassis`
    async with running(build, servers, issuer, min_in_flight=500) as test:
        yield test


@pytest.fixture
async def office(app: TestApp) -> AsyncIterator[Office]:
    """Everybody around it; the clock is right again afterwards."""
    yield Office(app)
    app.clock.reset()
