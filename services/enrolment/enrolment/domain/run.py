"""A run and its seats."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from contracts.enrolment import SeatsNow
from contracts.refusal import Refusal

from enrolment.domain import refusals
from enrolment.domain.cancellation import Step


class RunState(StrEnum):
    """What the provider says about a run."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Run:
    """A run that can be booked, with its seats.

    `taken` counts every occupied seat, `held` those of them that are not confirmed (held or
    offered), `waiting` who stands in the line. `ceiling` is the capacity, or more when the provider
    lowered it below what was taken; then it falls with every release. `version` grows with every
    change of seats; `told_version` is the newest that the catalogue told. `on_demand`: everybody
    learns at another time, so it can be booked after its start.
    """

    id: UUID
    offer_id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    location: str | None
    closes_at: datetime
    capacity: int
    standard_cents: int
    member_cents: int
    policy: tuple[Step, ...] = ()
    state: RunState = RunState.OPEN
    told_version: int = 0
    ceiling: int = 0
    taken: int = 0
    held: int = 0
    waiting: int = 0
    next_number: int = 1
    version: int = 0
    begun: bool = False
    on_demand: bool = False

    def why_closed(self, now: datetime) -> Refusal | None:
        """Why nobody can book it, or None."""
        if self.state is RunState.CANCELLED:
            return refusals.RUN_CANCELLED.refuse("/run_id")
        if self.state is RunState.WITHDRAWN:
            return refusals.RUN_WITHDRAWN.refuse("/run_id")
        if now >= self.last_call:
            return refusals.BOOKING_CLOSED.refuse("/run_id", closes_at=self.last_call)
        return None

    @property
    def last_call(self) -> datetime:
        """When booking ends: never later than the point of no return."""
        return min(self.closes_at, self.begins_at)

    @property
    def begins_at(self) -> datetime:
        """The point of no return: the start; of what is learned on demand the end."""
        return self.ends_at if self.on_demand else self.starts_at

    @property
    def free(self) -> int:
        """Seats that nobody occupies."""
        return max(0, self.capacity - self.taken)

    @property
    def has_seat_for_newcomer(self) -> bool:
        """A seat is free and nobody waits for it: who comes now overtakes nobody."""
        return self.free > 0 and self.waiting == 0

    def can_offer(self, now: datetime) -> bool:
        """Somebody waits, and there is a seat to offer."""
        return self.waiting > 0 and self.free > 0 and self.why_closed(now) is None

    def occupied(self) -> Self:
        """A seat was taken and is not confirmed yet."""
        return self._next(taken=self.taken + 1, held=self.held + 1)

    def numbered(self) -> Self:
        """A number of the line was given."""
        return replace(self, next_number=self.next_number + 1)

    def joined(self) -> Self:
        """Somebody joined the line."""
        return self._next(waiting=self.waiting + 1)

    def left(self) -> Self:
        """Somebody left the line."""
        return self._next(waiting=self.waiting - 1)

    def offered(self) -> Self:
        """The first in line was offered a seat."""
        return self._next(taken=self.taken + 1, held=self.held + 1, waiting=self.waiting - 1)

    def confirmed(self) -> Self:
        """A held seat became certain."""
        return self._next(held=self.held - 1)

    def touched(self) -> Self:
        """Something about a seat is told, no number changes."""
        return self._next()

    def released(self, *, confirmed: bool) -> Self:
        """A seat became free; a ceiling above the capacity comes down with it."""
        taken = self.taken - 1
        held = self.held if confirmed else self.held - 1
        return self._next(taken=taken, held=held, ceiling=max(self.capacity, taken))

    def with_capacity(self, capacity: int) -> Self:
        """The provider changed the capacity. Who has a seat keeps it."""
        return self._next(capacity=capacity, ceiling=max(capacity, self.taken))

    def _next(self, **changes: int) -> Self:
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]

    @property
    def seats(self) -> SeatsNow:
        """The seats as others are told."""
        return SeatsNow(
            capacity=self.capacity,
            taken=self.taken,
            held=self.held,
            waiting=self.waiting,
            version=self.version,
        )
