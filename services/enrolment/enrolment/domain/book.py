"""The book: runs and enrolments that were loaded, and the only moves that change them.

It keeps three promises, whoever decides: a seat is counted once, the line is served in order, and
everything that changes is told, with the version that it makes.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from contracts.base import Cause, Event

from enrolment.domain import telling
from enrolment.domain.deadlines import after_office_hours
from enrolment.domain.enrolment import (
    HOLDING,
    MOVES,
    OCCUPYING,
    SETTLED,
    Claim,
    Enrolment,
    State,
)
from enrolment.domain.house import HouseRules
from enrolment.domain.run import Run


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is decided, and why."""

    now: datetime
    cause: Cause | None = None


class Book:
    """What was loaded, what changed, and what is to be told.

    Of a line only the first ones are loaded: as many as seats can become free by what is decided
    on this book. `settled` counts, per bulk booking, the rows that got their first answer, and
    `because` keeps what the last of them came from.
    """

    def __init__(
        self,
        runs: Iterable[Run] = (),
        enrolments: Iterable[Enrolment] = (),
        houses: Mapping[UUID, HouseRules] | None = None,
    ) -> None:
        self.runs = {run.id: run for run in runs}
        self.enrolments = {enrolment.id: enrolment for enrolment in enrolments}
        self.houses = dict(houses or {})
        self.events: list[Event] = []
        self.settled: Counter[UUID] = Counter()
        self.because: dict[UUID, Moment] = {}
        self._changed_runs: dict[UUID, None] = {}
        self._changed_enrolments: dict[UUID, None] = {}
        self._lines: dict[UUID, list[tuple[int, UUID]]] = {}
        self._claims: dict[Claim, UUID] = {}
        for enrolment in self.enrolments.values():
            if enrolment.state in MOVES:
                self._claims[enrolment.claim] = enrolment.id
            if enrolment.state is State.WAITLISTED:
                self._lines.setdefault(enrolment.run_id, []).append(
                    (enrolment.number, enrolment.id)
                )
        for line in self._lines.values():
            heapq.heapify(line)

    @property
    def changed_runs(self) -> list[Run]:
        """Runs to be saved."""
        return [self.runs[id_] for id_ in self._changed_runs]

    @property
    def changed_enrolments(self) -> list[Enrolment]:
        """Enrolments to be saved, new ones among them."""
        return [self.enrolments[id_] for id_ in self._changed_enrolments]

    def house(self, organisation_id: UUID) -> HouseRules:
        """The rules of an organisation; the default where it set none."""
        return self.houses.get(organisation_id, HouseRules())

    def live(self, claim: Claim) -> Enrolment | None:
        """The live enrolment that an organisation has of a person in a run."""
        known = self._claims.get(claim)
        return None if known is None else self.enrolments[known]

    def live_of(self, run_id: UUID) -> list[Enrolment]:
        """The loaded live enrolments of a run, in order of acceptance."""
        found = [e for e in self.enrolments.values() if e.run_id == run_id and e.state in MOVES]
        return sorted(found, key=lambda enrolment: enrolment.number)

    def put_run(self, run: Run) -> Run:
        """Remember a run as it is now."""
        self.runs[run.id] = run
        self._changed_runs[run.id] = None
        return run

    def keep(self, enrolment: Enrolment) -> Enrolment:
        """Remember something about an enrolment that nobody is told of."""
        self.enrolments[enrolment.id] = enrolment
        self._changed_enrolments[enrolment.id] = None
        return enrolment

    def refuse_rows(self, bulk_id: UUID, count: int, at: Moment) -> None:
        """So many rows of a long list have their first answer, and it is no."""
        if count:
            self.settled[bulk_id] += count
            self.because[bulk_id] = at

    def admit(self, enrolment: Enrolment, at: Moment) -> Enrolment:
        """Hold a seat for a newcomer, or give the end of the line."""
        run = self.runs[enrolment.run_id].numbered()
        seated = run.has_seat_for_newcomer
        run = self.put_run(run.occupied() if seated else run.joined())
        enrolment = self._put(replace(enrolment, due_at=enrolment.held_until), at)
        self._claims[enrolment.claim] = enrolment.id
        if not seated:
            line = self._lines.setdefault(run.id, [])
            heapq.heappush(line, (enrolment.number, enrolment.id))
        where: Event = (telling.held if seated else telling.waitlisted)(run, enrolment)
        self._tell(enrolment, at, telling.requested(run, enrolment), where)
        return enrolment

    def confirm(self, enrolment: Enrolment, at: Moment) -> Enrolment:
        """The held seat becomes certain, at the price that is known."""
        run = self.put_run(self.runs[enrolment.run_id].confirmed())
        enrolment = self._move(enrolment, State.CONFIRMED, at, confirmed_at=at.now)
        self._tell(enrolment, at, telling.confirmed(run, enrolment))
        return enrolment

    def remind(self, enrolment: Enrolment, by_ref: UUID, at: Moment) -> Enrolment:
        """Those who decide are asked once more."""
        enrolment = replace(enrolment, reminded_at=at.now, version=enrolment.version + 1)
        self.keep(enrolment)
        self._tell(enrolment, at, telling.approval_reminded(enrolment, by_ref, at.now))
        return enrolment

    def ask_approval(self, enrolment: Enrolment, at: Moment) -> Enrolment:
        """The organisation is asked to decide."""
        enrolment = self._move(
            enrolment,
            State.AWAITING_APPROVAL,
            at,
            due_at=enrolment.held_until,
            approval_since=at.now,
        )
        self._tell(enrolment, at, telling.approval_requested(enrolment, at.now))
        return enrolment

    def accept(self, enrolment: Enrolment, held_until: datetime, at: Moment) -> Enrolment:
        """The offered seat is wanted; its price is asked for anew, by today's membership."""
        run = self.put_run(self.runs[enrolment.run_id].touched())
        enrolment = self._move(
            enrolment,
            State.REQUESTED,
            at,
            held_until=held_until,
            due_at=held_until,
            binding_at=at.now,
        )
        self._tell(enrolment, at, telling.accepted(run, enrolment))
        return enrolment

    def reschedule(self, enrolment: Enrolment, at: Moment) -> Enrolment:
        """The run moved: withdrawing is free from now on."""
        run = self.runs[enrolment.run_id]
        enrolment = replace(enrolment, rescheduled=True, version=enrolment.version + 1)
        if enrolment.state in HOLDING and not enrolment.needs_approval:
            enrolment = replace(enrolment, held_until=run.begins_at, due_at=run.begins_at)
        self._put(enrolment, at)
        self._tell(enrolment, at, telling.rescheduled(run, enrolment, at.now))
        return enrolment

    def end(
        self, enrolment: Enrolment, state: State, reason: str, at: Moment, fee_cents: int = 0
    ) -> Enrolment:
        """It ends; its seat goes to the next in line, its place in the line is free."""
        run = self.runs[enrolment.run_id]
        if enrolment.state in OCCUPYING:
            run = run.released(confirmed=enrolment.state is State.CONFIRMED)
        else:
            run = run.left()
        self.put_run(run)
        enrolment = self._move(
            enrolment, state, at, ended_at=at.now, ended_reason=reason, fee_cents=fee_cents
        )
        del self._claims[enrolment.claim]
        self._tell(enrolment, at, telling.ended(enrolment), telling.released(run, enrolment))
        self.offer_free_seats(run.id, at)
        return enrolment

    def offer_free_seats(self, run_id: UUID, at: Moment) -> None:
        """Offer every free seat to the first in line; never two offers for one seat."""
        while self.runs[run_id].can_offer(at.now):
            self._offer(self._first_in_line(run_id), at)

    def _offer(self, enrolment: Enrolment, at: Moment) -> None:
        run = self.put_run(self.runs[enrolment.run_id].offered())
        house = self.house(enrolment.organisation_id)
        end = min(after_office_hours(at.now, house.hold_hours, house.land), run.last_call)
        enrolment = self._move(
            enrolment,
            State.OFFERED,
            at,
            offered_until=end,
            due_at=end,
            standard_cents=run.standard_cents,
            member_cents=run.member_cents,
            policy=run.policy,
        )
        self._tell(enrolment, at, telling.offered(run, enrolment, at.now))

    def _first_in_line(self, run_id: UUID) -> Enrolment:
        line = self._lines.get(run_id, [])
        while line:
            enrolment = self.enrolments[line[0][1]]
            if enrolment.state is State.WAITLISTED:
                return enrolment
            heapq.heappop(line)
        raise LookupError("too little of the line was loaded")

    def _move(self, enrolment: Enrolment, state: State, at: Moment, **changes: object) -> Enrolment:
        if state not in MOVES.get(enrolment.state, ()):
            raise ValueError(f"{enrolment.state} cannot become {state}")
        changes = {"due_at": None, **changes, "state": state, "version": enrolment.version + 1}
        return self._put(replace(enrolment, **changes), at)  # type: ignore[arg-type]

    def _put(self, enrolment: Enrolment, at: Moment) -> Enrolment:
        if enrolment.state in SETTLED and not enrolment.settled:
            enrolment = replace(enrolment, settled=True)
            if enrolment.bulk_id is not None:
                self.settled[enrolment.bulk_id] += 1
                self.because[enrolment.bulk_id] = at
        return self.keep(enrolment)

    def _tell(self, enrolment: Enrolment, at: Moment, *events: Event) -> None:
        cause = at.cause or Cause(enrolment.correlation_id or str(enrolment.id))
        self.events += [event.because(cause, enrolment.version) for event in events]
