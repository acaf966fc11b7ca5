"""What was told in the good run (`story`), and how a record of ours is made."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from contracts.base import EVENTS

from tests.failure.facts.model import Record

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
T = "2026-11-25T12:00:00Z"


def uid(name: str) -> str:
    """The same id for the same name."""
    return str(uuid5(NAMESPACE_DNS, name))


RUN, OFFER, ORG, OTHER = (uid(name) for name in ("run", "offer", "org", "other"))
ANNA, BEN, CARLA = (uid(name) for name in ("anna", "ben", "carla"))
E1, E2 = uid("e1"), uid("e2")

OFFER_BODY = {
    "offer_id": OFFER,
    "provider_id": "uni",
    "offer_ref": "A",
    "title": "Recht",
    "language": "de",
    "format": "presence",
    "standard_cents": 400,
    "member_cents": 300,
    "published_at": T,
}
RUN_BODY = {
    "run_id": RUN,
    "offer_id": OFFER,
    "provider_id": "uni",
    "run_ref": "a",
    "title": "Recht",
    "format": "presence",
    "starts_at": "2027-04-05T07:00:00Z",
    "ends_at": "2027-04-05T14:00:00Z",
    "capacity": 1,
    "booking_closes_at": "2027-03-29T21:00:00Z",
    "standard_cents": 400,
    "member_cents": 300,
}


def about(enrolment: str, person: str) -> dict[str, Any]:
    """Whom an event is about. Carla booked for both."""
    return {
        "enrolment_id": enrolment,
        "run_id": RUN,
        "organisation_id": ORG,
        "person_ref": person,
        "booked_by_ref": CARLA,
    }


def seats(taken: int, held: int, waiting: int, version: int) -> dict[str, int]:
    """The seats of the run."""
    return {
        "capacity": 1,
        "taken": taken,
        "held": held,
        "waiting": waiting,
        "version": version,
    }


def event(kind: str, body: dict[str, Any], name: str, **more: Any) -> Record:
    """A record of ours; `name` makes its id. `cause`, `version`, `offset` may be given."""
    topic = EVENTS[kind].topic.name
    key = EVENTS[kind].model_construct(**body).key
    headers = {
        "ce_id": uid(name),
        "ce_type": kind,
        "ce_source": f"/{topic.partition('.')[0]}",
        "ce_specversion": "1.0",
        "ce_time": T,
        "ce_correlationid": "thread",
    }
    if "cause" in more:
        headers["ce_causationid"] = uid(more["cause"])
    if "version" in more:
        headers["ce_aggregateversion"] = str(more["version"])
    packed = tuple((name, value.encode()) for name, value in headers.items())
    value = json.dumps(body).encode()
    return Record(topic, 0, more.get("offset", 0), key.encode(), value, packed, 0)


def _asked(enrolment: str, person: str) -> dict[str, Any]:
    prices = {"standard_cents": 400, "member_cents": 300}
    return about(enrolment, person) | prices | {"offer_id": OFFER, "requested_at": T}


def quote(enrolment: str) -> dict[str, Any]:
    """A member's price."""
    return {
        "enrolment_id": enrolment,
        "organisation_id": ORG,
        "price_cents": 300,
        "price_kind": "member",
        "saving_cents": 100,
        "priced_for_on": "2026-11-25",
        "reason": {"code": "member-on-day", "member_since_on": "2021-01-27", "tier": 4},
    }


def _notice(cause: str, kind: str, enrolment: str, person: str) -> dict[str, Any]:
    return {
        "notice_id": uid(f"{cause}/{person}"),
        "cause_id": uid(cause),
        "about_id": enrolment,
        "kind": kind,
        "recipient_ref": person,
        "channel": "portal",
        "sent_at": T,
    }


NOTICES = [
    _notice("confirmed", "seat-confirmed", E1, ANNA) | {"channel": "mail"},
    _notice("confirmed", "seat-confirmed", E1, CARLA),
    _notice("waitlisted", "seat-waitlisted", E2, BEN),
    _notice("waitlisted", "seat-waitlisted", E2, CARLA),
]


def records() -> tuple[Record, ...]:
    """Everything on the topics, with one record that cannot be read and its copy."""
    member = {
        "organisation_id": ORG,
        "application_id": uid("application"),
        "member_number": 1,
        "member_since_on": "2021-01-27",
        "tier": 4,
    }
    org = {"organisation_id": ORG, "code": "org", "employees": 800, "registered_at": T}
    price = {"price_cents": 300, "price_kind": "member", "saving_cents": 100}
    confirmed = about(E1, ANNA) | price | {"confirmed_at": T, "seats": seats(1, 0, 1, 3)}
    held = about(E1, ANNA) | {"held_until": T, "held_at": T, "seats": seats(1, 1, 0, 1)}
    waits = about(E2, BEN) | {"place": 1, "waitlisted_at": T, "seats": seats(1, 1, 1, 2)}
    told = [
        event("membership.organisation-registered.v1", org, "registered", version=1),
        event("membership.member-admitted.v1", member, "admitted", version=2, offset=1),
        event("catalog.offer-published.v1", OFFER_BODY, "published", version=1),
        event("catalog.run-scheduled.v1", RUN_BODY, "scheduled", version=1),
        event("enrolment.enrolment-requested.v1", _asked(E1, ANNA), "asked1", version=1),
        event("enrolment.enrolment-requested.v1", _asked(E2, BEN), "asked2", version=1, offset=1),
        event("enrolment.seat-held.v1", held, "held", version=1),
        event("enrolment.seat-waitlisted.v1", waits, "waitlisted", version=1, offset=1),
        event("membership.enrolment-priced.v1", quote(E1), "priced1", cause="asked1"),
        event("membership.enrolment-priced.v1", quote(E2), "priced2", cause="asked2", offset=1),
        event(
            "enrolment.seat-confirmed.v1",
            confirmed,
            "confirmed",
            version=2,
            cause="priced1",
            offset=2,
        ),
        _poison(),
        _copy_of_poison(),
    ]
    for number, body in enumerate(NOTICES):
        kind = "notifications.notice-sent.v1"
        told.append(event(kind, body, f"sent{number}", cause="confirmed", offset=number))
    return tuple(told)


def _poison() -> Record:
    headers = (("ce_id", uid("poison").encode()), ("ce_type", b"catalog.run-changed.v1"))
    return Record("catalog.runs", 0, 1, b"k", b"{", headers)


def _copy_of_poison() -> Record:
    why = {
        "dead_service": "enrolment",
        "dead_topic": "catalog.runs",
        "dead_partition": "0",
        "dead_offset": "1",
    }
    added = tuple((name, value.encode()) for name, value in why.items())
    return Record("catalog.runs.dead", 0, 0, b"k", b"{", _poison().raw_headers + added)
