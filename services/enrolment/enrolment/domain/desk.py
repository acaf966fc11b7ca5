"""The booking desk: what people and prices decide about enrolments. Rules: domain pages 5 and 6."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from contracts.membership import EnrolmentPriced
from contracts.refusal import Refusal

from enrolment.commands import (
    AcceptSeat,
    BookBulk,
    CancelEnrolment,
    ChangeAccounting,
    DecideRequest,
    DeclineSeat,
    RemindApprovers,
    RequestEnrolment,
)
from enrolment.domain import access, refusals
from enrolment.domain.book import Book, Moment
from enrolment.domain.deadlines import after_office_hours
from enrolment.domain.enrolment import ENDED, Enrolment, State
from enrolment.domain.run import Run

AT_ONCE = 100
"""How many people of a list are booked in one step; a longer list is booked in parts."""
MOST_ROWS = 2000
"""How many people a list can hold (docs of `POST enrolments/bulk`)."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a bulk booking."""

    index: int
    answer: Enrolment | Refusal
    place: int | None = None


class Desk:
    """Decides one thing after another, in order of arrival, on a book that was opened.

    A refusal changes nothing.
    """

    def __init__(self, book: Book) -> None:
        self.book = book

    def request(self, command: RequestEnrolment, now: datetime) -> Enrolment | Refusal:
        """Hold a seat, or give the next place in the line."""
        who = command.who
        if who.organisation_id is None:
            return refusals.NO_ORGANISATION.refuse()
        if not who.coordinator and command.person_ref != who.person_ref:
            return refusals.ONLY_FOR_ONESELF.refuse("/person_ref")
        if refusal := self._why_not(command, now):
            return refusal
        return self._admit(command, None, Moment(now, command.cause))

    def book_bulk(self, command: BookBulk, now: datetime) -> list[RowResult] | Refusal:
        """Book one row after the other; with `all_or_nothing` only if everybody gets a seat."""
        if refusal := self.why_no_list(command, now):
            return refusal
        wishes = command.wishes
        whys = self._why_not_rows(command, wishes, now)
        run = self.book.runs[command.run_id]
        if command.all_or_nothing and (refusal := _why_not_all(run, whys)):
            return refusal
        at = Moment(now, command.cause)
        return [
            self._book_row(i, wish, why, command.bulk_id, at)
            for i, (wish, why) in enumerate(zip(wishes, whys, strict=True))
        ]

    def book_part(self, command: BookBulk, now: datetime) -> list[RowResult] | Refusal:
        """Book the next rows of a long list. A row that is refused has its first answer, too."""
        answer = self.book_bulk(command, now)
        rows = [] if isinstance(answer, Refusal) else answer
        booked = sum(isinstance(row.answer, Enrolment) for row in rows)
        self.book.refuse_rows(
            command.bulk_id, len(command.rows) - booked, Moment(now, command.cause)
        )
        return answer

    def why_no_list(self, command: BookBulk, now: datetime) -> Refusal | None:
        """Why nobody of the list can be booked, whoever it is."""
        if command.who.organisation_id is None:
            return refusals.NO_ORGANISATION.refuse()
        if len(command.rows) > MOST_ROWS:
            return refusals.TOO_MANY_ROWS.refuse("/people", limit=MOST_ROWS)
        run = self.book.runs.get(command.run_id)
        if run is None:
            return refusals.RUN_UNKNOWN.refuse("/run_id")
        return run.why_closed(now)

    def accept(self, command: AcceptSeat, now: datetime) -> Enrolment | Refusal:
        """Take the offered seat: binding from now on, at the price of today's membership."""
        enrolment = access.offered_to(self.book, command.enrolment_id, command.who, now)
        if isinstance(enrolment, Refusal):
            return enrolment
        if command.who.coordinator:
            enrolment = replace(enrolment, needs_approval=False)
        run = self.book.runs[enrolment.run_id]
        end = self._hold_end(run, enrolment.organisation_id, enrolment.needs_approval, now)
        return self.book.accept(enrolment, end, Moment(now, command.cause))

    def decline(self, command: DeclineSeat, now: datetime) -> Enrolment | Refusal:
        """Pass the offered seat on."""
        enrolment = access.offered_to(self.book, command.enrolment_id, command.who, now)
        if isinstance(enrolment, Refusal):
            return enrolment
        at = Moment(now, command.cause)
        return self.book.end(enrolment, State.EXPIRED, "offer-declined", at)

    def decide(self, command: DecideRequest, now: datetime) -> Enrolment | Refusal:
        """A coordinator or approver decides on a request; a rejection needs a reason."""
        who = command.who
        enrolment = access.visible(self.book, command.enrolment_id, who)
        if isinstance(enrolment, Refusal):
            return enrolment
        if refusal := access.why_not_decider(enrolment, who):
            return refusal
        if command.decision == "reject" and not (command.reason or "").strip():
            return refusals.REASON_MISSING.refuse("/reason")
        if refusal := access.why_not_decidable(enrolment, now):
            return refusal
        decided = replace(enrolment, decided_by_ref=who.person_ref, decision_reason=command.reason)
        at = Moment(now, command.cause)
        if command.decision == "approve":
            return self.book.confirm(decided, at)
        return self.book.end(decided, State.REJECTED, "rejected", at)

    def remind(self, command: RemindApprovers, now: datetime) -> Enrolment | Refusal:
        """Ask those who decide once more, at most once a day."""
        enrolment = access.of_person(self.book, command.enrolment_id, command.who)
        if isinstance(enrolment, Refusal):
            return enrolment
        if refusal := access.why_not_remindable(enrolment, now):
            return refusal
        return self.book.remind(enrolment, command.who.person_ref, Moment(now, command.cause))

    def cancel(self, command: CancelEnrolment, now: datetime) -> Enrolment | Refusal:
        """Call it off, for the fee of its policy; only a certain seat costs anything."""
        who = command.who
        enrolment = access.of_person(self.book, command.enrolment_id, who)
        if isinstance(enrolment, Refusal):
            return enrolment
        if enrolment.state in ENDED:
            return refusals.NOT_CANCELLABLE.refuse(state=enrolment.state)
        run = self.book.runs[enrolment.run_id]
        if now >= run.begins_at:
            return refusals.RUN_STARTED.refuse(state=enrolment.state, starts_at=run.starts_at)
        own = enrolment.person_ref == who.person_ref
        reason = "by-person" if own else "by-coordinator"
        fee = enrolment.fee_now(run, now)
        at = Moment(now, command.cause)
        return self.book.end(enrolment, State.CANCELLED, reason, at, fee)

    def charge(self, command: ChangeAccounting) -> Enrolment | Refusal:
        """Where its costs are booked, which is told to nobody; also long after the run."""
        enrolment = access.of_employer(self.book, command.enrolment_id, command.who)
        if isinstance(enrolment, Refusal):
            return enrolment
        if not enrolment.may_cost:
            return refusals.ENDED_WITHOUT_COSTS.refuse(state=enrolment.state)
        return self.book.keep(replace(enrolment, **command.changes))

    def priced(self, quote: EnrolmentPriced, now: datetime) -> None:
        """The price is there. Of a certain seat it is frozen; in the line it is a forecast."""
        enrolment = self.book.enrolments.get(quote.enrolment_id)
        if enrolment is None:
            return
        with_price = replace(
            enrolment,
            price_cents=quote.price_cents,
            price_kind=quote.price_kind,
            price_reason=quote.reason.model_dump(mode="json", exclude_none=True),
            saving_cents=quote.saving_cents,
            priced_for_on=quote.priced_for_on,
        )
        at = Moment(now, quote.cause)
        if enrolment.state in (State.WAITLISTED, State.OFFERED):
            self.book.keep(with_price)
        elif enrolment.state is State.REQUESTED and enrolment.is_priced_by(quote):
            if enrolment.needs_approval:
                self.book.ask_approval(with_price, at)
            else:
                self.book.confirm(with_price, at)

    def expire(self, enrolment_id: UUID, now: datetime) -> bool:
        """End a hold or an offer whose time is over; False when there is nothing to end."""
        enrolment = self.book.enrolments[enrolment_id]
        if enrolment.due_at is None or now < enrolment.due_at:
            return False
        offered = enrolment.state is State.OFFERED
        reason = "offer-expired" if offered else "hold-expired"
        self.book.end(enrolment, State.EXPIRED, reason, Moment(now))
        return True

    def _why_not(self, wish: RequestEnrolment, now: datetime) -> Refusal | None:
        run = self.book.runs.get(wish.run_id)
        if run is None:
            return refusals.RUN_UNKNOWN.refuse("/run_id")
        return run.why_closed(now) or self._why_not_person(wish)

    def _why_not_person(self, wish: RequestEnrolment) -> Refusal | None:
        known = self.book.live(wish.claim) if wish.claim else None
        if known is None:
            return None
        own = wish.person_ref == wish.who.person_ref
        rule = refusals.ALREADY_REQUESTED if own else refusals.ALREADY_ENROLLED
        return rule.refuse("/person_ref", enrolment_id=known.id, state=known.state)

    def _why_not_rows(
        self, command: BookBulk, wishes: Sequence[RequestEnrolment], now: datetime
    ) -> list[Refusal | None]:
        repeated = command.repeated
        found: list[Refusal | None] = []
        for index, wish in enumerate(wishes):
            why = self._why_not(wish, now)
            if index in repeated:
                why = refusals.TWICE_IN_LIST.refuse()
            found.append(why and replace(why, pointer=f"/people/{index}"))
        return found

    def _book_row(
        self, index: int, wish: RequestEnrolment, why: Refusal | None, bulk_id: UUID, at: Moment
    ) -> RowResult:
        if why is not None:
            return RowResult(index, why)
        enrolment = self._admit(wish, bulk_id, at)
        waits = enrolment.state is State.WAITLISTED
        return RowResult(index, enrolment, self.book.runs[wish.run_id].waiting if waits else None)

    def _admit(self, wish: RequestEnrolment, bulk_id: UUID | None, at: Moment) -> Enrolment:
        run, who = self.book.runs[wish.run_id], wish.who
        assert who.organisation_id is not None  # noqa: S101 - checked by whoever calls
        house = self.book.house(who.organisation_id)
        needs_approval = house.approval_required and not who.coordinator
        seated = run.has_seat_for_newcomer
        end = self._hold_end(run, who.organisation_id, needs_approval, at.now) if seated else None
        enrolment = Enrolment(
            id=wish.enrolment_id,
            run_id=run.id,
            organisation_id=who.organisation_id,
            person_ref=wish.person_ref,
            booked_by_ref=who.person_ref if who.coordinator else None,
            bulk_id=bulk_id,
            correlation_id=wish.cause.correlation_id,
            state=State.REQUESTED if seated else State.WAITLISTED,
            number=run.next_number,
            requested_at=at.now,
            binding_at=at.now,
            standard_cents=run.standard_cents,
            member_cents=run.member_cents,
            policy=run.policy,
            needs_approval=needs_approval,
            cost_centre=wish.cost_centre,
            order_reference=wish.order_reference,
            held_until=end,
        )
        return self.book.admit(enrolment, at)

    def _hold_end(
        self, run: Run, organisation_id: UUID, needs_approval: bool, now: datetime
    ) -> datetime:
        """A booking that only waits for its price is kept until the start (domain page 6)."""
        if not needs_approval:
            return run.begins_at
        house = self.book.house(organisation_id)
        return min(after_office_hours(now, house.hold_hours, house.land), run.last_call)


def _why_not_all(run: Run, whys: Sequence[Refusal | None]) -> Refusal | None:
    """Why not everybody gets a seat, with what each row would have got."""
    free = seats = 0 if run.waiting else run.free
    rows: list[dict[str, str]] = []
    for index, why in enumerate(whys):
        code = why.code if why else "held" if seats else "no-seat"
        seats -= code == "held"
        rows.append({"pointer": f"/people/{index}", "code": code})
    if all(row["code"] == "held" for row in rows):
        return None
    return refusals.NOT_ENOUGH_SEATS.refuse("/people", free=free, rows=rows)
