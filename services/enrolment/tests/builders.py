"""Things for tests, with good defaults: a test shows only what matters to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeVar, cast
from uuid import UUID, uuid4

from contracts.base import Cause, Event, Meta
from contracts.catalog import RunCancelled, RunChanged, RunScheduled, RunWithdrawn
from contracts.membership import EnrolmentPriced, PriceReason
from contracts.refusal import Refusal
from enrolment.commands import (
    AcceptSeat,
    Accounting,
    BookBulk,
    BulkRow,
    CancelEnrolment,
    ChangeAccounting,
    DecideRequest,
    DeclineSeat,
    RequestEnrolment,
    Who,
)
from enrolment.domain.book import Book
from enrolment.domain.cancellation import Step
from enrolment.domain.deadlines import berlin_day
from enrolment.domain.desk import Desk
from enrolment.domain.enrolment import Enrolment
from enrolment.domain.house import HouseRules
from enrolment.domain.run import Run

NOON = datetime(2027, 3, 3, 11, tzinfo=UTC)  # a Wednesday
STARTS = datetime(2027, 4, 5, 7, tzinfo=UTC)
CAUSE = Cause("a-request")
BERGSTRASSE, AUSSERHALB = uuid4(), uuid4()
E = TypeVar("E", bound=Event)
ANNA, PAUL, NINA = uuid4(), uuid4(), uuid4()
CARLA = Who(uuid4(), BERGSTRASSE, coordinator=True)
APPROVER = Who(uuid4(), BERGSTRASSE, approver=True)
BPA = (Step(11, 0), Step(4, 70, 50), Step(0, 100))


def a_run(**more: Any) -> Run:
    """A run in April 2027 that is open until the end of March."""
    capacity = more.pop("capacity", 2)
    facts: dict[str, Any] = {
        "id": uuid4(),
        "offer_id": uuid4(),
        "title": "Vergaberecht für Einsteiger",
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(hours=7),
        "location": "Bensheim",
        "closes_at": STARTS - timedelta(days=7),
        "capacity": capacity,
        "ceiling": capacity,
        "standard_cents": 44_100,
        "member_cents": 35_300,
        "policy": BPA,
    }
    return Run(**(facts | more))


def a_desk(*runs: Run, house: HouseRules | None = None) -> Desk:
    """A desk with nobody in the runs; the county has these rules."""
    return Desk(Book(runs, houses={BERGSTRASSE: house or HouseRules()}))


def an_employee(person_ref: UUID = ANNA) -> Who:
    """An employee of the county."""
    return Who(person_ref, BERGSTRASSE)


def asking(run: Run, person_ref: UUID | None = None, who: Who = CARLA, **more: Any) -> Any:
    """A wish; by default the coordinator books somebody."""
    return RequestEnrolment(uuid4(), run.id, person_ref or uuid4(), who, CAUSE, **more)


def for_oneself(run: Run, person_ref: UUID = ANNA) -> RequestEnrolment:
    """An employee asks for a seat."""
    return RequestEnrolment(uuid4(), run.id, person_ref, an_employee(person_ref), CAUSE)


def many(run: Run, people: Sequence[UUID], *, all_or_nothing: bool = False) -> BookBulk:
    """The coordinator books a list."""
    rows = [BulkRow(uuid4(), person) for person in people]
    return BookBulk(uuid4(), run.id, rows, all_or_nothing, CARLA, CAUSE)


def got(answer: Enrolment | Refusal) -> Enrolment:
    """The enrolment of an answer that must not be a refusal."""
    assert isinstance(answer, Enrolment), answer
    return answer


def refused(answer: object) -> str:
    """The code of an answer that must be a refusal."""
    assert isinstance(answer, Refusal), answer
    return answer.code


def a_quote(
    enrolment: Enrolment, on: date | None = None, kind: Literal["member", "standard"] = "member"
) -> EnrolmentPriced:
    """Membership says what it costs."""
    member = kind == "member"
    cents = enrolment.member_cents if member else enrolment.standard_cents
    return because_of_a_record(
        EnrolmentPriced(
            enrolment_id=enrolment.id,
            organisation_id=enrolment.organisation_id,
            price_cents=cents,
            price_kind=kind,
            reason=PriceReason(code="member-on-day" if member else "not-a-member"),
            priced_for_on=on or enrolment.binding_on,
            saving_cents=enrolment.standard_cents - cents,
        )
    )


def because_of_a_record(event: E, version: int | None = None) -> E:
    """As if it had been read from a topic."""
    event.received(Meta(uuid4(), NOON, "a-request", version=version))
    return event


def confirmed(desk: Desk, run: Run, at: datetime = NOON, **more: Any) -> Enrolment:
    """Somebody who has a certain seat."""
    held = got(desk.request(asking(run, **more), at))
    desk.priced(a_quote(held), at)
    return now_of(desk, held)


def waiting(desk: Desk, run: Run, at: datetime = NOON, **more: Any) -> Enrolment:
    """Somebody who stands in the line."""
    enrolment = got(desk.request(asking(run, **more), at))
    assert enrolment.state == "waitlisted"
    return enrolment


def now_of(desk: Desk, enrolment: Enrolment) -> Enrolment:
    """The enrolment as it is now."""
    return desk.book.enrolments[enrolment.id]


def run_of(desk: Desk, run: Run) -> Run:
    """The run as it is now."""
    return desk.book.runs[run.id]


def accepting(enrolment: Enrolment, who: Who = CARLA) -> AcceptSeat:
    """The offered seat is wanted."""
    return AcceptSeat(enrolment.id, who, CAUSE)


def declining(enrolment: Enrolment, who: Who = CARLA) -> DeclineSeat:
    """The offered seat is passed on."""
    return DeclineSeat(enrolment.id, who, CAUSE)


def cancelling(enrolment: Enrolment, who: Who = CARLA) -> CancelEnrolment:
    """It is called off."""
    return CancelEnrolment(enrolment.id, who, CAUSE)


def charging(enrolment: Enrolment, who: Who = CARLA, **changes: Any) -> ChangeAccounting:
    """Its costs are booked elsewhere."""
    return ChangeAccounting(enrolment.id, cast("Accounting", changes), who, CAUSE)


def deciding(
    enrolment: Enrolment,
    decision: Literal["approve", "reject"] = "approve",
    reason: str | None = None,
    who: Who = APPROVER,
) -> DecideRequest:
    """The organisation decides."""
    return DecideRequest(enrolment.id, decision, reason, who, CAUSE)


def told(desk: Desk, enrolment: Enrolment | None = None) -> list[str]:
    """The short names of what was told (about one enrolment)."""
    events = [
        event
        for event in desk.book.events
        if enrolment is None or getattr(event, "enrolment_id", None) == enrolment.id
    ]
    return [event.type.split(".")[1] for event in events]


def snapshot(run: Run) -> dict[str, Any]:
    """What the catalogue tells of a run."""
    return {
        "run_id": run.id,
        "offer_id": run.offer_id,
        "provider_id": "hochschule-rhein-neckar",
        "run_ref": "a",
        "title": run.title,
        "format": "on_demand" if run.on_demand else "presence",
        "starts_at": run.starts_at,
        "ends_at": run.ends_at,
        "location": run.location,
        "capacity": run.capacity,
        "booking_closes_at": run.closes_at,
        "cancellation_policy": [
            {
                "days_before": step.days_before,
                "percent": step.percent,
                "member_percent": step.member_percent,
            }
            for step in run.policy
        ],
        "standard_cents": run.standard_cents,
        "member_cents": run.member_cents,
    }


def scheduled(run: Run, version: int = 1) -> RunScheduled:
    """The run can be booked."""
    return because_of_a_record(RunScheduled(**snapshot(run)), version)


def changed(run: Run, version: int = 2, **changes: Any) -> RunChanged:
    """The run changed."""
    return because_of_a_record(RunChanged(**snapshot(replace(run, **changes))), version)


def withdrawn(run: Run, version: int = 2) -> RunWithdrawn:
    """The run takes no more bookings."""
    return because_of_a_record(
        RunWithdrawn(run_id=run.id, offer_id=run.offer_id, withdrawn_at=NOON), version
    )


def called_off(run: Run, version: int = 2) -> RunCancelled:
    """The run does not take place."""
    return because_of_a_record(
        RunCancelled(run_id=run.id, offer_id=run.offer_id, cancelled_at=NOON), version
    )


def days_before_start(days: int, run: Run) -> datetime:
    """Noon of the day so many calendar days before the run."""
    day = berlin_day(run.starts_at) - timedelta(days=days)
    return datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
