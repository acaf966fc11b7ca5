"""Prices of bookings: the hot path of this service."""

from collections.abc import Collection, Sequence
from uuid import UUID

from chassis.database import Transaction
from contracts.base import Event
from contracts.enrolment import (
    EnrolmentCancelled,
    EnrolmentExpired,
    EnrolmentRejected,
    EnrolmentRequested,
    SeatAccepted,
    SeatReleased,
)
from prometheus_client import Gauge

from membership.domain.pricing import Booking, price
from membership.store import quotes

OVER = (EnrolmentRejected, EnrolmentCancelled, EnrolmentExpired, SeatReleased)
"""What ends a booking. Nothing of the same topic comes after it."""

PENDING = Gauge("kc_pending_quotes", "Bookings that wait for an organisation", ["service"])
PENDING_AGE = Gauge("kc_pending_quotes_age_seconds", "Age of the oldest of them", ["service"])


async def hear_bookings(tx: Transaction, events: Sequence[Event]) -> None:
    """Price what became binding: an enrolment that was asked for, an offered seat accepted.

    A booking that is over needs no price any more, also when its end comes in the same batch.
    """
    over = {event.enrolment_id for event in events if isinstance(event, OVER)}
    if over:
        await quotes.forget(tx, over)
    bookings = [booking for event in events if (booking := _booking(event)) is not None]
    if not bookings:
        return
    known = await quotes.terms(tx, {b.organisation_id for b in bookings})
    unknown = {b.organisation_id for b in bookings if b.organisation_id not in known}
    if unknown:
        # No guess for an organisation that is not registered: it may be a member tomorrow.
        await quotes.shut_registration(tx)
        known |= await quotes.terms(tx, unknown)
        unpriced = [b for b in bookings if b.organisation_id not in known]
        if waiting := [b for b in unpriced if b.enrolment_id not in over]:
            await quotes.set_aside(tx, waiting)
    await tx.emit(
        *(price(b, known[b.organisation_id]) for b in bookings if b.organisation_id in known)
    )


async def price_pending(tx: Transaction, ids: Collection[UUID]) -> None:
    """Price what waited for organisations that were just registered, by the rule for its day."""
    waiting = await quotes.take_up(tx, ids)
    if waiting:
        known = await quotes.terms(tx, ids)
        await tx.emit(*(price(booking, known[booking.organisation_id]) for booking in waiting))


async def count_pending(tx: Transaction) -> int:
    """Show how many prices wait. It handles no row, so a timer runs it once."""
    pending, oldest = await quotes.pending(tx)
    PENDING.labels("membership").set(pending)
    age = (tx.now - oldest).total_seconds() if oldest else 0.0
    PENDING_AGE.labels("membership").set(age)
    return 0


def _booking(event: Event) -> Booking | None:
    match event:
        case EnrolmentRequested(requested_at=asked_at) | SeatAccepted(accepted_at=asked_at):
            return Booking(
                event_id=event.meta.id,
                enrolment_id=event.enrolment_id,
                organisation_id=event.organisation_id,
                asked_at=asked_at,
                standard_cents=event.standard_cents,
                member_cents=event.member_cents,
                cause=event.cause,
            )
    return None
