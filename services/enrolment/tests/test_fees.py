"""Cancellation: the numbers of domain page 5."""

from datetime import date, timedelta

import pytest
from enrolment.domain.cancellation import Booked, Step, fee_cents, free_until_on

from services.enrolment.tests.builders import BPA

STARTS_ON = date(2027, 4, 5)
MEMBER = Booked(BPA, STARTS_ON, 35_300, member=True)
OTHER = Booked(BPA, STARTS_ON, 44_100, member=False)


@pytest.mark.parametrize(
    ("booked", "days", "fee"),
    [
        (MEMBER, 12, 0),
        (MEMBER, 11, 0),
        (MEMBER, 10, 17_650),
        (OTHER, 10, 30_870),
        (MEMBER, 4, 17_650),
        (MEMBER, 3, 35_300),
        (OTHER, 3, 44_100),
        (MEMBER, 0, 35_300),
    ],
)
def test_the_fee_follows_the_calendar_days_before_the_start(
    booked: Booked, days: int, fee: int
) -> None:
    assert fee_cents(booked, STARTS_ON - timedelta(days=days)) == fee


def test_withdrawing_is_free_until_the_last_day_without_a_fee() -> None:
    assert free_until_on(MEMBER) == date(2027, 3, 25)
    assert fee_cents(MEMBER, date(2027, 3, 25)) == 0
    assert fee_cents(MEMBER, date(2027, 3, 26)) > 0


def test_without_a_policy_withdrawing_is_always_free() -> None:
    booked = Booked((), STARTS_ON, 35_300, member=True)
    assert (fee_cents(booked, STARTS_ON), free_until_on(booked)) == (0, STARTS_ON)


def test_a_policy_that_always_charges_has_no_free_day() -> None:
    booked = Booked((Step(7, 50), Step(0, 100)), STARTS_ON, 10_000, member=False)
    assert free_until_on(booked) is None
    assert fee_cents(booked, STARTS_ON - timedelta(days=300)) == 5_000


def test_later_than_all_steps_everything_is_due() -> None:
    booked = Booked((Step(14, 0),), STARTS_ON, 35_300, member=True)
    assert fee_cents(booked, STARTS_ON - timedelta(days=14)) == 0
    assert fee_cents(booked, STARTS_ON - timedelta(days=13)) == 35_300
    assert free_until_on(booked) == STARTS_ON - timedelta(days=14)


def test_a_free_course_is_always_free() -> None:
    booked = Booked(BPA, STARTS_ON, 0, member=False)
    assert (fee_cents(booked, STARTS_ON), free_until_on(booked)) == (0, STARTS_ON)


def test_a_moved_run_costs_nothing() -> None:
    booked = Booked(BPA, STARTS_ON, 35_300, member=True, free=True)
    assert (fee_cents(booked, STARTS_ON), free_until_on(booked)) == (0, STARTS_ON)


def test_a_flat_fee_is_never_more_than_the_price() -> None:
    policy = (Step(14, 0), Step(0, flat_cents=6_000))
    assert fee_cents(Booked(policy, STARTS_ON, 35_300, member=True), STARTS_ON) == 6_000
    assert fee_cents(Booked(policy, STARTS_ON, 4_000, member=True), STARTS_ON) == 4_000


def test_half_cents_are_rounded_up() -> None:
    assert fee_cents(Booked((Step(0, 50),), STARTS_ON, 35_301, member=False), STARTS_ON) == 17_651


def test_the_order_of_the_steps_does_not_matter() -> None:
    booked = Booked(tuple(reversed(BPA)), STARTS_ON, 35_300, member=True)
    assert fee_cents(booked, STARTS_ON - timedelta(days=10)) == 17_650
