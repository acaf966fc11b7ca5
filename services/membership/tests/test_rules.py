"""Tiers, the period of notice and § 15b GenG, against rules written down a second time."""

import calendar
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from contracts.refusal import Refusal
from hypothesis import given
from hypothesis import strategies as st
from membership.commands import By, GiveNotice, Profile, SubscribeShares
from membership.domain import capital, leaving
from membership.domain.calendar import berlin_day, year_end_after_notice
from membership.domain.organisation import Dossier, Holding, Membership
from membership.domain.rulebook import RulesBroken, rulebook
from membership.settings import RULES

TODAY = date(2026, 3, 17)
NOON = datetime(2026, 3, 17, 11, tzinfo=UTC)
NOBODY = By(None, None)


@pytest.mark.parametrize(
    ("employees", "category"),
    [(1, 1), (100, 1), (101, 2), (250, 2), (251, 3), (500, 3), (501, 4), (1000, 4), (1001, 5)],
)
def test_the_boundaries_of_the_tiers(employees: int, category: int) -> None:
    tier = RULES.tier(employees, TODAY)
    assert (tier.category, tier.shares) == (category, category)


@pytest.mark.parametrize("employees", [0, -1, -1000])
def test_nobody_at_work_is_no_tier(employees: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        RULES.tier(employees, TODAY)


@given(st.integers(1, 1_000_000), st.dates(date(2021, 1, 27), date(2040, 1, 1)))
def test_every_size_has_exactly_one_tier(employees: int, on: date) -> None:
    [table] = RULES.tier_tables
    fitting = [
        tier
        for tier in table.tiers
        if tier.from_employees <= employees <= (tier.to_employees or employees)
    ]
    assert fitting == [RULES.tier(employees, on)]
    assert RULES.tier(employees + 1, on).shares >= fitting[0].shares


def test_only_the_sourced_tier_is_not_an_assumption() -> None:
    [table] = RULES.tier_tables
    assert [tier.category for tier in table.tiers if not tier.assumed] == [4]
    assert table.source_note


ARTICLES = json.dumps(
    [
        {
            "valid_from": "2021-01-27",
            "source_note": "",
            "assumed": True,
            "share_cents": 100_000,
            "notice_months": 3,
        }
    ]
)


def tiers(*ranges: tuple[int, int | None], **more: Any) -> str:
    """A tier table of these ranges."""
    rows = [
        {"category": n, "from_employees": a, "to_employees": b, "shares": n, "assumed": True}
        for n, (a, b) in enumerate(ranges, 1)
    ]
    table = {"valid_from": "2021-01-27", "source_note": "", "tiers": rows, **more}
    return json.dumps([table])


@pytest.mark.parametrize(
    "ranges",
    [
        [(1, 100), (102, None)],  # a gap
        [(1, 100), (100, None)],  # an overlap
        [(0, 100), (101, None)],
        [(2, None)],
        [(1, 100), (101, 200)],  # not open
        [(1, None), (101, None)],
        [(1, 0), (1, None)],  # empty
        [],
    ],
)
def test_a_table_with_a_gap_or_an_overlap_is_refused(ranges: list[tuple[int, int | None]]) -> None:
    with pytest.raises(RulesBroken):
        rulebook(tiers(*ranges), ARTICLES)


def test_a_new_table_holds_from_its_day_on() -> None:
    old, new = json.loads(tiers((1, None))), json.loads(tiers((1, 9), (10, None)))
    new[0]["valid_from"] = "2027-01-01"
    rules = rulebook(json.dumps(old + new), ARTICLES)
    assert rules.tier(10, date(2026, 12, 31)).category == 1
    assert rules.tier(10, date(2027, 1, 1)).category == 2
    with pytest.raises(RulesBroken):
        rulebook(json.dumps(new + old), ARTICLES)


@pytest.mark.parametrize("months", [2, 0, -3])
def test_a_shorter_notice_than_the_law_allows_is_refused(months: int) -> None:
    broken = json.loads(ARTICLES)
    broken[0]["notice_months"] = months
    with pytest.raises(RulesBroken):
        rulebook(tiers((1, None)), json.dumps(broken))


def ends_by_counting(received: date, months: int) -> date:
    """A second reading: the first year end from which `months` back one is not before receipt."""
    end = date(received.year, 12, 31)
    while True:
        year, month = divmod(end.year * 12 + 11 - months, 12)
        last = date(year, month + 1, calendar.monthrange(year, month + 1)[1])
        if received <= last:
            return end
        end = date(end.year + 1, 12, 31)


def test_notice_on_every_day_of_several_years() -> None:
    day = date(2023, 1, 1)
    while day < date(2029, 1, 1):
        for months in (3, 6, 12, 24, 60):
            assert year_end_after_notice(day, months) == ends_by_counting(day, months)
        day += timedelta(days=1)


def a_member(**more: Any) -> Dossier:
    """A member since the founding, with four mandatory shares."""
    membership = Membership(1, uuid4(), date(2021, 2, 1), tier=4)
    made: dict[str, Any] = {"membership": membership, "holding": Holding(mandatory=4), **more}
    return Dossier(uuid4(), Profile("stadt", "Stadt", 800), registered_at=NOON, **made)


@pytest.mark.parametrize(
    ("received_at", "ends_on"),
    [
        ("2026-09-30T21:59:59+00:00", date(2026, 12, 31)),  # the last second in Berlin
        ("2026-09-30T12:00:00+02:00", date(2026, 12, 31)),
        ("2026-09-30T22:30:00+00:00", date(2027, 12, 31)),  # 1 October, 00:30 in Berlin
        ("2026-10-01T00:30:00+02:00", date(2027, 12, 31)),
        ("2026-12-31T23:30:00+00:00", date(2027, 12, 31)),  # already 2027 in Berlin
    ],
)
def test_the_day_of_receipt_in_berlin_counts(received_at: str, ends_on: date) -> None:
    dossier = a_member()
    command = GiveNotice(dossier.organisation_id, datetime.fromisoformat(received_at), NOBODY)
    decision = leaving.give_notice(dossier, command, RULES, datetime(2027, 1, 1, tzinfo=UTC))
    assert not isinstance(decision, Refusal)
    assert decision.dossier.membership is not None
    assert decision.dossier.membership.ends_on == ends_on


@given(st.integers(0, 8 * 365 * 24 * 3600))
def test_the_berlin_day_is_the_one_on_the_wall_in_berlin(seconds: int) -> None:
    moment = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    # EU summer time: from 01:00 UTC on the last Sunday of March to that of October.
    def last_sunday(month: int) -> datetime:
        day = date(moment.year, month, 31)
        return datetime.combine(
            day - timedelta(days=(day.weekday() + 1) % 7), datetime.min.time(), UTC
        ) + timedelta(hours=1)

    hours = 2 if last_sunday(3) <= moment < last_sunday(10) else 1
    assert berlin_day(moment) == (moment + timedelta(hours=hours)).date()
    assert berlin_day(moment.astimezone(ZoneInfo("Asia/Tokyo"))) == berlin_day(moment)


def asks_for(dossier: Dossier, shares: int, kind: Any) -> bool:
    """Whether a member may take so many more shares."""
    command = SubscribeShares(uuid4(), dossier.organisation_id, shares, kind, NOON, NOBODY)
    return not isinstance(capital.subscribe(dossier, command, RULES, NOON), Refusal)


@pytest.mark.parametrize(
    ("paid_cents", "kind", "may"),
    [
        (299_999, "voluntary", False),
        (300_000, "voluntary", True),
        (100_000, "mandatory", True),
        (0, "mandatory", True),
    ],
)
def test_a_fifth_share(paid_cents: int, kind: str, may: bool) -> None:
    dossier = a_member(holding=Holding(mandatory=4, paid_cents=paid_cents))
    assert asks_for(dossier, 1, kind) is may


@given(st.integers(1, 8), st.integers(0, 8), st.integers(0, 1_600_000), st.integers(1, 6))
def test_shares_at_once_need_what_they_would_need_one_by_one(
    mandatory: int, voluntary: int, paid_cents: int, shares: int
) -> None:
    paid_cents = min(paid_cents, (mandatory + voluntary) * 100_000)

    def one_by_one() -> bool:
        held = mandatory + voluntary
        for _ in range(shares):
            fully_paid = paid_cents // 100_000
            if fully_paid < held - 1:  # all earlier ones but the latest
                return False
            held += 1
        return True

    dossier = a_member(holding=Holding(mandatory, voluntary, paid_cents))
    assert asks_for(dossier, shares, "voluntary") is one_by_one()
