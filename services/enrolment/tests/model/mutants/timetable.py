"""Bugs in what news of a run do to it and to its people, and in its start."""

from dataclasses import replace
from typing import Any

import pytest
from enrolment.domain import run, timetable
from enrolment.domain.book import Book
from enrolment.domain.enrolment import OCCUPYING, State
from enrolment.domain.run import Run
from enrolment.domain.timetable import Timetable
from enrolment.handlers import bookings

from services.enrolment.tests.model.mutants.planting import load_everybody, mutant


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
