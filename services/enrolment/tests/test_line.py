"""The line: freed seats are offered to the first, nobody is booked silently."""

from datetime import UTC, datetime, timedelta

import pytest
from enrolment.commands import Who
from enrolment.domain.book import Book, Moment
from enrolment.domain.desk import Desk
from enrolment.domain.timetable import Timetable

from services.enrolment.tests.builders import (
    ANNA,
    CARLA,
    NOON,
    STARTS,
    a_desk,
    a_quote,
    a_run,
    accepting,
    an_employee,
    asking,
    cancelling,
    changed,
    confirmed,
    days_before_start,
    declining,
    for_oneself,
    got,
    now_of,
    refused,
    run_of,
    told,
    waiting,
)


def test_a_freed_seat_is_offered_to_the_first_in_line() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure, first, second = confirmed(desk, run), waiting(desk, run), waiting(desk, run)
    desk.cancel(cancelling(sure), NOON)
    assert now_of(desk, first).state == "offered"
    assert now_of(desk, first).offered_until == NOON + timedelta(days=2)
    assert now_of(desk, second).state == "waitlisted"
    seats = run_of(desk, run)
    assert (seats.taken, seats.held, seats.waiting) == (1, 1, 1)


def test_an_accepted_seat_is_priced_anew_for_that_day() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure, first = confirmed(desk, run), waiting(desk, run)
    desk.priced(a_quote(first, kind="standard"), NOON)
    assert now_of(desk, first).price_cents == 44_100
    desk.cancel(cancelling(sure), NOON)
    tomorrow = NOON + timedelta(days=1)
    accepted = got(desk.accept(accepting(first), tomorrow))
    assert (accepted.state, accepted.binding_on) == ("requested", tomorrow.date())
    assert told(desk, first)[-1] == "seat-accepted"
    desk.priced(a_quote(first, on=first.binding_on, kind="standard"), tomorrow)
    assert now_of(desk, first).state == "requested"
    desk.priced(a_quote(accepted), tomorrow)
    assert now_of(desk, first).price_cents == 35_300


def test_the_price_of_the_request_does_not_fit_an_offer_that_became_dearer_the_same_day() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure, first = confirmed(desk, run), waiting(desk, run)
    Timetable(desk.book).hear([changed(run, standard_cents=50_000, member_cents=40_000)], NOON)
    desk.cancel(cancelling(sure), NOON)
    accepted = got(desk.accept(accepting(first), NOON))
    desk.priced(a_quote(first), NOON)  # of the request, 35 300; it comes only now
    assert now_of(desk, first).state == "requested"
    desk.priced(a_quote(accepted), NOON)
    assert now_of(desk, first).price_cents == 40_000


def test_an_accepted_seat_of_an_employee_still_needs_the_decision() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure = confirmed(desk, run)
    first = got(desk.request(for_oneself(run), NOON))
    desk.cancel(cancelling(sure), NOON)
    accepted = got(desk.accept(accepting(first, an_employee()), NOON))
    assert accepted.held_until == NOON + timedelta(days=2)
    desk.priced(a_quote(accepted), NOON)
    assert now_of(desk, first).state == "awaiting_approval"


def test_a_coordinator_who_accepts_has_decided() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure = confirmed(desk, run)
    first = got(desk.request(for_oneself(run), NOON))
    desk.cancel(cancelling(sure), NOON)
    accepted = got(desk.accept(accepting(first, CARLA), NOON))
    assert accepted.held_until == STARTS
    desk.priced(a_quote(accepted), NOON)
    assert now_of(desk, first).state == "confirmed"


def test_a_declined_or_expired_offer_goes_to_the_next() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure, first, second, third = (
        confirmed(desk, run),
        waiting(desk, run),
        waiting(desk, run),
        waiting(desk, run),
    )
    desk.cancel(cancelling(sure), NOON)
    assert got(desk.decline(declining(first), NOON)).ended_reason == "offer-declined"
    assert now_of(desk, second).state == "offered"
    late = NOON + timedelta(days=2)
    assert refused(desk.accept(accepting(second), late)) == "offer-expired"
    assert desk.expire(second.id, late)
    assert refused(desk.accept(accepting(second), late)) == "offer-expired"
    assert now_of(desk, third).state == "offered"
    assert told(desk, second)[-2:] == ["enrolment-expired", "seat-released"]


