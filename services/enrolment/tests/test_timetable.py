"""What news of a run and its start do to who is in it."""

from datetime import timedelta

from contracts.base import Event
from enrolment.domain.timetable import Timetable

from services.enrolment.tests.builders import (
    NOON,
    STARTS,
    a_desk,
    a_run,
    asking,
    called_off,
    cancelling,
    changed,
    confirmed,
    for_oneself,
    got,
    now_of,
    refused,
    run_of,
    scheduled,
    told,
    waiting,
    withdrawn,
)


def test_a_scheduled_run_can_be_booked() -> None:
    run = a_run(capacity=3)
    desk = a_desk()
    Timetable(desk.book).hear([scheduled(run)], NOON)
    assert got(desk.request(asking(run), NOON)).state == "requested"
    assert (run_of(desk, run).ceiling, run_of(desk, run).policy) == (3, run.policy)


def test_older_news_are_ignored() -> None:
    run = a_run(capacity=3)
    desk = a_desk()
    newest, older = changed(run, 3, capacity=5), changed(run, 2, capacity=4)
    news: list[Event] = [scheduled(run), newest, older, scheduled(run)]
    Timetable(desk.book).hear(news, NOON)
    assert run_of(desk, run).capacity == 5


def test_a_cancelled_run_ends_every_enrolment_free_of_charge() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure, first = confirmed(desk, run), waiting(desk, run)
    Timetable(desk.book).hear([called_off(run)], STARTS - timedelta(days=1))
    for enrolment in (sure, first):
        ended = now_of(desk, enrolment)
        assert (ended.state, ended.ended_reason, ended.fee_cents) == (
            "cancelled",
            "run-cancelled",
            0,
        )
    assert (run_of(desk, run).taken, run_of(desk, run).waiting) == (0, 0)
    assert "seat-offered" not in told(desk)
    assert refused(desk.request(asking(run), NOON)) == "run-cancelled"


def test_a_withdrawn_run_keeps_seats_and_ends_the_line() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure, first = confirmed(desk, run), waiting(desk, run)
    Timetable(desk.book).hear([withdrawn(run)], NOON)
    assert now_of(desk, sure) == sure
    assert now_of(desk, first).ended_reason == "offer-withdrawn"
    assert refused(desk.request(asking(run), NOON)) == "run-withdrawn"


def test_a_withdrawn_run_that_comes_back_can_be_booked_again() -> None:
    run = a_run()
    desk = a_desk(run)
    Timetable(desk.book).hear([withdrawn(run, 2), changed(run, 3)], NOON)
    assert got(desk.request(asking(run), NOON)).state == "requested"


def test_more_seats_are_offered_to_the_first_in_line() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    confirmed(desk, run)
    line = [waiting(desk, run) for _ in range(3)]
    Timetable(desk.book).hear([changed(run, capacity=3)], NOON)
    assert [now_of(desk, e).state for e in line] == ["offered", "offered", "waitlisted"]


def test_fewer_seats_drop_nobody_and_fall_with_every_release() -> None:
    run = a_run(capacity=3)
    desk = a_desk(run)
    sure = [confirmed(desk, run) for _ in range(3)]
    first = waiting(desk, run)
    Timetable(desk.book).hear([changed(run, capacity=1)], NOON)
    assert (run_of(desk, run).taken, run_of(desk, run).ceiling) == (3, 3)
    for enrolment, ceiling in zip(sure, (2, 1, 1), strict=True):
        desk.cancel(cancelling(enrolment), NOON)
        assert run_of(desk, run).ceiling == ceiling
    assert now_of(desk, first).state == "offered"
    assert told(desk).count("seat-offered") == 1


def test_a_moved_run_tells_everybody_and_withdrawing_is_free() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure, first = confirmed(desk, run), waiting(desk, run)
    later = STARTS + timedelta(days=1)
    Timetable(desk.book).hear(
        [changed(run, starts_at=later, ends_at=later + timedelta(hours=7))], NOON
    )
    assert told(desk, sure)[-1] == told(desk, first)[-1] == "enrolment-rescheduled"
    done = got(desk.cancel(cancelling(sure), later - timedelta(hours=1)))
    assert done.fee_cents == 0


def test_a_changed_title_tells_nobody() -> None:
    run = a_run()
    desk = a_desk(run)
    sure = confirmed(desk, run)
    before = told(desk)
    Timetable(desk.book).hear([changed(run, title="Vergaberecht kompakt")], NOON)
    assert (told(desk), now_of(desk, sure)) == (before, sure)


def test_a_later_deadline_offers_what_was_freed_meanwhile() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure, first = confirmed(desk, run), waiting(desk, run)
    desk.cancel(cancelling(sure), run.closes_at)
    assert now_of(desk, first).state == "waitlisted"
    Timetable(desk.book).hear([changed(run, closes_at=STARTS)], run.closes_at)
    assert now_of(desk, first).state == "offered"


def test_who_is_not_certain_when_the_run_starts_gets_no_seat() -> None:
    run = a_run(capacity=2)
    desk = a_desk(run)
    sure, asked, first = (
        confirmed(desk, run),
        got(desk.request(for_oneself(run), NOON)),
        waiting(desk, run),
    )
    timetable = Timetable(desk.book)
    assert timetable.begin(run.id, STARTS - timedelta(seconds=1)) == 0
    assert timetable.begin(run.id, STARTS) == 3
    assert run_of(desk, run).begun
    assert [now_of(desk, e).state for e in (sure, asked, first)] == [
        "confirmed",
        "expired",
        "expired",
    ]
    assert now_of(desk, first).ended_reason == "run-started"


def test_a_run_on_demand_is_booked_after_its_start_until_it_ends() -> None:
    run = a_run(starts_at=NOON - timedelta(days=30), closes_at=STARTS, on_demand=True)
    desk = a_desk(run)
    asked = got(desk.request(asking(run), NOON))
    assert asked.held_until == run.ends_at
    assert Timetable(desk.book).begin(run.id, NOON) == 0
    assert got(desk.cancel(cancelling(asked), NOON)).state == "cancelled"
