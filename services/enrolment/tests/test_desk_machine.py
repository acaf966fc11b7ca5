"""Any order of requests, prices, decisions, timers and news of the run keeps the promises."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from contracts.base import Event
from contracts.enrolment import SeatsNow
from contracts.refusal import Refusal
from enrolment.commands import Who
from enrolment.domain.enrolment import MOVES, OCCUPYING, PENDING, Enrolment, State
from enrolment.domain.run import RunState
from enrolment.domain.timetable import Timetable
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.enrolment.tests.builders import (
    AUSSERHALB,
    CARLA,
    NOON,
    a_desk,
    a_quote,
    a_run,
    accepting,
    asking,
    called_off,
    cancelling,
    changed,
    charging,
    deciding,
    declining,
    for_oneself,
    many,
    withdrawn,
)

NORA = Who(uuid4(), AUSSERHALB, coordinator=True)
PEOPLE = [uuid4() for _ in range(6)]


class BookingDesk(RuleBasedStateMachine):
    """One run with few seats, few people, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.run = a_run(capacity=2)
        self.desk = a_desk(self.run)
        self.book = self.desk.book
        self.now = NOON
        self.told_version = 1
        self.seen: dict[UUID, State] = {}
        self.offers: list[int] = []

    def pick(self, states: Iterable[State], number: int) -> Enrolment | None:
        found = [e for e in self.book.enrolments.values() if e.state in set(states)]
        return found[number % len(found)] if found else None

    def live(self, person: UUID, organisation_id: UUID) -> list[Enrolment]:
        found = [e for e in self.book.enrolments.values() if e.state in MOVES]
        return [e for e in found if (e.person_ref, e.organisation_id) == (person, organisation_id)]

    @rule(person=st.sampled_from(PEOPLE))
    def a_coordinator_books(self, person: UUID) -> None:
        self.desk.request(asking(self.run, person), self.now)

    @rule(person=st.sampled_from(PEOPLE))
    def another_organisation_books(self, person: UUID) -> None:
        ours = self.live(person, AUSSERHALB)
        run = self.book.runs[self.run.id]
        answer = self.desk.request(asking(self.run, person, NORA), self.now)
        if run.why_closed(self.now) is None:  # whatever the county has booked
            assert isinstance(answer, Refusal) == bool(ours)

    @rule(person=st.sampled_from(PEOPLE))
    def an_employee_asks(self, person: UUID) -> None:
        self.desk.request(for_oneself(self.run, person), self.now)

    @rule(people=st.lists(st.sampled_from(PEOPLE), max_size=4), whole=st.booleans())
    def a_list_is_booked(self, people: list[UUID], whole: bool) -> None:
        before = len(self.book.events)
        answer = self.desk.book_bulk(many(self.run, people, all_or_nothing=whole), self.now)
        if isinstance(answer, Refusal):
            assert len(self.book.events) == before
        elif whole:
            assert all(row.place is None for row in answer)

    @rule(number=st.integers(0, 9), fits=st.booleans())
    def a_price_comes(self, number: int, fits: bool) -> None:
        enrolment = self.pick(State, number)
        if enrolment:
            day = enrolment.binding_on if fits else enrolment.binding_on - timedelta(days=1)
            self.desk.priced(a_quote(enrolment, on=day), self.now)

    @rule(number=st.integers(0, 9), yes=st.booleans())
    def the_organisation_decides(self, number: int, yes: bool) -> None:
        enrolment = self.pick([State.AWAITING_APPROVAL, State.REQUESTED], number)
        if enrolment:
            command = deciding(enrolment, "approve" if yes else "reject", "Kein Bedarf")
            self.desk.decide(command, self.now)

    @rule(number=st.integers(0, 9), yes=st.booleans())
    def an_offer_is_answered(self, number: int, yes: bool) -> None:
        enrolment = self.pick([State.OFFERED], number)
        if enrolment and yes:
            self.desk.accept(accepting(enrolment), self.now)
        elif enrolment:
            self.desk.decline(declining(enrolment), self.now)

    @rule(number=st.integers(0, 9))
    def somebody_cancels(self, number: int) -> None:
        enrolment = self.pick(State, number)
        if enrolment:
            self.desk.cancel(cancelling(enrolment), self.now)

    @rule(number=st.integers(0, 9), code=st.sampled_from([None, "4711", "B-7"]))
    def its_costs_are_booked_elsewhere(self, number: int, code: str | None) -> None:
        enrolment, told = self.pick(State, number), len(self.book.events)
        if enrolment:
            who = NORA if enrolment.organisation_id == AUSSERHALB else CARLA
            after = self.desk.charge(charging(enrolment, who, cost_centre=code))
            lives = enrolment.state in MOVES or enrolment.fee_cents
            assert isinstance(after, Enrolment) == bool(lives)
            assert after == replace(enrolment, cost_centre=code) or not lives
        assert len(self.book.events) == told

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        for enrolment in list(self.book.enrolments.values()):
            self.desk.expire(enrolment.id, self.now)
        Timetable(self.book).begin(self.run.id, self.now)

    @rule(capacity=st.integers(0, 5), days=st.integers(0, 3))
    def the_run_changes(self, capacity: int, days: int) -> None:
        self.told_version += 1
        moved = self.run.starts_at + timedelta(days=days)
        news = changed(self.run, self.told_version, capacity=capacity, starts_at=moved)
        Timetable(self.book).hear([news], self.now)

    @precondition(lambda self: len(self.book.events) > 30)
    @rule(cancelled=st.booleans())
    def the_run_ends_early(self, cancelled: bool) -> None:
        self.told_version += 1
        make = called_off if cancelled else withdrawn
        Timetable(self.book).hear([make(self.run, self.told_version)], self.now)

    @invariant()
    def no_seat_is_sold_twice(self) -> None:
        run, everybody = self.book.runs[self.run.id], list(self.book.enrolments.values())
        assert 0 <= run.taken <= run.ceiling
        assert run.ceiling == max(run.capacity, run.taken)
        assert run.taken == sum(e.state in OCCUPYING for e in everybody)
        assert run.held == sum(e.state in OCCUPYING - {State.CONFIRMED} for e in everybody)
        assert run.waiting == sum(e.state is State.WAITLISTED for e in everybody)

    @invariant()
    def nobody_waits_beside_a_free_seat(self) -> None:
        assert not self.book.runs[self.run.id].can_offer(self.now)

    @invariant()
    def a_person_has_one_live_enrolment_of_each_organisation(self) -> None:
        claims = [e.claim for e in self.book.enrolments.values() if e.state in MOVES]
        assert len(claims) == len(set(claims))

    @invariant()
    def nobody_overtakes(self) -> None:
        numbers = {e.id: e.number for e in self.book.enrolments.values()}
        for event in self.book.events[len(self.offers) :]:
            if event.type.endswith("seat-offered.v1"):
                self.offers.append(numbers[event.enrolment_id])  # type: ignore[attr-defined]
            else:
                self.offers.append(0)
        offers = [number for number in self.offers if number]
        assert offers == sorted(set(offers))

    @invariant()
    def only_allowed_moves_happen(self) -> None:
        for enrolment in self.book.enrolments.values():
            before = self.seen.get(enrolment.id)
            if before is not None and before is not enrolment.state:
                assert enrolment.state in reachable(before)
            self.seen[enrolment.id] = enrolment.state

    @invariant()
    def versions_have_no_gap(self) -> None:
        for enrolment in self.book.enrolments.values():
            versions = [e.version for e in self.book.events if about(e) == enrolment.id]
            assert sorted({v for v in versions if v}) == list(range(1, enrolment.version + 1))

    @invariant()
    def the_told_seats_add_up(self) -> None:
        told = [seats for e in self.book.events if (seats := seats_of(e))]
        versions = [seats.version for seats in told]
        assert versions == sorted(set(versions))
        if told:
            assert told[-1].taken == self.book.runs[self.run.id].taken

    @invariant()
    def a_closed_or_begun_run_keeps_no_one_in_doubt(self) -> None:
        run, live = self.book.runs[self.run.id], self.book.live_of(self.run.id)
        if run.begun:
            assert not [e for e in live if e.state in PENDING]
        if run.state is RunState.CANCELLED:
            assert not live


def about(event: Event) -> UUID | None:
    return getattr(event, "enrolment_id", None)


def seats_of(event: Event) -> SeatsNow | None:
    return getattr(event, "seats", None)


def reachable(state: State) -> set[State]:
    """Every state that may follow, over any number of moves."""
    found: set[State] = set()
    todo = [state]
    while todo:
        for following in MOVES.get(todo.pop(), frozenset()) - found:
            found.add(following)
            todo.append(following)
    return found


BookingDesk.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestBookingDesk = BookingDesk.TestCase


def test_the_machine_notices_a_seat_that_is_sold_twice() -> None:
    machine = BookingDesk()
    machine.a_coordinator_books(PEOPLE[0])
    run = machine.book.runs[machine.run.id]
    machine.book.put_run(replace(run, taken=0))
    try:
        machine.no_seat_is_sold_twice()
    except AssertionError:
        return
    raise AssertionError("it noticed nothing")
