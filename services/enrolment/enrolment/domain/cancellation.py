"""What withdrawing costs (domain page 5): the policy is data, stored with the booking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from contracts.money import percent_of


@dataclass(frozen=True, slots=True)
class Step:
    """Who withdraws at least `days_before` calendar days before the start pays this share.

    `member_percent` replaces `percent` at the member price; `flat_cents` replaces both.
    """

    days_before: int
    percent: int = 0
    member_percent: int | None = None
    flat_cents: int | None = None

    def fee_cents(self, price_cents: int, *, member: bool) -> int:
        """The share of the price, never more than the price."""
        if self.flat_cents is not None:
            return min(self.flat_cents, price_cents)
        percent = self.percent
        if member and self.member_percent is not None:
            percent = self.member_percent
        return percent_of(price_cents, percent)


ALL_IS_DUE = Step(0, 100)


@dataclass(frozen=True, slots=True)
class Booked:
    """What a fee depends on, of a confirmed booking."""

    policy: Sequence[Step]
    starts_on: date
    price_cents: int
    member: bool
    free: bool = False


def fee_cents(booked: Booked, day: date) -> int:
    """What withdrawing on a calendar day (Europe/Berlin) costs, in cents.

    The step with the most days that are still left counts; later than all of them all is due.
    Without any step, or when the run was moved, nothing is.
    """
    steps = _steps(booked)
    if not steps:
        return 0
    left = (booked.starts_on - day).days
    step = next((step for step in steps if left >= step.days_before), ALL_IS_DUE)
    return step.fee_cents(booked.price_cents, member=booked.member)


def free_until_on(booked: Booked) -> date | None:
    """The last day on which withdrawing is free of charge; None when it never is."""
    last: date | None = None
    steps = _steps(booked)
    for step in steps and [*steps, ALL_IS_DUE]:
        if step.fee_cents(booked.price_cents, member=booked.member) > 0:
            return last
        last = booked.starts_on - timedelta(days=step.days_before)
    return booked.starts_on


def _steps(booked: Booked) -> list[Step]:
    steps = () if booked.free else booked.policy
    return sorted(steps, key=lambda step: -step.days_before)
