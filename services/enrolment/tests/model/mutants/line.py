"""Bugs in seats, holds and the line: who gets a seat, who is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from enrolment.domain import access, book, enrolment
from enrolment.domain.book import Book
from enrolment.domain.desk import Desk
from enrolment.domain.enrolment import ENDED, Enrolment, State
from enrolment.domain.run import Run

from services.enrolment.tests.model.mutants.planting import load_everybody, mutant


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
