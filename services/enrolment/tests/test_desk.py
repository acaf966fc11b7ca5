"""What the desk decides for people, one after another."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from enrolment.commands import Who
from enrolment.domain.house import HouseRules
from enrolment.domain.run import RunState

from services.enrolment.tests.builders import (
    ANNA,
    AUSSERHALB,
    NOON,
    PAUL,
    STARTS,
    a_desk,
    a_quote,
    a_run,
    accepting,
    an_employee,
    asking,
    cancelling,
    confirmed,
    deciding,
    for_oneself,
    got,
    many,
    now_of,
    refused,
    run_of,
    told,
    waiting,
)


def test_the_last_seat_goes_to_who_asked_first() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    first, second = (got(desk.request(asking(run, person), NOON)) for person in (ANNA, PAUL))
    assert (first.state, second.state) == ("requested", "waitlisted")
    assert told(desk, second) == ["enrolment-requested", "seat-waitlisted"]
    assert (run_of(desk, run).taken, run_of(desk, run).waiting) == (1, 1)


def test_places_in_the_line_follow_the_order_of_acceptance() -> None:
    run = a_run(capacity=10)
    desk = a_desk(run)
    for _ in range(100):
        desk.request(asking(run), NOON)
    places = [event.place for event in desk.book.events if hasattr(event, "place")]
    assert places == list(range(1, 91))
    assert run_of(desk, run).taken == 10


def test_a_coordinators_booking_is_certain_as_soon_as_the_price_is_there() -> None:
    run = a_run()
    desk = a_desk(run)
    held = got(desk.request(asking(run), NOON))
    assert (held.state, held.held_until) == ("requested", STARTS)
    desk.priced(a_quote(held), NOON)
    sure = now_of(desk, held)
    assert (sure.state, sure.price_cents, sure.price_kind) == ("confirmed", 35_300, "member")
    assert told(desk) == ["enrolment-requested", "seat-held", "seat-confirmed"]
    assert [event.version for event in desk.book.events] == [1, 1, 2]


def test_a_price_for_another_day_does_not_count() -> None:
    run = a_run()
    desk = a_desk(run)
    late = datetime(2027, 3, 3, 22, 59, 59, tzinfo=UTC)  # 23:59:59 in Berlin
    held = got(desk.request(asking(run), late))
    assert held.binding_on.isoformat() == "2027-03-03"
    desk.priced(a_quote(held, on=held.binding_on + timedelta(days=1)), NOON)
    assert now_of(desk, held).state == "requested"
    desk.priced(a_quote(held, on=held.binding_on), NOON)
    assert now_of(desk, held).state == "confirmed"


def test_a_price_is_frozen_once_the_seat_is_certain() -> None:
    run = a_run()
    desk = a_desk(run)
    sure = confirmed(desk, run)
    desk.priced(a_quote(sure, kind="standard"), NOON)
    assert now_of(desk, sure) == sure


def test_an_employee_asks_only_for_himself_or_herself() -> None:
    run = a_run()
    desk = a_desk(run)
    assert refused(desk.request(asking(run, PAUL, an_employee()), NOON)) == "only-for-oneself"
    assert got(desk.request(for_oneself(run), NOON)).booked_by_ref is None


def test_nobody_books_without_an_organisation() -> None:
    run = a_run()
    assert refused(a_desk(run).request(asking(run, who=Who(ANNA, None)), NOON)) == "no-organisation"


def test_an_employees_request_waits_for_the_organisations_decision() -> None:
    run = a_run()
    desk = a_desk(run)
    asked = got(desk.request(for_oneself(run), NOON))
    assert refused(desk.decide(deciding(asked), NOON)) == "price-pending"
    desk.priced(a_quote(asked), NOON)
    assert now_of(desk, asked).state == "awaiting_approval"
    sure = got(desk.decide(deciding(asked), NOON))
    assert (sure.state, sure.price_cents) == ("confirmed", 35_300)
    assert refused(desk.decide(deciding(asked), NOON)) == "already-decided"


def test_an_organisation_can_switch_the_decision_off() -> None:
    run = a_run()
    desk = a_desk(run, house=HouseRules(approval_required=False))
    asked = got(desk.request(for_oneself(run), NOON))
    desk.priced(a_quote(asked), NOON)
    assert now_of(desk, asked).state == "confirmed"


def test_a_rejection_needs_a_reason_and_frees_the_seat() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    asked = got(desk.request(for_oneself(run), NOON))
    desk.priced(a_quote(asked), NOON)
    assert refused(desk.decide(deciding(asked, "reject", "  "), NOON)) == "reason-missing"
    no = got(desk.decide(deciding(asked, "reject", "Kein Budget"), NOON))
    assert (no.state, no.decision_reason, run_of(desk, run).taken) == ("rejected", "Kein Budget", 0)
    assert not any("Budget" in event.model_dump_json() for event in desk.book.events)


def test_nobody_approves_an_own_request() -> None:
    run = a_run()
    desk = a_desk(run)
    asked = got(desk.request(for_oneself(run), NOON))
    desk.priced(a_quote(asked), NOON)
    themselves = Who(ANNA, asked.organisation_id, approver=True)
    assert refused(desk.decide(deciding(asked, who=themselves), NOON)) == "not-for-oneself"
    assert refused(desk.decide(deciding(asked, who=an_employee()), NOON)) == "forbidden"


def test_a_hold_ends_and_frees_the_seat_for_the_next_in_line() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    asked = got(desk.request(for_oneself(run), NOON))
    next_one = waiting(desk, run)
    friday_noon = datetime(2027, 3, 5, 11, tzinfo=UTC)
    assert asked.held_until == friday_noon
    assert not desk.expire(asked.id, friday_noon - timedelta(seconds=1))
    assert refused(desk.decide(deciding(asked), friday_noon)) == "hold-expired"
    assert desk.expire(asked.id, friday_noon)
    assert now_of(desk, asked).state == "expired"
    assert now_of(desk, next_one).state == "offered"


def test_a_hold_ends_before_booking_closes() -> None:
    run = a_run(closes_at=NOON + timedelta(hours=3))
    asked = got(a_desk(run).request(for_oneself(run), NOON))
    assert asked.held_until == NOON + timedelta(hours=3)


def test_a_person_has_one_live_enrolment_in_a_run() -> None:
    run = a_run()
    desk = a_desk(run)
    sure = confirmed(desk, run, person_ref=ANNA)
    again = desk.request(asking(run, ANNA), NOON)
    assert refused(again) == "already-enrolled"
    assert getattr(again, "data", {})["enrolment_id"] == sure.id
    desk.cancel(cancelling(sure), NOON)
    assert got(desk.request(asking(run, ANNA), NOON)).state == "requested"


def test_each_closed_run_has_its_own_refusal() -> None:
    closed = {
        "run-withdrawn": a_run(state=RunState.WITHDRAWN),
        "run-cancelled": a_run(state=RunState.CANCELLED),
        "booking-closed": a_run(closes_at=NOON),
    }
    desk = a_desk(*closed.values())
    for code, run in closed.items():
        assert refused(desk.request(asking(run), NOON)) == code
    unknown = desk.request(asking(a_run()), NOON)
    assert refused(unknown) == "run-unknown"
    assert not desk.book.changed_runs


def test_foreign_enrolments_are_not_there() -> None:
    run = a_run()
    desk = a_desk(run)
    sure = confirmed(desk, run)
    stranger = Who(uuid4(), AUSSERHALB, coordinator=True, approver=True)
    assert refused(desk.cancel(cancelling(sure, stranger), NOON)) == "not-found"
    assert refused(desk.accept(accepting(sure, stranger), NOON)) == "not-found"
    assert refused(desk.decide(deciding(sure, who=stranger), NOON)) == "not-found"


def test_an_approver_sees_but_does_not_cancel() -> None:
    run = a_run()
    desk = a_desk(run)
    sure = confirmed(desk, run)
    approver = Who(uuid4(), sure.organisation_id, approver=True)
    assert refused(desk.cancel(cancelling(sure, approver), NOON)) == "forbidden"


def test_twelve_people_for_ten_seats_are_ten_seats_and_two_in_line() -> None:
    run = a_run(capacity=10)
    desk = a_desk(run)
    rows = desk.book_bulk(many(run, [uuid4() for _ in range(12)]), NOON)
    assert isinstance(rows, list)
    assert [row.place for row in rows] == [None] * 10 + [1, 2]
    assert run_of(desk, run).taken == 10


def test_all_or_nothing_books_nobody_when_one_gets_no_seat() -> None:
    run = a_run(capacity=10)
    desk = a_desk(run)
    answer = desk.book_bulk(many(run, [uuid4() for _ in range(12)], all_or_nothing=True), NOON)
    assert refused(answer) == "not-all-seats"
    assert not desk.book.events
    rows = getattr(answer, "data", {})["rows"]
    assert [row["code"] for row in rows] == ["held"] * 10 + ["no-seat"] * 2
    assert rows[11]["pointer"] == "/people/11"
    answer = desk.book_bulk(many(run, [uuid4() for _ in range(10)], all_or_nothing=True), NOON)
    assert isinstance(answer, list)


def test_a_refused_row_of_all_or_nothing_takes_no_seat_from_the_others() -> None:
    run = a_run(capacity=3)
    desk = a_desk(run)
    confirmed(desk, run, person_ref=ANNA)
    people = [PAUL, ANNA, PAUL, uuid4(), uuid4()]
    answer = desk.book_bulk(many(run, people, all_or_nothing=True), NOON)
    rows = getattr(answer, "data", {})["rows"]
    codes = [row["code"] for row in rows]
    assert codes == ["held", "already-enrolled", "twice-in-list", "held", "no-seat"]
    one_refused = desk.book_bulk(many(run, [PAUL, ANNA], all_or_nothing=True), NOON)
    assert refused(one_refused) == "not-all-seats"


def test_in_a_run_with_a_line_no_row_of_all_or_nothing_gets_a_seat() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    desk.book_bulk(many(run, [PAUL, ANNA]), NOON)
    answer = desk.book_bulk(many(run, [uuid4()], all_or_nothing=True), NOON)
    assert getattr(answer, "data", {})["rows"] == [{"pointer": "/people/0", "code": "no-seat"}]


def test_a_bulk_refuses_duplicates_row_by_row() -> None:
    run = a_run(capacity=10)
    desk = a_desk(run)
    confirmed(desk, run, person_ref=ANNA)
    rows = desk.book_bulk(many(run, [PAUL, ANNA, PAUL]), NOON)
    assert isinstance(rows, list)
    assert got(rows[0].answer).state == "requested"
    assert [refused(row.answer) for row in rows[1:]] == ["already-enrolled", "twice-in-list"]
    assert getattr(rows[2].answer, "pointer", "") == "/people/2"


def test_a_bulk_of_more_than_two_thousand_is_refused_as_a_whole() -> None:
    run = a_run(capacity=500)
    answer = a_desk(run).book_bulk(many(run, [uuid4() for _ in range(2001)]), NOON)
    assert refused(answer) == "too-many-rows"


def test_each_row_of_a_bulk_counts_once_when_it_gets_its_first_answer() -> None:
    run = a_run(capacity=2)
    desk = a_desk(run)
    command = many(run, [uuid4() for _ in range(3)])
    rows = desk.book_bulk(command, NOON)
    assert isinstance(rows, list)
    assert desk.book.settled[command.bulk_id] == 1
    for row in rows[:2]:
        desk.priced(a_quote(got(row.answer)), NOON)
    assert desk.book.settled[command.bulk_id] == 3
    desk.cancel(cancelling(got(rows[0].answer)), NOON)
    desk.accept(accepting(got(rows[2].answer)), NOON)
    desk.priced(a_quote(now_of(desk, got(rows[2].answer))), NOON)
    assert now_of(desk, got(rows[2].answer)).state == "confirmed"
    assert desk.book.settled[command.bulk_id] == 3
