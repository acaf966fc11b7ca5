"""The office asks an applicant for a document: kept, shown, told without words, and deleted."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.testing import TestApp
from contracts import membership as told
from sqlalchemy import text

from .conftest import applied, registered

APPLICATIONS = "/api/membership/applications"
ASKED = {
    "check": "unconditional",
    "document": "Auszug aus der Niederschrift des Kreistags",
    "note": "Bitte mit Unterschrift von Frau Beispielhaft.\nAls PDF.",
}


def address(application_id: UUID) -> str:
    return f"{APPLICATIONS}/{application_id}/document-request"


async def shown(office: httpx.AsyncClient, application_id: UUID) -> list[dict[str, Any]]:
    """What the office sees of the requests."""
    answer = await office.get(f"{APPLICATIONS}/{application_id}")
    found: list[dict[str, Any]] = answer.json()["requests"]
    return found


async def kept(app: TestApp, application_id: UUID) -> int:
    async with app.db.reading() as tx:
        sql = text("SELECT count(*) FROM document_request WHERE application_id = :id")
        row = await tx.row(sql, {"id": application_id})
    assert row is not None
    return int(row["count"])


async def test_a_request_is_shown_with_its_day_and_told_without_words(app: TestApp) -> None:
    who = uuid4()
    async with app.http("office", sub=who) as office:
        organisation_id = await registered(office)
        application_id = await applied(office, organisation_id)
        answer = await office.post(address(application_id), json=ASKED)
        assert answer.status_code == 201, answer.text
        assert (answer.json()["check"], "note" in answer.json()) == ("unconditional", False)
        only_name = {"document": "Satzung des Zweckverbands"}
        await office.post(address(application_id), json=only_name)
        first, second = await shown(office, application_id)
    assert {name: first[name] for name in ASKED} == ASKED
    assert first["requested_at"].startswith("2026-03-17T11:00:0")
    assert {second["document"], first["document"]} == {
        ASKED["document"],
        only_name["document"],
    }
    events = await app.heard(
        told.DocumentRequested, lambda e: e.application_id == application_id, 2
    )
    assert {str(event.request_id) for event in events} == {
        first["request_id"],
        second["request_id"],
    }
    assert {event.check for event in events} == {"unconditional", None}
    assert {event.organisation_id for event in events} == {organisation_id}
    assert all("Beispielhaft" not in event.model_dump_json() for event in events)
    assert all("Niederschrift" not in event.model_dump_json() for event in events)
    async with app.db.reading() as tx:
        sql = text("SELECT what FROM audit WHERE who = :who AND organisation_id = :id ORDER BY id")
        acts = [row["what"] for row in await tx.rows(sql, {"who": who, "id": organisation_id})]
    assert acts[-2:] == ["document-request", "document-request"]


async def test_the_same_request_sent_twice_is_one(app: TestApp, office: httpx.AsyncClient) -> None:
    application_id = await applied(office, await registered(office))
    key = {"Idempotency-Key": str(uuid4())}
    first, again = [
        await office.post(address(application_id), json=ASKED, headers=key) for _ in range(2)
    ]
    assert first.json() == again.json()
    assert await kept(app, application_id) == 1


async def test_a_rejection_deletes_what_was_asked_for(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    application_id = await applied(office, await registered(office))
    await office.post(address(application_id), json=ASKED)
    rejected = await office.post(f"{APPLICATIONS}/{application_id}/rejection", json={})
    assert rejected.status_code == 201
    assert await kept(app, application_id) == 0
    assert await shown(office, application_id) == []


async def test_an_admission_keeps_what_was_asked_for_and_ends_asking(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    application_id = await applied(office, await registered(office))
    await office.post(address(application_id), json=ASKED)
    await office.post(f"{APPLICATIONS}/{application_id}/admission", json={})
    late = await office.post(address(application_id), json=ASKED)
    assert (late.status_code, late.json()["code"]) == (409, "already-decided")
    assert [request["document"] for request in await shown(office, application_id)] == [
        ASKED["document"]
    ]
    assert await kept(app, application_id) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/document"),
        ({"note": "Nur ein Hinweis"}, "/document"),
        ({"check": "no-such-check"}, "/check"),
        ({"document": " "}, "/document"),
        ({"document": "a\nb"}, "/document"),
        ({"document": "x" * 201}, "/document"),
        ({"document": "Satzung", "note": "x" * 1001}, "/note"),
        ({"document": "Satzung", "note": "a\x07b"}, "/note"),
        ({"document": 5}, "/document"),
    ],
)
async def test_what_cannot_be_asked_for_has_a_pointer_and_is_not_kept(
    app: TestApp, office: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    application_id = await applied(office, await registered(office))
    answer = await office.post(address(application_id), json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await kept(app, application_id) == 0


async def test_only_the_office_asks_and_only_for_what_is_there(app: TestApp) -> None:
    async with app.http("office") as office:
        application_id = await applied(office, await registered(office))
        assert (await office.post(address(uuid4()), json=ASKED)).status_code == 404
    for role in ("coordinator", "auditor", "employee", "provider"):
        async with app.http(role, org=uuid4()) as other:
            assert (await other.post(address(application_id), json=ASKED)).status_code == 403
    assert await kept(app, application_id) == 0
