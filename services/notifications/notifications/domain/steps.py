"""Which events are settled steps, and what of them has to be told.

A step is settled when the person can rely on it or has to act on it. A seat that is only held or
given back, and a request whose price is open, are not told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.base import Event
from contracts.enrolment import (
    About,
    ApprovalReminded,
    ApprovalRequested,
    BulkSettled,
    EnrolmentCancelled,
    EnrolmentExpired,
    EnrolmentRejected,
    EnrolmentRescheduled,
    SeatConfirmed,
    SeatOffered,
    SeatWaitlisted,
)

CONFIRMED = "seat-confirmed"
WAITLISTED = "seat-waitlisted"
OFFERED = "seat-offered"
APPROVAL = "approval-requested"
REMINDED = "approval-reminded"
REJECTED = "enrolment-rejected"
CANCELLED = "enrolment-cancelled"
EXPIRED = "enrolment-expired"
RESCHEDULED = "enrolment-rescheduled"
BULK = "bulk-settled"

URGENT = frozenset({OFFERED})
"""What waits neither for the end of quiet hours nor for earlier mails: its deadline runs."""

FACTS: Mapping[str, tuple[str, ...]] = {
    CONFIRMED: ("price_cents", "price_kind", "saving_cents"),
    WAITLISTED: ("place",),
    OFFERED: ("offered_until",),
    APPROVAL: ("held_until", "price_cents"),
    REMINDED: ("held_until", "price_cents"),
    REJECTED: (),
    CANCELLED: ("reason", "fee_cents"),
    EXPIRED: ("reason",),
    RESCHEDULED: ("starts_at", "ends_at"),
    BULK: ("rows", "refused"),
}
"""What is kept of an event until its mail is written: amounts, times, codes, references."""


@dataclass(frozen=True, slots=True)
class Step:
    """A settled step of an enrolment, or a settled bulk booking.

    `sequence` grows along the steps of one enrolment; calendars order updates by it.
    """

    cause_id: UUID
    kind: str
    about_id: UUID
    run_id: UUID
    organisation_id: UUID
    at: datetime
    person_ref: UUID | None = None
    booked_by_ref: UUID | None = None
    bulk_id: UUID | None = None
    sequence: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str = ""
    traceparent: str | None = None


KIND_OF: Mapping[type[Event], str] = {
    SeatConfirmed: CONFIRMED,
    SeatWaitlisted: WAITLISTED,
    SeatOffered: OFFERED,
    ApprovalRequested: APPROVAL,
    ApprovalReminded: REMINDED,
    EnrolmentRejected: REJECTED,
    EnrolmentCancelled: CANCELLED,
    EnrolmentExpired: EXPIRED,
    EnrolmentRescheduled: RESCHEDULED,
    BulkSettled: BULK,
}
"""The kind of notice that an event leads to; what is not here is told to nobody."""


def sequence_of(event: Event) -> int:
    """The version of the enrolment, or else the time in seconds: both only grow (RFC 5545)."""
    version = event.version
    return version if version is not None else int(event.meta.time.timestamp())


def step_of(event: Event) -> Step | None:
    """The step that a received event tells, if it is a settled one."""
    kind = KIND_OF.get(type(event))
    if kind is None:
        return None
    meta = event.meta
    facts = event.model_dump(mode="json", include=set(FACTS[kind]), exclude_none=True)
    match event:
        case About():
            about, person, bulk = event.enrolment_id, event.person_ref, event.bulk_id
        case BulkSettled():
            about, person, bulk = event.bulk_id, None, event.bulk_id
        case _:  # pragma: no cover - KIND_OF names only the two
            return None
    return Step(
        cause_id=meta.id,
        kind=kind,
        about_id=about,
        run_id=event.run_id,
        organisation_id=event.organisation_id,
        at=meta.time,
        person_ref=person,
        booked_by_ref=event.booked_by_ref,
        bulk_id=bulk,
        sequence=sequence_of(event),
        facts=facts,
        correlation_id=meta.correlation_id,
        traceparent=meta.traceparent,
    )
