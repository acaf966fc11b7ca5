"""Registration, application, admission and rejection, on the real servers."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.testing import TestApp
from contracts import membership as told
from sqlalchemy import text

from .conftest import (
    ORGANISATIONS,
    SIGNATORY,
    admitted,
    application_body,
    applied,
    read,
    registered,
)

APPLICATIONS = "/api/membership/applications"


async def test_a_registered_organisation_is_known_and_no_member(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await registered(office, 800)
    found = await read(office, id_)
    assert (found["state"], found["member_today"], found["shares"]) == ("registered", False, 0)
    assert (found["tier"], found["tier_shares"], found["version"]) == (4, 4, 1)
    [event] = await app.heard(told.OrganisationRegistered, lambda e: e.organisation_id == id_)
    assert (event.employees, event.version) == (800, 1)


async def test_registering_the_same_again_is_harmless_and_other_content_is_refused(
    office: httpx.AsyncClient,
) -> None:
    body = {"organisation_id": str(uuid4()), "code": f"kreis-{uuid4().hex[:9]}", "name": "Kreis"}
    body |= {"employees": 800, "city": "Heppenheim"}  # type: ignore[dict-item]
    first, again = [await office.post(ORGANISATIONS, json=body) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = await office.post(ORGANISATIONS, json={**body, "name": "Anderer Kreis"})
    taken = await office.post(ORGANISATIONS, json={**body, "organisation_id": str(uuid4())})
    assert (other.status_code, other.json()["code"]) == (409, "registered-differently")
    assert (taken.status_code, taken.json()["code"]) == (409, "code-taken")


@pytest.mark.parametrize("employees", [0, -1, 1.5, "800", True, None, 1_000_001])
async def test_a_number_of_employees_that_cannot_be_is_refused(
    office: httpx.AsyncClient, employees: object
) -> None:
    body = {"code": "stadt-x", "name": "Stadt", "employees": employees}
    answer = await office.post(ORGANISATIONS, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/employees"


async def test_the_office_finds_organisations_page_by_page(office: httpx.AsyncClient) -> None:
    mark = uuid4().hex[:8]
    for number in range(3):
        await registered(office, name=f"Suchstadt_{mark} {number}", code=f"such-{mark}-{number}")
    query: dict[str, str | int] = {"q": f"suchstadt_{mark.upper()}", "limit": 2}
    page = (await office.get(ORGANISATIONS, params=query)).json()
    rest = (await office.get(ORGANISATIONS, params={**query, "cursor": page["next_cursor"]})).json()
    codes = [item["code"] for item in page["items"] + rest["items"]]
    assert codes == [f"such-{mark}-{number}" for number in range(3)]
    assert rest["next_cursor"] is None
    assert (await office.get(ORGANISATIONS, params={"q": f"%{mark}%"})).json()["items"] == []


async def test_everybody_sees_the_own_organisation_and_nobody_else_does(app: TestApp) -> None:
    async with app.http("office") as office:
        id_ = await admitted(office, 800, on="2026-03-01")
    async with app.http("employee", org=id_) as anna, app.http("employee") as stranger:
        mine = (await anna.get(f"{ORGANISATIONS}/me")).json()
        assert (mine["organisation_id"], mine["member_today"]) == (str(id_), True)
        assert (mine["member_since_on"], mine["tier"]) == ("2026-03-01", 4)
        assert (await stranger.get(f"{ORGANISATIONS}/me")).status_code == 404
        assert (await anna.get(f"{ORGANISATIONS}/{id_}")).status_code == 403


async def test_a_coordinator_applies_for_the_own_organisation_only(app: TestApp) -> None:
    async with app.http("office") as office:
        mine, other = await registered(office, 300), await registered(office)
    async with app.http("coordinator", org=mine) as carla:
        answer = await carla.post(APPLICATIONS, json=application_body())
        foreign = application_body(organisation_id=str(other))
        refused = await carla.post(APPLICATIONS, json=foreign)
    assert answer.status_code == 201
    assert (answer.json()["state"], answer.json()["shares"]) == ("applied", 3)
    assert all(check["fulfilled"] for check in answer.json()["checks"])
    assert {check["code"] for check in answer.json()["checks"]} == {
        "text-form",
        "unconditional",
        "articles-shown",
        "payment-duty-accepted",
    }
    assert refused.status_code == 404
    async with app.http("coordinator", org=uuid4()) as nobody:
        unknown = await nobody.post(APPLICATIONS, json=application_body())
    assert (unknown.status_code, unknown.json()["code"]) == (409, "organisation-not-registered")
    async with app.http("employee", org=mine) as anna:
        assert (await anna.post(APPLICATIONS, json=application_body())).status_code == 403


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"satzung_shown_at": None}, "articles-not-shown", "/satzung_shown_at"),
        (
            {"satzung_shown_at": "2026-01-06T09:00:00Z"},
            "articles-not-shown",
            "/satzung_shown_at",
        ),
        (
            {"accepts_payment_duty": False},
            "payment-duty-not-accepted",
            "/accepts_payment_duty",
        ),
        (
            {"condition": "vorbehaltlich des Kreistags"},
            "conditional-declaration",
            "/condition",
        ),
        ({"declared_at": "2031-01-01T00:00:00Z"}, "in-the-future", "/declared_at"),
        ({"form": "oral"}, "invalid", "/form"),
        ({"declared_at": "9999-12-31T23:59:59-14:00"}, "invalid", "/declared_at"),
        ({"signatory": {**SIGNATORY, "mail": "no mail"}}, "invalid", "/signatory/mail"),
    ],
)
async def test_a_declaration_that_is_none_by_law_is_refused(
    office: httpx.AsyncClient, change: dict[str, object], code: str, pointer: str
) -> None:
    id_ = await registered(office)
    body = application_body(**{"organisation_id": str(id_), **change})
    answer = await office.post(APPLICATIONS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert "Kreistag" not in answer.text
    if code not in ("invalid", "in-the-future"):
        assert [c["fulfilled"] for c in answer.json()["checks"]].count(False) == 1


async def test_an_empty_condition_is_no_condition(office: httpx.AsyncClient) -> None:
    await applied(office, await registered(office), condition="  ")


async def test_there_is_one_open_application_and_a_member_cannot_apply(
    office: httpx.AsyncClient,
) -> None:
    id_ = await registered(office)
    first = await applied(office, id_)
    body = application_body(organisation_id=str(id_))
    second = await office.post(APPLICATIONS, json=body)
    assert (second.status_code, second.json()["code"]) == (409, "already-applied")
    assert second.json()["application_id"] == str(first)
    assert (await office.post(f"{APPLICATIONS}/{first}/admission")).status_code == 201
    member = await office.post(APPLICATIONS, json=body)
    assert (member.status_code, member.json()["code"]) == (409, "already-member")


async def test_a_county_of_800_becomes_a_member_with_four_shares(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await registered(office, 800)
    application_id = await applied(office, id_)
    answer = await office.post(f"{APPLICATIONS}/{application_id}/admission", json={})
    view = answer.json()
    assert (answer.status_code, view["tier"], view["shares"]) == (201, 4, 4)
    assert (view["member_since_on"], view["outstanding_cents"]) == ("2026-03-17", 400_000)
    [member] = await app.heard(told.MemberAdmitted, lambda e: e.organisation_id == id_)
    [shares] = await app.heard(told.SharesSubscribed, lambda e: e.organisation_id == id_)
    assert (member.member_number, member.tier) == (view["member_number"], 4)
    assert (shares.kind, shares.shares, shares.total_shares) == ("mandatory", 4, 4)
    assert (member.version, shares.version, view["version"]) == (3, 4, 4)
    assert member.meta.correlation_id == answer.headers["x-correlation-id"]
    again = await office.post(f"{APPLICATIONS}/{application_id}/admission", json={})
    assert (again.status_code, again.json()["code"]) == (409, "already-decided")


@pytest.mark.parametrize(
    ("day", "code"), [("2026-03-18", "in-the-future"), ("2026-01-05", "too-early")]
)
async def test_an_admission_lies_between_the_declaration_and_today(
    office: httpx.AsyncClient, day: str, code: str
) -> None:
    application_id = await applied(office, await registered(office))
    url = f"{APPLICATIONS}/{application_id}/admission"
    answer = await office.post(url, json={"admitted_on": day})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await office.post(url, json={"admitted_on": "2026-01-06"})).status_code == 201


async def test_twenty_admissions_at_once_leave_no_gap_in_the_member_numbers(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    ids = [await applied(office, await registered(office)) for _ in range(20)]
    clients = [app.http("office") for _ in ids]
    answers = await asyncio.gather(
        *(c.post(f"{APPLICATIONS}/{id_}/admission") for c, id_ in zip(clients, ids, strict=True)),
        *(c.post(f"{APPLICATIONS}/{id_}/admission") for c, id_ in zip(clients, ids, strict=True)),
    )
    for client in clients:
        await client.aclose()
    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [409] * 20
    async with app.db.reading() as tx:
        rows = await tx.rows(text("SELECT member_number FROM membership ORDER BY 1"))
    assert [row["member_number"] for row in rows] == list(range(1, len(rows) + 1))


async def everything_in(app: TestApp) -> str:
    """All rows of all tables, as text."""
    async with app.db.reading() as tx:
        tables = await tx.rows(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        parts = []
        for table in tables:
            name = table["tablename"]
            rows = await tx.rows(text(f"SELECT t::text AS row FROM {name} t"))  # noqa: S608
            parts += [f"{name}: {row['row']}" for row in rows]
    return "\n".join(parts)


async def test_a_rejection_leaves_no_trace_of_who_signed(
    app: TestApp, office: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    id_ = await registered(office)
    name, mail = f"Frieda Spurlos-{uuid4().hex[:8]}", f"{uuid4().hex[:12]}@spurlos.example"
    signed = {"name": name, "mail": mail, "function": "Bürgermeisterin"}
    body = application_body(organisation_id=str(id_), signatory=signed)
    key = {"Idempotency-Key": uuid4().hex}
    filed = await office.post(APPLICATIONS, json=body, headers=key)
    application_id = filed.json()["application_id"]
    shown = (await office.get(f"{APPLICATIONS}/{application_id}")).json()
    assert shown["signatory"] == signed
    before = await everything_in(app)
    assert before.count(name) == before.count(mail) == 1

    url = f"{APPLICATIONS}/{application_id}/rejection"
    answer = await office.post(url, json={"reason_code": "not-a-municipality"})
    assert (answer.status_code, answer.json()["state"]) == (201, "rejected")
    [event] = await app.heard(
        told.ApplicationRejected, lambda e: e.application_id == UUID(application_id)
    )
    assert str(event.rejected_on) == "2026-03-17"
    after = await everything_in(app)
    topics = "\n".join(f"{r.key!r} {r.value!r} {r.headers!r}" for r in app.records)
    for word in (name, mail, "Bürgermeisterin"):
        assert word not in after
        assert word not in topics
    assert name not in caplog.text
    gone = (await office.get(f"{APPLICATIONS}/{application_id}")).json()
    assert (gone["signatory"], gone["checks"], gone["declared_at"]) == (None, [], None)
    replayed = await office.post(APPLICATIONS, json=body, headers=key)
    assert replayed.json() == filed.json()
    assert mail not in replayed.text


async def test_after_a_rejection_an_organisation_may_apply_again(
    office: httpx.AsyncClient,
) -> None:
    id_ = await registered(office)
    first = await applied(office, id_)
    assert (await office.post(f"{APPLICATIONS}/{first}/rejection", json={})).status_code == 201
    decided = await office.post(f"{APPLICATIONS}/{first}/admission", json={})
    assert (decided.status_code, decided.json()["state"]) == (409, "rejected")
    await applied(office, id_)


async def test_the_office_lists_applications_with_their_checks(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    app.clock.advance(days=1)  # later than those of the other tests
    ids = [str(await applied(office, await registered(office))) for _ in range(3)]
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(2):
        page = (
            await office.get(APPLICATIONS, params={"state": "applied", "limit": 2, **cursor})
        ).json()
        found += [item["application_id"] for item in page["items"]]
        assert {check["law"] for check in page["items"][0]["checks"]} >= {"§ 15a GenG"}
        cursor = {"cursor": page["next_cursor"]}
    assert found[:3] == ids[::-1]
    unknown = await office.get(f"{APPLICATIONS}/{uuid4()}")
    assert unknown.status_code == 404
