"""What enrolment tells: the life of a request, and what happens to seats.

Persons are random references. Free text (a reason for a refusal, say) never leaves the service.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.base import Code, Event, Instant, Part
from contracts.money import Cents
from contracts.topics import ENROLMENTS, SEATS

Place = Annotated[int, Field(strict=True, ge=1)]
PriceKind = Literal["member", "standard"]


class SeatsNow(Part):
    """The seats of the run after this event. The highest `version` of a run is the newest.

    `taken` counts every occupied seat: held, offered and confirmed; `held` those of them that are
    not confirmed.
    """

    capacity: int
    taken: int
    held: int
    waiting: int
    version: int


class About(Part):
    """Whom and what an event of an enrolment is about."""

    enrolment_id: UUID
    run_id: UUID
    organisation_id: UUID
    person_ref: UUID
    booked_by_ref: UUID | None = None
    bulk_id: UUID | None = None


class EnrolmentRequested(
    About, Event, type="enrolment.enrolment-requested.v1", topic=ENROLMENTS, key="enrolment_id"
):
    """Somebody asked for a seat; the price is open."""

    offer_id: UUID
    requested_at: Instant
    standard_cents: Cents
    member_cents: Cents


class ApprovalRequested(
    About, Event, type="enrolment.approval-requested.v1", topic=ENROLMENTS, key="enrolment_id"
):
    """Price and seat are there; a coordinator or approver of the organisation decides."""

    held_until: Instant
    price_cents: Cents
    requested_at: Instant


class ApprovalReminded(
    About, Event, type="enrolment.approval-reminded.v1", topic=ENROLMENTS, key="enrolment_id"
):
    """Somebody asks those who decide not to forget it: the seat is kept until `held_until`."""

    reminded_by_ref: UUID
    held_until: Instant
    price_cents: Cents
    reminded_at: Instant


class EnrolmentRejected(
    About, Event, type="enrolment.enrolment-rejected.v1", topic=ENROLMENTS, key="enrolment_id"
):
    """The organisation decided against it. The reason in words stays in the service."""

    decided_by_ref: UUID
    rejected_at: Instant


class EnrolmentCancelled(
    About, Event, type="enrolment.enrolment-cancelled.v1", topic=ENROLMENTS, key="enrolment_id"
):
    """It was called off: `by-person`, `by-coordinator` or `run-cancelled`."""

    reason: Code
    fee_cents: Cents = 0
    cancelled_at: Instant


class EnrolmentExpired(
    About, Event, type="enrolment.enrolment-expired.v1", topic=ENROLMENTS, key="enrolment_id"
):
    """Its time ran out.

    `reason`: `hold-expired`, `offer-expired`, `offer-declined`, `run-started`, or
    `offer-withdrawn` (the line of a run that takes no more bookings ends).
    """

    reason: Code
    expired_at: Instant


class EnrolmentRescheduled(
    About, Event, type="enrolment.enrolment-rescheduled.v1", topic=ENROLMENTS, key="enrolment_id"
):
    """The run of a live enrolment moved; withdrawing is free of charge from now on."""

    starts_at: Instant
    ends_at: Instant
    rescheduled_at: Instant


class BulkRow(Part):
    """How one row of a bulk booking ended."""

    enrolment_id: UUID
    person_ref: UUID
    state: Code
    place: Place | None = None
    price_cents: Cents | None = None


class BulkSettled(Event, type="enrolment.bulk-settled.v1", topic=ENROLMENTS, key="bulk_id"):
    """Every row of a bulk booking has its first answer: confirmed, in the line, or ended.

    `rows` are those that were accepted. `refused`: how many rows of a long list, which is booked in
    parts, were not; whoever sent a short one has read that in the answer.
    """

    bulk_id: UUID
    run_id: UUID
    organisation_id: UUID
    booked_by_ref: UUID
    rows: list[BulkRow]
    refused: Annotated[int, Field(strict=True, ge=0)] = 0
    settled_at: Instant


class SeatEvent(About):
    """What every seat event tells."""

    seats: SeatsNow | None = None


class SeatHeld(SeatEvent, Event, type="enrolment.seat-held.v1", topic=SEATS, key="enrolment_id"):
    """A seat is kept for the person until `held_until`."""

    held_until: Instant
    held_at: Instant


class SeatConfirmed(
    SeatEvent, Event, type="enrolment.seat-confirmed.v1", topic=SEATS, key="enrolment_id"
):
    """The seat is certain, at a price that does not change any more."""

    price_cents: Cents
    price_kind: PriceKind
    saving_cents: Cents = 0
    confirmed_at: Instant


class SeatWaitlisted(
    SeatEvent, Event, type="enrolment.seat-waitlisted.v1", topic=SEATS, key="enrolment_id"
):
    """All seats are taken; the person stands in the line at `place` (from 1)."""

    place: Place
    waitlisted_at: Instant


class SeatOffered(
    SeatEvent, Event, type="enrolment.seat-offered.v1", topic=SEATS, key="enrolment_id"
):
    """A freed seat is kept for the first in line until `offered_until`; nothing is booked yet."""

    offered_until: Instant
    offered_at: Instant


class SeatAccepted(
    SeatEvent, Event, type="enrolment.seat-accepted.v1", topic=SEATS, key="enrolment_id"
):
    """An offered seat was accepted: the booking becomes binding, the price is asked for anew."""

    offer_id: UUID
    accepted_at: Instant
    held_until: Instant
    standard_cents: Cents
    member_cents: Cents


class SeatReleased(
    SeatEvent, Event, type="enrolment.seat-released.v1", topic=SEATS, key="enrolment_id"
):
    """The seat or the place in the line is free again."""

    reason: Code
    released_at: Instant
