"""An enrolment: one person's way to a seat in a run."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from contracts.membership import EnrolmentPriced

from enrolment.domain.cancellation import Booked, Step, fee_cents, free_until_on
from enrolment.domain.deadlines import berlin_day
from enrolment.domain.run import Run


class State(StrEnum):
    """Where an enrolment stands."""

    REQUESTED = "requested"
    AWAITING_APPROVAL = "awaiting_approval"
    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ENDED = frozenset({State.REJECTED, State.CANCELLED, State.EXPIRED})
LIVE = frozenset(State) - ENDED
HOLDING = frozenset({State.REQUESTED, State.AWAITING_APPROVAL})
"""A seat is kept until `held_until`."""
OCCUPYING = HOLDING | {State.OFFERED, State.CONFIRMED}
"""A seat of the run is counted for it."""
PENDING = HOLDING | {State.OFFERED, State.WAITLISTED}
"""Not certain yet: it ends when the run starts."""
SETTLED = frozenset(State) - {State.REQUESTED, State.OFFERED}
"""The first answer is there: confirmed, in the line, before the approver, or ended."""

MOVES: dict[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.AWAITING_APPROVAL, State.CONFIRMED}) | ENDED,
    State.AWAITING_APPROVAL: frozenset({State.CONFIRMED}) | ENDED,
    State.CONFIRMED: frozenset({State.CANCELLED}),
    State.WAITLISTED: frozenset({State.OFFERED, State.CANCELLED, State.EXPIRED}),
    State.OFFERED: frozenset({State.REQUESTED, State.CANCELLED, State.EXPIRED}),
}
"""What may follow what. Ended ones stay as they are."""


class Claim(NamedTuple):
    """What can be held only once: by an organisation, for a person, in a run.

    Nobody knows here who belongs to which organisation. Without the organisation in it, a stranger
    could keep somebody from booking, and would learn whom others have booked.
    """

    run_id: UUID
    organisation_id: UUID
    person_ref: UUID


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One person's way to a seat. The names of the fields are those of the table.

    `binding_at` is the moment whose calendar day decides the price: of the request, or of the
    acceptance of an offered seat. Prices and policy are the run's at that time. `due_at` is the
    deadline of who has to act: `held_until` or `offered_until`, while it counts. From
    `approval_since` on the organisation could decide.
    """

    id: UUID
    run_id: UUID
    organisation_id: UUID
    person_ref: UUID
    state: State
    number: int
    requested_at: datetime
    binding_at: datetime
    standard_cents: int
    member_cents: int
    policy: tuple[Step, ...] = ()
    booked_by_ref: UUID | None = None
    bulk_id: UUID | None = None
    correlation_id: str | None = None
    needs_approval: bool = False
    cost_centre: str | None = None
    order_reference: str | None = None
    held_until: datetime | None = None
    offered_until: datetime | None = None
    due_at: datetime | None = None
    price_cents: int | None = None
    price_kind: str | None = None
    price_reason: dict[str, Any] | None = None
    saving_cents: int | None = None
    priced_for_on: date | None = None
    settled: bool = False
    rescheduled: bool = False
    approval_since: datetime | None = None
    confirmed_at: datetime | None = None
    decided_by_ref: UUID | None = None
    decision_reason: str | None = None
    ended_at: datetime | None = None
    ended_reason: str | None = None
    fee_cents: int | None = None
    reminded_at: datetime | None = None
    version: int = 1

    @property
    def claim(self) -> Claim:
        """What no second enrolment can hold while this one lives."""
        return Claim(self.run_id, self.organisation_id, self.person_ref)

    @property
    def binding_on(self) -> date:
        """The calendar day that decides the price (Europe/Berlin)."""
        return berlin_day(self.binding_at)

    @property
    def may_cost(self) -> bool:
        """Whether the organisation pays for it, or may yet: what has ended costs at most a fee."""
        return self.state in LIVE or bool(self.fee_cents)

    def is_priced_by(self, quote: EnrolmentPriced) -> bool:
        """Whether a price answers what is asked now: on the day that binds, from these prices.

        The answer to the request may come after the seat was accepted the same day, and the offer
        may have become dearer in between.
        """
        cents = self.member_cents if quote.price_kind == "member" else self.standard_cents
        saving = max(0, self.standard_cents - cents)
        asked = (self.binding_on, cents, saving)
        return (quote.priced_for_on, quote.price_cents, quote.saving_cents) == asked

    def fee_now(self, run: Run, now: datetime) -> int:
        """What withdrawing costs now, in cents. Only a certain seat costs anything."""
        if self.state is not State.CONFIRMED:
            return self.fee_cents or 0
        return fee_cents(self._booked(run), berlin_day(now))

    def free_until_on(self, run: Run) -> date | None:
        """The last day of withdrawing free of charge."""
        return free_until_on(self._booked(run))

    def _booked(self, run: Run) -> Booked:
        return Booked(
            policy=self.policy,
            starts_on=berlin_day(run.starts_at),
            price_cents=self.price_cents if self.price_cents is not None else self.standard_cents,
            member=self.price_kind == "member",
            free=self.rescheduled,
        )
