"""The membership service at work, and builders with good defaults."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.testing import Servers, TestApp, running
from chassis.testing_issuer import Issuer
from membership.app import build

ORGANISATIONS = "/api/membership/organisations"
MEMBERS = "/api/membership/members"
SHOWN = "2026-01-05T09:00:00Z"
DECLARED = "2026-01-06T09:00:00Z"
SIGNATORY = {
    "name": "Wilhelmine Unterzeichnerin",
    "mail": "wilhelmine@rathaus.example",
    "function": "Landrätin",
}


@pytest.fixture(scope="package")
async def service(servers: Servers, issuer: Issuer) -> AsyncIterator[TestApp]:
    """The service, once for all tests of the package; each test uses organisations of its own."""
    async with running(build, servers, issuer) as test:
        yield test


@pytest.fixture
def app(service: TestApp) -> TestApp:
    """The service at its usual time: noon in Berlin on 17 March 2026."""
    service.clock.set(datetime(2026, 3, 17, 11, tzinfo=UTC))
    return service


@pytest.fixture
async def office(app: TestApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the cooperative's office."""
    async with app.http("office") as client:
        yield client


def application_body(**more: Any) -> dict[str, Any]:
    """A declaration as it should be; `None` leaves something out."""
    body = {
        "satzung_shown_at": SHOWN,
        "declared_at": DECLARED,
        "accepts_payment_duty": True,
        "signatory": SIGNATORY,
        **more,
    }
    return {name: value for name, value in body.items() if value is not None}


async def registered(office: httpx.AsyncClient, employees: int = 800, **more: Any) -> UUID:
    """A new organisation."""
    body = {
        "organisation_id": str(uuid4()),
        "code": f"stadt-{uuid4().hex[:12]}",
        "name": "Stadt Übermorgen",
        "employees": employees,
        **more,
    }
    answer = await office.post(ORGANISATIONS, json=body)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["organisation_id"])


async def applied(office: httpx.AsyncClient, organisation_id: UUID, **more: Any) -> UUID:
    """An application of an organisation."""
    body = application_body(organisation_id=str(organisation_id), **more)
    answer = await office.post("/api/membership/applications", json=body)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["application_id"])


async def admitted(
    office: httpx.AsyncClient, employees: int = 800, on: str | None = None, **more: Any
) -> UUID:
    """A new member."""
    organisation_id = await registered(office, employees, **more)
    application_id = await applied(office, organisation_id)
    answer = await office.post(
        f"/api/membership/applications/{application_id}/admission", json={"admitted_on": on}
    )
    assert answer.status_code == 201, answer.text
    return organisation_id


async def read(office: httpx.AsyncClient, organisation_id: UUID) -> dict[str, Any]:
    """An organisation as the office sees it."""
    answer = await office.get(f"{ORGANISATIONS}/{organisation_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def pay(
    office: httpx.AsyncClient, id_: object, cents: object, on: str = "2026-03-17"
) -> httpx.Response:
    """Book a payment."""
    body = {"amount_cents": cents, "received_on": on, "reference": "Einlage"}
    return await office.post(f"{ORGANISATIONS}/{id_}/payments", json=body)


async def subscribe(
    office: httpx.AsyncClient, id_: object, kind: str, shares: int = 1
) -> httpx.Response:
    """Take more shares."""
    body = {"shares": shares, "kind": kind, "declared_at": "2026-03-17T09:00:00Z"}
    return await office.post(f"{ORGANISATIONS}/{id_}/shares", json=body)


async def give_notice(office: httpx.AsyncClient, id_: object, received_at: str) -> httpx.Response:
    """Give notice."""
    body = {"received_at": received_at}
    return await office.post(f"{ORGANISATIONS}/{id_}/notice", json=body)
