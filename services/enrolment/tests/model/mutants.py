"""Planted bugs: each changes one method of production code, or one step of the wires.

Each is named after what a developer could get wrong, and says in which scope it has to be found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from enrolment.domain import access, book, enrolment, run, timetable
from enrolment.domain.book import Book
from enrolment.domain.desk import Desk
from enrolment.domain.enrolment import ENDED, OCCUPYING, Enrolment, State
from enrolment.domain.run import Run
from enrolment.domain.timetable import Timetable
from enrolment.handlers import bookings
from enrolment.store import books

from services.enrolment.tests.model.wires import Consumer, Inbox, Outbox, Relay

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A planted bug, the scope that shows it, and the promises that it breaks first."""

    name: str
    scope: str
    breaks: tuple[str, ...]
    plant: Plant


ALL: dict[str, Mutant] = {}


def mutant(scope: str, *breaks: str) -> Callable[[Plant], Plant]:
    """Register a planted bug by the name of its function."""

    def register(plant: Plant) -> Plant:
        name = plant.__name__.replace("_", "-")
        ALL[name] = Mutant(name, scope, breaks, plant)
        return plant

    return register


@mutant("line", "I01")
def capacity_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """`<=` instead of `<`."""
    patch.setattr(Run, "free", property(lambda self: max(0, self.capacity + 1 - self.taken)))


@mutant("line", "I06")
def no_promotion_after_an_end(patch: pytest.MonkeyPatch) -> None:
    """The freed seat is offered to nobody."""
    patch.setattr(Book, "offer_free_seats", lambda self, run_id, at: None)


@mutant("line", "I07")
def last_come_first_served(patch: pytest.MonkeyPatch) -> None:
    """The newest of the line is taken."""

    def last(self: Book, run_id: Any) -> Enrolment:
        waiting = [e for e in self.live_of(run_id) if e.state is State.WAITLISTED]
        return waiting[-1]

    patch.setattr(Book, "_first_in_line", last)
    load_everybody(patch)


@mutant("line", "I02")
def seat_not_released(patch: pytest.MonkeyPatch) -> None:
    """The end of a hold leaves the seat counted."""
    patch.setattr(Run, "released", lambda self, *, confirmed: self.touched())


@mutant("line", "I07", "I06")
def newcomer_overtakes(patch: pytest.MonkeyPatch) -> None:
    """A free seat is given to who comes, although somebody waits."""
    patch.setattr(Run, "has_seat_for_newcomer", property(lambda self: self.free > 0))
    patch.setattr(Book, "offer_free_seats", lambda self, run_id, at: None)


@mutant("line", "I08")
def late_acceptance(patch: pytest.MonkeyPatch) -> None:
    """The deadline of an offer is not looked at when it is accepted."""
    real = access.offered_to
    early = timedelta(days=365)

    def offered_to(book: Book, enrolment_id: Any, who: Any, now: Any) -> Any:
        return real(book, enrolment_id, who, now - early)

    patch.setattr(access, "offered_to", offered_to)


@mutant("line", "I08")
def deadline_without_consequence(patch: pytest.MonkeyPatch) -> None:
    """Nobody ends what is overdue."""
    patch.setattr(Desk, "expire", lambda self, enrolment_id, now: False)


@mutant("line", "I06")
def expired_offer_stays_with_nobody(patch: pytest.MonkeyPatch) -> None:
    """What expires is not passed on; everything else is."""
    real = Book.end

    def end(self: Book, one: Enrolment, state: State, *more: Any) -> Enrolment:
        with pytest.MonkeyPatch.context() as inner:
            if state is State.EXPIRED:
                inner.setattr(Book, "offer_free_seats", lambda self, run_id, at: None)
            return real(self, one, state, *more)

    patch.setattr(Book, "end", end)


