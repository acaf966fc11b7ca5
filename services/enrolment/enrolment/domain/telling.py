"""The words of the domain as events: what others are told of an enrolment and its seat."""

from datetime import datetime
from typing import TypedDict, TypeVar, cast
from uuid import UUID

from contracts import enrolment as told
from contracts.enrolment import PriceKind

from enrolment.domain.enrolment import Enrolment, State
from enrolment.domain.run import Run

Known = TypeVar("Known")


class _About(TypedDict):
    enrolment_id: UUID
    run_id: UUID
    organisation_id: UUID
    person_ref: UUID
    booked_by_ref: UUID | None
    bulk_id: UUID | None


def _about(enrolment: Enrolment) -> _About:
    return {
        "enrolment_id": enrolment.id,
        "run_id": enrolment.run_id,
        "organisation_id": enrolment.organisation_id,
        "person_ref": enrolment.person_ref,
        "booked_by_ref": enrolment.booked_by_ref,
        "bulk_id": enrolment.bulk_id,
    }


def _known(value: Known | None) -> Known:
    if value is None:
        raise LookupError("told before it was decided")
    return value


def requested(run: Run, enrolment: Enrolment) -> told.EnrolmentRequested:
    """Somebody asked for a seat."""
    return told.EnrolmentRequested(
        **_about(enrolment),
        offer_id=run.offer_id,
        requested_at=enrolment.requested_at,
        standard_cents=enrolment.standard_cents,
        member_cents=enrolment.member_cents,
    )


def held(run: Run, enrolment: Enrolment) -> told.SeatHeld:
    """A seat is kept."""
    return told.SeatHeld(
        **_about(enrolment),
        seats=run.seats,
        held_until=_known(enrolment.held_until),
        held_at=enrolment.requested_at,
    )


def waitlisted(run: Run, enrolment: Enrolment) -> told.SeatWaitlisted:
    """The person stands at the end of the line."""
    return told.SeatWaitlisted(
        **_about(enrolment),
        seats=run.seats,
        place=run.waiting,
        waitlisted_at=enrolment.requested_at,
    )


def offered(run: Run, enrolment: Enrolment, now: datetime) -> told.SeatOffered:
    """The first in line may have a seat."""
    return told.SeatOffered(
        **_about(enrolment),
        seats=run.seats,
        offered_until=_known(enrolment.offered_until),
        offered_at=now,
    )


def accepted(run: Run, enrolment: Enrolment) -> told.SeatAccepted:
    """An offered seat was accepted."""
    return told.SeatAccepted(
        **_about(enrolment),
        seats=run.seats,
        offer_id=run.offer_id,
        accepted_at=enrolment.binding_at,
        held_until=_known(enrolment.held_until),
        standard_cents=enrolment.standard_cents,
        member_cents=enrolment.member_cents,
    )


def approval_requested(enrolment: Enrolment, now: datetime) -> told.ApprovalRequested:
    """The organisation has to decide."""
    return told.ApprovalRequested(
        **_about(enrolment),
        held_until=_known(enrolment.held_until),
        price_cents=_known(enrolment.price_cents),
        requested_at=now,
    )


def approval_reminded(
    enrolment: Enrolment, reminded_by_ref: UUID, now: datetime
) -> told.ApprovalReminded:
    """The organisation is asked once more to decide."""
    return told.ApprovalReminded(
        **_about(enrolment),
        reminded_by_ref=reminded_by_ref,
        held_until=_known(enrolment.held_until),
        price_cents=_known(enrolment.price_cents),
        reminded_at=now,
    )


def confirmed(run: Run, enrolment: Enrolment) -> told.SeatConfirmed:
    """The seat is certain."""
    return told.SeatConfirmed(
        **_about(enrolment),
        seats=run.seats,
        price_cents=_known(enrolment.price_cents),
        price_kind=cast("PriceKind", _known(enrolment.price_kind)),
        saving_cents=enrolment.saving_cents or 0,
        confirmed_at=_known(enrolment.confirmed_at),
    )


def ended(
    enrolment: Enrolment,
) -> told.EnrolmentRejected | told.EnrolmentCancelled | told.EnrolmentExpired:
    """It is over, in one of three ways."""
    at = _known(enrolment.ended_at)
    if enrolment.state is State.REJECTED:
        decider = _known(enrolment.decided_by_ref)
        return told.EnrolmentRejected(**_about(enrolment), decided_by_ref=decider, rejected_at=at)
    reason = _known(enrolment.ended_reason)
    if enrolment.state is State.EXPIRED:
        return told.EnrolmentExpired(**_about(enrolment), reason=reason, expired_at=at)
    fee = enrolment.fee_cents or 0
    return told.EnrolmentCancelled(
        **_about(enrolment), reason=reason, fee_cents=fee, cancelled_at=at
    )


def released(run: Run, enrolment: Enrolment) -> told.SeatReleased:
    """The seat or the place in the line is free again."""
    return told.SeatReleased(
        **_about(enrolment),
        seats=run.seats,
        reason=_known(enrolment.ended_reason),
        released_at=_known(enrolment.ended_at),
    )


def rescheduled(run: Run, enrolment: Enrolment, now: datetime) -> told.EnrolmentRescheduled:
    """The run moved."""
    return told.EnrolmentRescheduled(
        **_about(enrolment),
        starts_at=run.starts_at,
        ends_at=run.ends_at,
        rescheduled_at=now,
    )
