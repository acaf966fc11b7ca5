"""What notifications knows of runs and of bookings, as others told it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from notifications.domain.announcer import Notice
from notifications.domain.person import Person


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a course, as the catalogue last told it. `told_at`: when it did."""

    run_id: UUID
    offer_id: UUID
    title: str
    format: str
    starts_at: datetime
    ends_at: datetime
    location: str | None
    standard_cents: int
    member_cents: int
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Booking:
    """An enrolment: where it stands, and why it costs what it costs (once that was heard)."""

    enrolment_id: UUID
    run_id: UUID | None = None
    person_ref: UUID | None = None
    state: str | None = None
    was_confirmed: bool = False
    sequence: int = 0
    price_cents: int | None = None
    saving_cents: int = 0
    price_kind: str | None = None
    reason: str | None = None
    member_since_on: date | None = None
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """A notice with all that its words need. What is unknown (yet, or erased) is None."""

    notice: Notice
    recipient: Person | None = None
    person: Person | None = None
    run: Run | None = None
    booking: Booking | None = None
    people: Mapping[UUID, Person] = field(default_factory=dict)
    """The people of a bulk booking."""
