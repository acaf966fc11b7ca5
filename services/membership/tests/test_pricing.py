"""The price rule, against an oracle that knows it only day by day."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from contracts.base import Cause
from contracts.membership import EnrolmentPriced
from hypothesis import given
from hypothesis import strategies as st
from membership.domain.pricing import Booking, Term, price

BERLIN = ZoneInfo("Europe/Berlin")
JOINED, LEFT = date(2026, 3, 1), date(2026, 12, 31)


def a_booking(at: datetime, standard: int = 44_100, member: int = 35_300) -> Booking:
    """A booking that became binding at that moment."""
    cause = Cause("correlation", "event")
    return Booking(uuid4(), uuid4(), uuid4(), at, standard, member, cause)


def berlin(*when: int) -> datetime:
    """A moment by the clock on the wall in Berlin."""
    year, month, day, hour, minute = when
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


def priced(at: datetime, *terms: Term) -> EnrolmentPriced:
    """The price at that moment."""
    return price(a_booking(at), terms)


def test_a_member_saves_the_difference() -> None:
    quote = priced(berlin(2026, 6, 1, 12, 0), Term(JOINED, None, 4))
    assert (quote.price_cents, quote.price_kind, quote.saving_cents) == (35_300, "member", 8_800)
    assert quote.reason.model_dump() == {
        "code": "member-on-day",
        "member_since_on": JOINED,
        "ended_on": None,
        "tier": 4,
    }
    assert quote.cause == Cause("correlation", "event")


def test_who_never_joined_pays_the_standard_price() -> None:
    quote = priced(berlin(2026, 6, 1, 12, 0))
    assert (quote.price_cents, quote.price_kind, quote.saving_cents) == (44_100, "standard", 0)
    assert quote.reason.code == "not-a-member"


@pytest.mark.parametrize(
    ("at", "code", "day"),
    [
        (berlin(2026, 2, 28, 23, 59), "membership-not-yet-begun", date(2026, 2, 28)),
        (berlin(2026, 3, 1, 0, 0), "member-on-day", date(2026, 3, 1)),
        (datetime(2026, 2, 28, 23, 0, tzinfo=UTC), "member-on-day", date(2026, 3, 1)),
        (berlin(2026, 12, 31, 23, 59), "member-on-day", date(2026, 12, 31)),
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), "member-on-day", date(2026, 12, 31)),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "membership-ended", date(2027, 1, 1)),
    ],
)
def test_the_first_and_the_last_day_belong_to_the_membership(
    at: datetime, code: str, day: date
) -> None:
    quote = priced(at, Term(JOINED, LEFT, 4))
    assert (quote.reason.code, quote.priced_for_on) == (code, day)
    assert quote.reason.ended_on == (LEFT if code == "membership-ended" else None)


def test_between_two_memberships_the_first_has_ended() -> None:
    terms = Term(date(2022, 1, 1), date(2023, 12, 31), 3), Term(date(2026, 1, 1), None, 4)
    gap = priced(berlin(2025, 5, 5, 12, 0), *terms)
    assert (gap.reason.code, gap.reason.ended_on) == ("membership-ended", date(2023, 12, 31))
    assert priced(berlin(2026, 1, 1, 0, 0), *terms).reason.tier == 4


def test_a_course_that_costs_nothing_saves_nothing() -> None:
    booking = a_booking(berlin(2026, 6, 1, 12, 0), standard=0, member=0)
    quote = price(booking, [Term(JOINED, None, 4)])
    assert (quote.price_cents, quote.price_kind, quote.saving_cents) == (0, "member", 0)


FIRST, DAYS = date(2025, 12, 1), 500


@st.composite
def histories(draw: st.DrawFn) -> list[Term]:
    """Memberships one after another; the last may have no end yet."""
    marks = sorted(draw(st.sets(st.integers(0, DAYS), min_size=0, max_size=6)))
    terms: list[Term] = []
    for begin, end in zip(marks[::2], marks[1::2], strict=False):
        terms.append(Term(_day(begin), _day(end), draw(st.integers(1, 5))))
    if len(marks) % 2:
        terms.append(Term(_day(marks[-1]), None, draw(st.integers(1, 5))))
    return terms


def _day(number: int) -> date:
    return FIRST + timedelta(days=number)


def calendar_of(terms: list[Term]) -> dict[date, int]:
    """The oracle: each day on its own, with the tier of the member or nothing."""
    days: dict[date, int] = {}
    for term in terms:
        day = term.member_since_on
        while day <= _day(DAYS + 2) and (term.ends_on is None or day <= term.ends_on):
            days[day] = term.tier
            day += timedelta(days=1)
    return days


@given(
    histories(),
    st.integers(0, DAYS * 24 * 60),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
)
def test_the_rule_agrees_with_a_calendar_of_single_days(
    terms: list[Term], minute: int, standard: int, member: int
) -> None:
    member = min(standard, member)
    moment = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(minutes=minute)
    wall = moment.astimezone(BERLIN)
    day = date(wall.year, wall.month, wall.day)
    quote = price(a_booking(moment, standard, member), terms)
    tier = calendar_of(terms).get(day)
    assert quote.priced_for_on == day
    assert quote.price_cents + quote.saving_cents == standard
    if tier is not None:
        assert (quote.price_kind, quote.price_cents, quote.reason.tier) == ("member", member, tier)
        assert quote.reason.code == "member-on-day"
        return
    assert (quote.price_kind, quote.price_cents, quote.reason.tier) == ("standard", standard, None)
    before = any(d < day for d in calendar_of(terms))
    after = any(d > day for d in calendar_of(terms))
    expected = "not-a-member"
    if before:
        expected = "membership-ended"
    elif after:
        expected = "membership-not-yet-begun"
    assert quote.reason.code == expected


def test_the_price_names_who_and_what_it_is_for() -> None:
    booking = a_booking(berlin(2026, 6, 1, 12, 0))
    quote = price(booking, [])
    assert (quote.enrolment_id, quote.organisation_id) == (
        booking.enrolment_id,
        booking.organisation_id,
    )
    assert isinstance(UUID(quote.key), UUID)
