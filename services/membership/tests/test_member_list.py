"""The list of members on any day, on real servers: what it says, as what, and who looked at it."""

import csv
import io
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from chassis.testing import TestApp
from sqlalchemy import text

from .conftest import MEMBERS, admitted, give_notice, pay, read, subscribe


async def on_day(office: httpx.AsyncClient, day: str, id_: object) -> dict[str, object] | None:
    """The row of an organisation in the list of a day."""
    answer = await office.get(MEMBERS, params={"on": day, "reason": "Prüfung"})
    assert answer.status_code == 200, answer.text
    totals, items = answer.json()["totals"], answer.json()["items"]
    assert totals["members"] == len(items)
    assert totals["shares"] == sum(item["shares"] for item in items)
    assert totals["amount_cents"] == totals["shares"] * 100_000
    return next((item for item in items if item["organisation_id"] == str(id_)), None)


async def test_the_list_of_a_past_day_stays_right_after_later_changes(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await admitted(office, on="2026-02-01")
    await pay(office, id_, 400_000, on="2026-02-15")
    await subscribe(office, id_, "voluntary", 2)
    app.clock.set(datetime(2026, 4, 1, 9, tzinfo=UTC))
    await give_notice(office, id_, "2026-04-01T08:00:00Z")
    app.clock.set(datetime(2027, 3, 1, 9, tzinfo=UTC))
    await app.running.timers.once("notice-ends")

    async def seen(day: str) -> tuple[object, ...] | None:
        row = await on_day(office, day, id_)
        return (row["shares"], row["balance_cents"], row["ends_on"]) if row else None

    assert await seen("2026-01-31") is None
    assert await seen("2026-02-01") == (4, 0, None)
    assert await seen("2026-02-15") == (4, 400_000, None)
    assert await seen("2026-03-17") == (6, 400_000, None)
    assert await seen("2026-04-01") == (6, 400_000, "2026-12-31")
    assert await seen("2026-12-31") == (6, 400_000, "2026-12-31")
    assert await seen("2027-01-01") is None


async def test_the_list_as_csv_is_safe_to_open(app: TestApp, office: httpx.AsyncClient) -> None:
    name = '=HYPERLINK("x");Ümläut'
    id_ = await admitted(office, 800, name=name, city="-Stadt", street="  @weg", postcode="64646")
    await pay(office, id_, 150)
    answer = await office.get(MEMBERS, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.decode("utf-8").startswith("\ufeffMitgliedsnummer;")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    number = str((await read(office, id_))["membership"]["member_number"])
    [row] = [row for row in rows if row[0] == number]
    assert row[2:7] == ["'" + name, "'@weg", "64646", "'-Stadt", "DE"]
    assert row[-2:] == ["4000,00", "1,50"]
    assert rows[-1][0] == "Summe"
    assert {len(row) for row in rows} == {len(rows[0])}


async def test_what_cannot_be_given_is_not_acceptable(office: httpx.AsyncClient) -> None:
    page = await office.get(MEMBERS, headers={"Accept": "text/html"})
    assert (page.status_code, page.json()["code"]) == (406, "not-acceptable")
    json = await office.get(MEMBERS, headers={"Accept": "text/csv;q=0.5, application/json"})
    assert json.headers["content-type"] == "application/json"


async def test_each_look_at_the_list_is_kept_with_who_and_why(app: TestApp) -> None:
    who = uuid4()
    async with app.http("auditor", sub=who) as auditor:
        await auditor.get(MEMBERS, params={"on": "2026-02-02", "reason": "Jahresprüfung"})
        await auditor.get(MEMBERS)
        for wrong in ({"on": "gestern"}, {"on": "2026-02-30"}, {"reason": "a\x00b"}):
            assert (await auditor.get(MEMBERS, params=wrong)).status_code == 422
    async with app.http("coordinator", org=uuid4()) as carla:
        assert (await carla.get(MEMBERS)).status_code == 403
    async with app.db.reading() as tx:
        sql = text("SELECT on_day::text, reason FROM inspection WHERE who = :who ORDER BY id")
        rows = [tuple(row.values()) for row in await tx.rows(sql, {"who": who})]
    assert rows == [("2026-02-02", "Jahresprüfung"), ("2026-03-17", None)]


@pytest.mark.parametrize("day", ["0", "-9.2e-218", "1699920000", "1699920000.0", "heute"])
async def test_a_day_is_no_number_of_seconds(office: httpx.AsyncClient, day: str) -> None:
    answer = await office.get(MEMBERS, params={"on": day})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["code"] == "date-parsing"
