"""Shares, payments, notice and the end of a membership, on real servers."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from asyncpg.exceptions import RaiseError
from chassis.testing import TestApp
from contracts import membership as told
from sqlalchemy import text

from .conftest import (
    ORGANISATIONS,
    admitted,
    applied,
    give_notice,
    pay,
    read,
    registered,
    subscribe,
)


async def test_a_payment_raises_the_balance_and_leaves_the_rest_open(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await admitted(office)
    paid = (await pay(office, id_, 100_000)).json()
    assert (paid["balance_cents"], paid["outstanding_cents"]) == (100_000, 300_000)
    [event] = await app.heard(told.SharesPaid, lambda e: e.organisation_id == id_)
    assert (event.amount_cents, event.balance_cents, event.version) == (100_000, 100_000, 5)
    too_much = await pay(office, id_, 300_001)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "more-than-open")
    assert too_much.json()["open_cents"] == 300_000
    assert (await pay(office, id_, 300_000)).json()["outstanding_cents"] == 0
    assert (await pay(office, id_, 1)).json()["open_cents"] == 0


async def test_payments_are_listed_the_newest_first_page_by_page(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_, other = await admitted(office), await admitted(office)
    url = f"{ORGANISATIONS}/{id_}/payments"
    assert (await office.get(url)).json() == {"items": [], "next_cursor": None}
    app.clock.advance(days=2)
    await pay(office, other, 7)
    days = ("2026-03-18", "2026-03-17", "2026-03-18")
    for cents, on in zip((100, 200, 300), days, strict=True):
        app.clock.advance(seconds=1)
        assert (await pay(office, id_, cents, on)).status_code == 201
    first = (await office.get(f"{url}?limit=2")).json()
    rest = (await office.get(f"{url}?limit=2&cursor={first['next_cursor']}")).json()
    listed = first["items"] + rest["items"]
    assert [each["amount_cents"] for each in listed] == [300, 100, 200]
    assert [each["received_on"] for each in listed] == [days[2], days[0], days[1]]
    assert (listed[0]["reference"], rest["next_cursor"]) == ("Einlage", None)
    number = (await read(office, id_))["membership"]["member_number"]
    assert {each["member_number"] for each in listed} == {number}


async def test_only_the_office_reads_payments_and_a_missing_organisation_is_missing(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await admitted(office)
    for role in ("auditor", "coordinator", "finance"):
        async with app.http(role, org=id_) as other:
            assert (await other.get(f"{ORGANISATIONS}/{id_}/payments")).status_code == 403
    assert (await office.get(f"{ORGANISATIONS}/{uuid4()}/payments")).status_code == 404


@pytest.mark.parametrize("cents", [0, -1, 10.5, "100", True, 10**13])
async def test_an_amount_that_is_none_is_refused(office: httpx.AsyncClient, cents: object) -> None:
    answer = await pay(office, await admitted(office), cents)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/amount_cents"


@pytest.mark.parametrize(
    ("on", "code"), [("2026-03-18", "in-the-future"), ("2026-03-16", "too-early")]
)
async def test_money_arrives_between_the_admission_and_today(
    office: httpx.AsyncClient, on: str, code: str
) -> None:
    answer = await pay(office, await admitted(office), 1, on)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_only_members_hold_shares_and_a_missing_organisation_is_missing(
    office: httpx.AsyncClient,
) -> None:
    id_ = await registered(office)
    await applied(office, id_)
    for answer in (
        await pay(office, id_, 1),
        await subscribe(office, id_, "mandatory"),
        await give_notice(office, id_, "2026-03-17T09:00:00Z"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "not-a-member")
    assert (await pay(office, uuid4(), 1)).status_code == 404


async def test_a_fifth_voluntary_share_waits_for_three_thousand_euro(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await admitted(office)
    await pay(office, id_, 299_999)
    refused = await subscribe(office, id_, "voluntary")
    assert (refused.status_code, refused.json()["code"]) == (409, "earlier-shares-not-paid")
    assert (refused.json()["paid_cents"], refused.json()["needed_cents"]) == (299_999, 300_000)
    await pay(office, id_, 1)
    accepted = await subscribe(office, id_, "voluntary")
    assert (accepted.status_code, accepted.json()["shares"]) == (201, 5)
    events = await app.heard(told.SharesSubscribed, lambda e: e.organisation_id == id_, count=2)
    assert [(e.kind, e.total_shares) for e in events] == [("mandatory", 4), ("voluntary", 5)]


async def test_a_fifth_mandatory_share_is_accepted_at_a_thousand(
    office: httpx.AsyncClient,
) -> None:
    id_ = await admitted(office)
    await pay(office, id_, 100_000)
    answer = await subscribe(office, id_, "mandatory")
    assert (answer.status_code, answer.json()["outstanding_cents"]) == (201, 400_000)


async def test_growing_over_a_boundary_makes_a_task_and_no_share(
    office: httpx.AsyncClient,
) -> None:
    id_ = await admitted(office, 1000)
    url = f"{ORGANISATIONS}/{id_}/employees"
    grown = (await office.put(url, json={"employees": 1001})).json()
    assert (grown["shares"], grown["tier"]) == (4, 5)
    assert grown["tasks"] == [{"kind": "subscribe-shares", "shares": 1}]
    await subscribe(office, id_, "mandatory")
    assert (await read(office, id_))["tasks"] == []
    shrunk = (await office.put(url, json={"employees": 10})).json()
    assert (shrunk["shares"], shrunk["tier"], shrunk["tasks"]) == (5, 1, [])
    assert (await office.put(url, json={"employees": 0})).status_code == 422


async def test_a_stale_version_is_refused(office: httpx.AsyncClient) -> None:
    id_ = await admitted(office)
    url = f"{ORGANISATIONS}/{id_}"
    seen = {"If-Match": (await office.get(url)).headers["etag"]}
    fresh = await office.put(f"{url}/employees", json={"employees": 801}, headers=seen)
    stale = await office.put(f"{url}/employees", json={"employees": 802}, headers=seen)
    assert fresh.status_code == 200
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")


async def test_a_payment_sent_twice_with_one_key_is_booked_once(
    office: httpx.AsyncClient,
) -> None:
    id_ = await admitted(office)
    body = {"amount_cents": 100_000, "received_on": "2026-03-17"}
    key = {"Idempotency-Key": uuid4().hex}
    url = f"{ORGANISATIONS}/{id_}/payments"
    answers = [await office.post(url, json=body, headers=key) for _ in range(3)]
    assert [answer.json()["balance_cents"] for answer in answers] == [100_000] * 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE share_payment SET amount_cents = 1",
        "DELETE FROM share_subscription",
        "DELETE FROM audit",
        "TRUNCATE inspection",
    ],
)
async def test_what_was_written_stays(app: TestApp, change: str) -> None:
    with pytest.raises(RaiseError, match="append-only"):
        async with app.db.transaction() as tx:
            await tx.execute(text(change))


async def test_a_membership_ends_by_itself_after_its_last_day(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await admitted(office, on="2026-01-07")
    app.clock.set(datetime(2026, 10, 1, 9, tzinfo=UTC))
    notice = await give_notice(office, id_, "2026-09-30T21:00:00Z")
    assert (notice.status_code, notice.json()["ends_on"]) == (201, "2026-12-31")
    again = await give_notice(office, id_, "2026-09-30T21:00:00Z")
    assert (again.status_code, again.json()["code"]) == (409, "notice-already-given")
    [given] = await app.heard(told.NoticeGiven, lambda e: e.organisation_id == id_)
    assert str(given.ends_on) == "2026-12-31"

    app.clock.set(datetime(2026, 12, 31, 22, 59, tzinfo=UTC))
    await app.running.timers.once("notice-ends")
    last_day = await read(office, id_)
    assert (last_day["state"], last_day["member_today"]) == ("notice_given", True)
    app.clock.set(datetime(2026, 12, 31, 23, 0, tzinfo=UTC))
    before_timer = await read(office, id_)
    assert (before_timer["state"], before_timer["member_today"]) == ("exited", False)
    assert await app.running.timers.once("notice-ends") >= 1
    [ended] = await app.heard(told.MembershipEnded, lambda e: e.organisation_id == id_)
    assert str(ended.ended_on) == "2026-12-31"
    assert (await pay(office, id_, 1)).json()["code"] == "not-a-member"


async def test_who_left_may_join_again_under_a_new_number(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await admitted(office, on="2026-01-07")
    old = (await read(office, id_))["membership"]["member_number"]
    await give_notice(office, id_, "2026-03-01T09:00:00Z")
    app.clock.set(datetime(2027, 2, 1, 9, tzinfo=UTC))
    application_id = await applied(office, id_)  # before the timer came by
    url = f"/api/membership/applications/{application_id}/admission"
    early = await office.post(url, json={"admitted_on": "2026-12-31"})
    assert (early.status_code, early.json()["earliest_on"]) == (422, "2027-01-01")
    again = await office.post(url, json={})
    assert again.json()["member_number"] > old
    await app.heard(told.MembershipEnded, lambda e: e.organisation_id == id_)
    found = await read(office, id_)
    assert (found["state"], found["shares"], found["balance_cents"]) == ("admitted", 4, 0)


async def test_the_audit_trail_says_who_did_what(app: TestApp) -> None:
    who = uuid4()
    async with app.http("office", sub=who) as office:
        id_ = await admitted(office)
        await pay(office, id_, 100)
        await pay(office, id_, 10**9)  # refused, so it does not stand there
        await give_notice(office, id_, "2026-03-17T09:00:00Z")
    async with app.db.reading() as tx:
        sql = text("SELECT what FROM audit WHERE who = :who AND organisation_id = :id ORDER BY id")
        rows = await tx.rows(sql, {"who": who, "id": id_})
    acts = [row["what"] for row in rows]
    assert acts == ["registration", "application", "admission", "payment", "notice"]


@pytest.mark.parametrize("moment", [1_767_690_000, 0, "1767690000", True, None])
async def test_an_instant_is_no_number_of_seconds(office: httpx.AsyncClient, moment: Any) -> None:
    body = {"received_at": moment}
    answer = await office.post(f"{ORGANISATIONS}/{uuid4()}/notice", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/received_at"
