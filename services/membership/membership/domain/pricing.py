"""The price rule: by the membership on the calendar day of the binding booking.

The day is that of Europe/Berlin. Joining on the next day changes nothing, and on the day after the
last one the price changes without anybody acting (domain pages 1 and 2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.base import Cause
from contracts.membership import EnrolmentPriced, PriceReason

from membership.domain.calendar import berlin_day


@dataclass(frozen=True, slots=True)
class Term:
    """A time of membership, both days included; `ends_on` is None while no end is known."""

    member_since_on: date
    ends_on: date | None
    tier: int


@dataclass(frozen=True, slots=True)
class Booking:
    """A binding booking that asks for its price. `event_id` is the event that asked."""

    event_id: UUID
    enrolment_id: UUID
    organisation_id: UUID
    asked_at: datetime
    standard_cents: int
    member_cents: int
    cause: Cause | None


def price(booking: Booking, terms: Sequence[Term]) -> EnrolmentPriced:
    """The price of a booking, with its reason and what the membership saves."""
    day = berlin_day(booking.asked_at)
    reason = why(day, terms)
    member = reason.code == "member-on-day"
    saving = max(0, booking.standard_cents - booking.member_cents) if member else 0
    return EnrolmentPriced(
        enrolment_id=booking.enrolment_id,
        organisation_id=booking.organisation_id,
        price_cents=booking.member_cents if member else booking.standard_cents,
        price_kind="member" if member else "standard",
        reason=reason,
        priced_for_on=day,
        saving_cents=saving,
    ).because(booking.cause)


def why(day: date, terms: Sequence[Term]) -> PriceReason:
    """Whether the organisation is a member on that day, and if not, why not."""
    for term in terms:
        if term.member_since_on <= day and (term.ends_on is None or day <= term.ends_on):
            return PriceReason(
                code="member-on-day", member_since_on=term.member_since_on, tier=term.tier
            )
    if over := _last_ended(day, terms):
        return PriceReason(
            code="membership-ended", member_since_on=over.member_since_on, ended_on=over.ends_on
        )
    if terms:
        first = min(term.member_since_on for term in terms)
        return PriceReason(code="membership-not-yet-begun", member_since_on=first)
    return PriceReason(code="not-a-member")


def _last_ended(day: date, terms: Iterable[Term]) -> Term | None:
    over = [term for term in terms if term.ends_on is not None and term.ends_on < day]
    return max(over, key=lambda term: term.member_since_on, default=None)