def test_only_an_offered_seat_can_be_accepted() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure, first = confirmed(desk, run), waiting(desk, run)
    for enrolment in (sure, first):
        answer = desk.accept(accepting(enrolment), NOON)
        assert refused(answer) == "not-offered"
        assert getattr(answer, "data", {})["state"] == enrolment.state


def test_an_offer_ends_before_booking_closes_and_none_is_made_after() -> None:
    run = a_run(capacity=2, closes_at=NOON + timedelta(hours=5))
    desk = a_desk(run)
    one, two, first, second = (
        confirmed(desk, run),
        confirmed(desk, run),
        waiting(desk, run),
        waiting(desk, run),
    )
    desk.cancel(cancelling(one), NOON)
    assert now_of(desk, first).offered_until == NOON + timedelta(hours=5)
    desk.cancel(cancelling(two), NOON + timedelta(hours=5))
    assert now_of(desk, second).state == "waitlisted"


def test_who_asks_while_others_wait_goes_to_the_end_of_the_line() -> None:
    run = a_run(capacity=1, waiting=3, next_number=9)
    desk = a_desk(run)
    assert got(desk.request(asking(run), NOON)).state == "waitlisted"
    assert run_of(desk, run).waiting == 4


def test_leaving_the_line_costs_nothing_and_takes_no_seat() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    confirmed(desk, run)
    first = waiting(desk, run)
    left = got(desk.cancel(cancelling(first), NOON))
    assert (left.state, left.fee_cents) == ("cancelled", 0)
    assert (run_of(desk, run).taken, run_of(desk, run).waiting) == (1, 0)


def test_the_person_or_the_coordinator_cancels_and_it_is_told_who() -> None:
    run = a_run()
    desk = a_desk(run)
    hers, theirs = confirmed(desk, run, person_ref=ANNA), confirmed(desk, run)
    assert got(desk.cancel(cancelling(hers, an_employee()), NOON)).ended_reason == "by-person"
    assert got(desk.cancel(cancelling(theirs), NOON)).ended_reason == "by-coordinator"
    assert refused(desk.cancel(cancelling(hers), NOON)) == "not-cancellable"


@pytest.mark.parametrize(
    ("days", "kind", "fee"),
    [
        (11, "member", 0),
        (10, "member", 17_650),
        (10, "standard", 30_870),
        (3, "member", 35_300),
    ],
)
def test_cancelling_costs_what_the_policy_of_the_booking_says(
    days: int, kind: str, fee: int
) -> None:
    run = a_run()
    desk = a_desk(run)
    held = got(desk.request(asking(run), NOON))
    desk.priced(a_quote(held, kind=kind), NOON)  # type: ignore[arg-type]
    done = got(desk.cancel(cancelling(held), days_before_start(days, run)))
    assert done.fee_cents == fee
    assert [event.fee_cents for event in desk.book.events if hasattr(event, "fee_cents")] == [fee]


def test_nothing_is_cancelled_after_the_start() -> None:
    run = a_run()
    desk = a_desk(run)
    sure = confirmed(desk, run)
    assert refused(desk.cancel(cancelling(sure), STARTS)) == "run-started"


def test_a_book_with_too_little_of_the_line_says_so() -> None:
    run = a_run(capacity=1, waiting=5)
    desk = Desk(Book([run]))
    with pytest.raises(LookupError):
        desk.book.offer_free_seats(run.id, Moment(NOON))


def test_hold_times_skip_weekends() -> None:
    run = a_run(capacity=1)
    friday = datetime(2027, 3, 5, 14, tzinfo=UTC)
    asked = got(a_desk(run).request(for_oneself(run), friday))
    assert asked.held_until == datetime(2027, 3, 9, 14, tzinfo=UTC)


def test_a_stranger_without_a_role_sees_nothing_of_the_line() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    sure = confirmed(desk, run)
    colleague = Who(ANNA, sure.organisation_id)
    assert refused(desk.cancel(cancelling(sure, colleague), NOON)) == "not-found"
