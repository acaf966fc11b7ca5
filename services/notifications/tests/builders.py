"""Things with good defaults, so that a test shows only what matters to it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.base import Event, Meta
from contracts.catalog import RunScheduled
from contracts.enrolment import (
    ApprovalReminded,
    BulkRow,
    BulkSettled,
    EnrolmentCancelled,
    EnrolmentRejected,
    SeatConfirmed,
    SeatOffered,
    SeatWaitlisted,
)
from contracts.membership import EnrolmentPriced, PriceReason
from notifications.domain.announcer import Announcer, Notice
from notifications.domain.course import Booking, Dossier, Run
from notifications.domain.person import Person
from notifications.domain.steps import BULK, CONFIRMED, Step

NOON = datetime(2027, 1, 15, 11, 0, tzinfo=UTC)
COUNTY, TOWN = UUID(int=100), UUID(int=101)
ANNA, CARLA, PAUL = UUID(int=1), UUID(int=2), UUID(int=3)
RUN, ENROLMENT = UUID(int=10), UUID(int=20)


def a_person(ref: UUID = ANNA, **changes: Any) -> Person:
    """Anna Müller of the county, with an address."""
    values: dict[str, Any] = {
        "organisation_id": COUNTY,
        "given_name": "Anna",
        "family_name": "Müller",
        "mail": "anna.mueller@kreis.example",
    }
    return Person(ref, **(values | changes))


def carla(**changes: Any) -> Person:
    """The coordinator of the county."""
    values: dict[str, Any] = {
        "given_name": "Carla",
        "family_name": "Koch",
        "mail": "carla.koch@kreis.example",
    }
    return a_person(CARLA, **(values | changes))


def a_step(**changes: Any) -> Step:
    """Anna's seat is confirmed; Carla booked it."""
    values: dict[str, Any] = {
        "cause_id": UUID(int=50),
        "kind": CONFIRMED,
        "about_id": ENROLMENT,
        "run_id": RUN,
        "organisation_id": COUNTY,
        "at": NOON,
        "person_ref": ANNA,
        "booked_by_ref": CARLA,
        "facts": {"price_cents": 35300, "price_kind": "member", "saving_cents": 8800},
        "correlation_id": "c-1",
    }
    return Step(**(values | changes))


def an_announcer(**changes: Any) -> Announcer:
    """Knows Anna, Carla and the run."""
    values: dict[str, Any] = {
        "people": {ANNA: a_person(), CARLA: carla()},
        "runs": {RUN},
        "bulks": {},
    }
    return Announcer(**(values | changes))


def a_run(**changes: Any) -> Run:
    """Two days in Heppenheim."""
    values: dict[str, Any] = {
        "run_id": RUN,
        "offer_id": UUID(int=11),
        "title": "Digitale Akte einführen",
        "format": "hybrid",
        "starts_at": datetime(2027, 3, 1, 8, 0, tzinfo=UTC),
        "ends_at": datetime(2027, 3, 2, 15, 0, tzinfo=UTC),
        "location": "Heppenheim",
        "standard_cents": 44100,
        "member_cents": 35300,
        "told_at": NOON,
    }
    return Run(**(values | changes))


def a_booking(**changes: Any) -> Booking:
    """Confirmed at the member price."""
    values: dict[str, Any] = {
        "enrolment_id": ENROLMENT,
        "run_id": RUN,
        "person_ref": ANNA,
        "state": "confirmed",
        "was_confirmed": True,
        "sequence": 3,
        "price_cents": 35300,
        "saving_cents": 8800,
        "price_kind": "member",
        "reason": "member-on-day",
        "member_since_on": date(2027, 1, 1),
    }
    return Booking(**(values | changes))


def a_notice(kind: str = CONFIRMED, **changes: Any) -> Notice:
    """To Anna about her seat."""
    values: dict[str, Any] = {
        "notice_id": UUID(int=60),
        "cause_id": UUID(int=50),
        "kind": kind,
        "about_id": ENROLMENT,
        "run_id": RUN,
        "organisation_id": COUNTY,
        "recipient_ref": CARLA if kind == BULK else ANNA,
        "audience": "coordinator" if kind == BULK else "person",
        "step_at": NOON,
        "created_at": NOON,
        "due_at": NOON,
        "state": "queued",
        "channel": "mail",
        "person_ref": None if kind == BULK else ANNA,
        "sequence": 4,
    }
    return Notice(**(values | changes))