@mutant("again", "I03", "I10")
def one_person_twice(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether the person has a seat."""
    patch.setattr(Desk, "_why_not_person", lambda self, wish: None)


@mutant("days", "I29")
def price_of_any_day(patch: pytest.MonkeyPatch) -> None:
    """An accepted seat takes the price of the day of the request."""
    real = Desk.priced

    def priced(self: Desk, quote: Any, now: Any) -> None:
        day = quote.priced_for_on
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Enrolment, "binding_on", property(lambda self: day))
            real(self, quote, now)

    patch.setattr(Desk, "priced", priced)


@mutant("days", "I27")
def price_overwritten(patch: pytest.MonkeyPatch) -> None:
    """A late price changes what a certain seat costs."""
    real = Desk.priced

    def priced(self: Desk, quote: Any, now: Any) -> None:
        real(self, quote, now)
        known = self.book.enrolments[quote.enrolment_id]
        if known.state is State.CONFIRMED:
            self.book.keep(replace(known, price_cents=quote.price_cents))

    patch.setattr(Desk, "priced", priced)


@mutant("line", "I05", "I02", "I11")
def confirmed_twice(patch: pytest.MonkeyPatch) -> None:
    """The same price confirms again."""
    real = Desk.priced
    moves = {**enrolment.MOVES, State.CONFIRMED: frozenset({State.CONFIRMED, State.CANCELLED})}

    def priced(self: Desk, quote: Any, now: Any) -> None:
        known = self.book.enrolments[quote.enrolment_id]
        if known.state is State.CONFIRMED:
            self.book.confirm(known, book.Moment(now))
        else:
            real(self, quote, now)

    patch.setattr(Desk, "priced", priced)
    patch.setattr(book, "MOVES", moves)


@mutant("line", "I05")
def version_stands_still(patch: pytest.MonkeyPatch) -> None:
    """A move makes no new version."""
    real = Book._move

    def move(self: Book, one: Enrolment, state: State, at: Any, **changes: Any) -> Enrolment:
        return self.keep(replace(real(self, one, state, at, **changes), version=one.version))

    patch.setattr(Book, "_move", move)


@mutant("line", "I05")
def seats_without_version(patch: pytest.MonkeyPatch) -> None:
    """A change of seats is told with the version before."""
    patch.setattr(Run, "_next", replace)


@mutant("line", "I22", "I05")
def silent_end(patch: pytest.MonkeyPatch) -> None:
    """An end is saved and not told."""
    real = Book._tell

    def tell(self: Book, one: Enrolment, at: Any, *events: Any) -> None:
        if one.state not in ENDED:
            real(self, one, at, *events)

    patch.setattr(Book, "_tell", tell)


@mutant("news", "I09")
def smaller_run_drops_people(patch: pytest.MonkeyPatch) -> None:
    """Who is above the new capacity loses the seat."""
    real = Timetable._show

    def show(self: Timetable, told: Any, version: Any, at: Any) -> None:
        real(self, told, version, at)
        now = self.book.runs[told.run_id]
        for one in reversed(self.book.live_of(told.run_id)):
            if one.state in OCCUPYING and self.book.runs[now.id].taken > now.capacity:
                self.book.end(one, State.CANCELLED, "run-smaller", at)

    patch.setattr(Timetable, "_show", show)
    load_everybody(patch)


@mutant("news", "I06")
def larger_run_offers_nothing(patch: pytest.MonkeyPatch) -> None:
    """More seats, and nobody of the line is asked."""
    real = Timetable._show

    def show(self: Timetable, *more: Any) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Book, "offer_free_seats", lambda self, run_id, at: None)
            real(self, *more)

    patch.setattr(Timetable, "_show", show)


@mutant("news", "I11", "I06")
def too_little_of_the_line_is_read(patch: pytest.MonkeyPatch) -> None:
    """What becomes free by a larger run is forgotten when the line is read."""
    patch.setattr(bookings, "most_seats", lambda runs, events: {})


@mutant("news", "I10")
def withdrawn_run_still_books(patch: pytest.MonkeyPatch) -> None:
    """A withdrawn run is open."""
    real = Run.why_closed

    def why_closed(self: Run, now: Any) -> Any:
        return real(replace(self, state=run.RunState.OPEN), now)

    patch.setattr(Run, "why_closed", why_closed)


@mutant("news", "I04")
def withdrawn_run_keeps_its_line(patch: pytest.MonkeyPatch) -> None:
    """Nobody tells the line that it waits in vain."""

    def withdraw(self: Timetable, run_id: Any, version: Any, at: Any) -> None:
        self._close(run_id, version, run.RunState.WITHDRAWN)

    patch.setattr(Timetable, "_withdraw", withdraw)


@mutant("dearer", "I12")
def old_news_are_heard(patch: pytest.MonkeyPatch) -> None:
    """What comes again is applied again."""
    patch.setattr(timetable, "_is_old", lambda run, version: False)


@mutant("news", "I24")
def nobody_hears_that_it_moved(patch: pytest.MonkeyPatch) -> None:
    """Only the run is changed."""
    patch.setattr(Book, "reschedule", lambda self, one, at: one)


@mutant("start", "I04", "I40")
def start_leaves_people_in_doubt(patch: pytest.MonkeyPatch) -> None:
    """The run begins, and requests stay open."""

    def begin(self: Timetable, run_id: Any, now: Any) -> int:
        self.book.put_run(replace(self.book.runs[run_id], begun=True))
        return 1

    patch.setattr(Timetable, "begin", begin)


@mutant("start", "I30")
def no_fee_after_the_free_days(patch: pytest.MonkeyPatch) -> None:
    """Calling off is free for ever."""
    patch.setattr(Enrolment, "fee_now", lambda self, run, now: 0)


@mutant("start", "I30")
def last_free_day_costs(patch: pytest.MonkeyPatch) -> None:
    """The steps of the policy are read in the wrong order."""
    patch.setattr("enrolment.domain.cancellation._steps", lambda booked: list(booked.policy)[::-1])


@mutant("approval", "I29")
def approval_bypassed(patch: pytest.MonkeyPatch) -> None:
    """The price alone makes it certain."""
    patch.setattr(Book, "ask_approval", lambda self, one, at: self.confirm(one, at))


@mutant("approval", "I08")
def approved_by_oneself(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks who decides."""
    patch.setattr(access, "why_not_decider", lambda one, who: None)


@mutant("approval", "I29", "I11")
def approved_without_price(patch: pytest.MonkeyPatch) -> None:
    """A decision is taken before the price is there."""
    patch.setattr(access, "why_not_decidable", lambda one, now: None)


@mutant("approval", "I08")
def late_approval(patch: pytest.MonkeyPatch) -> None:
    """The hold is over, and it is approved all the same."""
    real = access.why_not_decidable
    early = timedelta(days=365)
    patch.setattr(access, "why_not_decidable", lambda one, now: real(one, now - early))


@mutant("dearer", "I28")
def offer_at_the_old_price(patch: pytest.MonkeyPatch) -> None:
    """An offered seat costs what it cost when the person joined the line."""
    real = Book._move

    def move(self: Book, one: Enrolment, state: State, at: Any, **changes: Any) -> Enrolment:
        for name in ("standard_cents", "member_cents", "policy"):
            changes.pop(name, None)
        return real(self, one, state, at, **changes)

    patch.setattr(Book, "_move", move)


@mutant("dearer", "I28")
def price_of_another_offer(patch: pytest.MonkeyPatch) -> None:
    """Only the day of a price is looked at, not which prices it was chosen from."""
    patch.setattr(
        Enrolment, "is_priced_by", lambda self, quote: quote.priced_for_on == self.binding_on
    )


@mutant("wires", "I14")
def forgotten_before_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    """The relay deletes first: what is in its hand when it dies is lost."""

    def take(self: Relay, box: Outbox) -> tuple[Outbox, tuple[int, ...]]:
        return Outbox(box.rows[1:], (box.rows[0],)), ()

    def send(self: Relay, box: Outbox) -> tuple[Outbox, tuple[int, ...]]:
        return Outbox(box.rows), box.hand

    patch.setattr(Relay, "can_send", lambda self, box: bool(box.rows) and not box.hand)
    patch.setattr(Relay, "send", take)
    patch.setattr(Relay, "forget", send)


@mutant("wires", "I14")
def acknowledged_before_it_is_handled(patch: pytest.MonkeyPatch) -> None:
    """The offset is committed first: a crash skips the record (`handled` is -1 in between)."""

    def handle(self: Consumer, box: Inbox, count: int = 1) -> tuple[Inbox, tuple[int, ...]]:
        fresh = self.admit(box, box.queue[:1])
        return Inbox(box.queue[1:], 0, box.seen | set(fresh), box.owed), fresh

    patch.setattr(Consumer, "can_commit", lambda self, box: bool(box.queue) and not box.handled)
    patch.setattr(Consumer, "commit", lambda self, box: box._replace(handled=-1))
    patch.setattr(Consumer, "can_handle", lambda self, box: box.handled == -1)
    patch.setattr(Consumer, "handle", handle)
    patch.setattr(Consumer, "crash", lambda self, box: Inbox(box.queue[1:], 0, box.seen, box.owed))


@mutant("wires", "I17")
def no_inbox(patch: pytest.MonkeyPatch) -> None:
    """Everything that comes is new."""
    patch.setattr(Consumer, "admit", lambda self, box, batch: batch)


def load_everybody(patch: pytest.MonkeyPatch) -> None:
    """Part of a planted bug that looks at more of the run than the store would read."""
    real = books.read_book

    async def read_book(
        tx: Any, runs: Sequence[Run], found: Sequence[Enrolment], *more: Any
    ) -> Any:
        everybody = await books.read_whole(tx, [one.id for one in runs])
        return await real(tx, runs, [*found, *everybody], *more)

    patch.setattr(books, "read_book", read_book)
    patch.setattr("enrolment.store.read_book", read_book)
