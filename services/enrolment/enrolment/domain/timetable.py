"""What the provider and the calendar do to a run, and what follows for who is in it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from contracts.base import Event
from contracts.catalog import RunCancelled, RunChanged, RunScheduled, RunSnapshot, RunWithdrawn

from enrolment.domain.book import Book, Moment
from enrolment.domain.cancellation import Step
from enrolment.domain.enrolment import PENDING, State
from enrolment.domain.run import Run, RunState

NEWS = RunScheduled | RunChanged | RunWithdrawn | RunCancelled
"""What the catalogue tells of a run."""


class Timetable:
    """Applies news of runs to a book that was opened with everybody whom they concern."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def hear(self, events: Sequence[Event], now: datetime) -> None:
        """News of the catalogue, in order. Older news than the newest one are ignored."""
        for event in events:
            match event:
                case RunScheduled() | RunChanged():
                    self._show(event, event.version, Moment(now, event.cause))
                case RunWithdrawn():
                    self._withdraw(event.run_id, event.version, Moment(now, event.cause))
                case RunCancelled():
                    self._cancel(event.run_id, event.version, Moment(now, event.cause))

    def begin(self, run_id: UUID, now: datetime) -> int:
        """The run starts: who is not certain by then gets no seat any more.

        Returns how many of the loaded ones that were; the run has begun when none is left.
        """
        at = Moment(now)
        run = self.book.runs[run_id]
        if now < run.begins_at:
            return 0
        pending = [e for e in self.book.live_of(run_id) if e.state in PENDING]
        for enrolment in pending:
            self.book.end(enrolment, State.EXPIRED, "run-started", at)
        run = self.book.runs[run_id]
        if run.held == run.waiting == 0:
            self.book.put_run(replace(run, begun=True))
        return len(pending) + 1

    def _show(self, told: RunSnapshot, version: int | None, at: Moment) -> None:
        known = self.book.runs.get(told.run_id)
        if known is None:
            self.book.put_run(_first_seen(told, version))
            return
        if _is_old(known, version):
            return
        run = replace(known, **_facts(told))  # type: ignore[arg-type]
        run = replace(
            run,
            told_version=version or known.told_version,
            state=RunState.OPEN,
            begun=run.begun and run.begins_at <= at.now,
        )
        if told.capacity != known.capacity:
            run = run.with_capacity(told.capacity)
        self.book.put_run(run)
        if (known.starts_at, known.ends_at) != (run.starts_at, run.ends_at):
            for enrolment in self.book.live_of(run.id):
                self.book.reschedule(enrolment, at)
        self.book.offer_free_seats(run.id, at)

    def _withdraw(self, run_id: UUID, version: int | None, at: Moment) -> None:
        """No new bookings. Seats stay; the line ends, for nothing would ever be offered to it."""
        if not self._close(run_id, version, RunState.WITHDRAWN):
            return
        for enrolment in self.book.live_of(run_id):
            if enrolment.state is State.WAITLISTED:
                self.book.end(enrolment, State.EXPIRED, "offer-withdrawn", at)

    def _cancel(self, run_id: UUID, version: int | None, at: Moment) -> None:
        """It does not take place: every live enrolment ends, nobody pays."""
        if not self._close(run_id, version, RunState.CANCELLED):
            return
        for enrolment in self.book.live_of(run_id):
            self.book.end(enrolment, State.CANCELLED, "run-cancelled", at)

    def _close(self, run_id: UUID, version: int | None, state: RunState) -> bool:
        run = self.book.runs.get(run_id)
        if run is None or _is_old(run, version):
            return False
        self.book.put_run(replace(run, state=state, told_version=version or run.told_version))
        return True


def concerns_everybody(runs: Iterable[Run], events: Iterable[Event]) -> set[UUID]:
    """The known runs of which every live enrolment must be on the book for this news."""
    known = {run.id: run for run in runs}
    found: set[UUID] = set()
    for event in events:
        if isinstance(event, RunWithdrawn | RunCancelled) or (
            isinstance(event, RunScheduled | RunChanged)
            and event.run_id in known
            and _moves(known[event.run_id], event)
        ):
            found.add(event.run_id)
    return found & known.keys()


def most_seats(runs: Iterable[Run], events: Iterable[Event]) -> dict[UUID, int]:
    """How many more seats than now this news can make free in each run."""
    shown = [event for event in events if isinstance(event, RunScheduled | RunChanged)]
    most: dict[UUID, int] = {}
    for run in runs:
        capacity = max((e.capacity for e in shown if e.run_id == run.id), default=run.capacity)
        most[run.id] = max(0, capacity - run.capacity)
    return most


def _moves(run: Run, told: RunSnapshot) -> bool:
    return (run.starts_at, run.ends_at) != (told.starts_at, told.ends_at)


def _is_old(run: Run, version: int | None) -> bool:
    return version is not None and version <= run.told_version


def _first_seen(told: RunSnapshot, version: int | None) -> Run:
    capacity = told.capacity
    return Run(
        id=told.run_id,
        capacity=capacity,
        ceiling=capacity,
        told_version=version or 0,
        **_facts(told),  # type: ignore[arg-type]
    )


def _facts(told: RunSnapshot) -> dict[str, object]:
    """What may change about a run, without its capacity."""
    return {
        "offer_id": told.offer_id,
        "title": told.title,
        "starts_at": told.starts_at,
        "ends_at": told.ends_at,
        "location": told.location,
        "closes_at": told.booking_closes_at,
        "on_demand": told.format == "on_demand",
        "standard_cents": told.standard_cents,
        "member_cents": told.member_cents,
        "policy": tuple(
            Step(step.days_before, step.percent, step.member_percent, step.flat_cents)
            for step in told.cancellation_policy
        ),
    }