def a_dossier(notice: Notice, **changes: Any) -> Dossier:
    """All that is known about a notice."""
    values: dict[str, Any] = {
        "recipient": carla() if notice.audience == "coordinator" else a_person(),
        "person": a_person(),
        "run": a_run(),
        "booking": a_booking(),
        "people": {ANNA: a_person()},
    }
    return Dossier(notice, **(values | changes))


def received(event: Event, at: datetime = NOON, version: int | None = None) -> Event:
    """An event as it comes from a topic."""
    return event.received(Meta(uuid4(), at, "c-1", version=version))


def _about(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "enrolment_id": uuid4(),
        "run_id": RUN,
        "organisation_id": COUNTY,
        "person_ref": ANNA,
        "booked_by_ref": CARLA,
    }
    return values | changes


def run_scheduled(**changes: Any) -> RunScheduled:
    """The catalogue tells a run."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "run_id": RUN,
        "offer_id": uuid4(),
        "provider_id": "hochschule-rhein-neckar",
        "run_ref": "2027-03",
        "title": "Digitale Akte einführen",
        "format": "hybrid",
        "starts_at": datetime(2027, 3, 1, 8, 0, tzinfo=UTC),
        "ends_at": datetime(2027, 3, 2, 15, 0, tzinfo=UTC),
        "location": "Heppenheim",
        "capacity": 20,
        "booking_closes_at": now + timedelta(days=30),
        "standard_cents": 44100,
        "member_cents": 35300,
    }
    return RunScheduled(**(values | changes))


def priced(enrolment_id: UUID) -> EnrolmentPriced:
    """Membership tells the member price."""
    return EnrolmentPriced(
        enrolment_id=enrolment_id,
        organisation_id=COUNTY,
        price_cents=35300,
        price_kind="member",
        reason=PriceReason(code="member-on-day", member_since_on=date(2027, 1, 1), tier=4),
        priced_for_on=date(2027, 1, 15),
        saving_cents=8800,
    )


def confirmed(**changes: Any) -> SeatConfirmed:
    """A seat is certain."""
    values: dict[str, Any] = {
        "price_cents": 35300,
        "price_kind": "member",
        "saving_cents": 8800,
        "confirmed_at": datetime.now(UTC),
    }
    return SeatConfirmed(**_about(**(values | changes)))


def reminded(**changes: Any) -> ApprovalReminded:
    """Those who decide are asked once more."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "reminded_by_ref": ANNA,
        "held_until": now + timedelta(hours=30),
        "price_cents": 35300,
        "reminded_at": now,
    }
    return ApprovalReminded(**_about(**(values | changes)))


def waitlisted(**changes: Any) -> SeatWaitlisted:
    """A place in the line."""
    values: dict[str, Any] = {"place": 3, "waitlisted_at": datetime.now(UTC)}
    return SeatWaitlisted(**_about(**(values | changes)))


def offered(**changes: Any) -> SeatOffered:
    """A freed seat for the first in line."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {"offered_until": now + timedelta(days=2), "offered_at": now}
    return SeatOffered(**_about(**(values | changes)))


def cancelled(**changes: Any) -> EnrolmentCancelled:
    """It was called off."""
    values: dict[str, Any] = {"reason": "by-person", "cancelled_at": datetime.now(UTC)}
    return EnrolmentCancelled(**_about(**(values | changes)))


def rejected(**changes: Any) -> EnrolmentRejected:
    """The organisation decided against it; Carla did."""
    values: dict[str, Any] = {"decided_by_ref": CARLA, "rejected_at": datetime.now(UTC)}
    return EnrolmentRejected(**_about(**(values | changes)))


def bulk_settled(bulk_id: UUID, **changes: Any) -> BulkSettled:
    """A bulk booking has all its answers."""
    values: dict[str, Any] = {
        "bulk_id": bulk_id,
        "run_id": RUN,
        "organisation_id": COUNTY,
        "booked_by_ref": CARLA,
        "rows": [
            BulkRow(enrolment_id=uuid4(), person_ref=ANNA, state="confirmed", price_cents=35300),
            BulkRow(enrolment_id=uuid4(), person_ref=PAUL, state="waitlisted", place=1),
        ],
        "settled_at": datetime.now(UTC),
    }
    return BulkSettled(**(values | changes))
