"""A tiny good run, by hand: one seat, Anna has it, Ben waits. Every invariant holds for it.

A run with one seat is published and booked twice; membership prices both, Anna is confirmed and
told by mail. Tests plant one wrong thing into it with `replace`, `row`, `event`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from contracts.base import EVENTS

from tests.failure.facts.model import Facts, Hears, Mail, Place, Record, Row
from tests.failure.history import Operation

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


def _records() -> tuple[Record, ...]:
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


def _enrolment(id_: str, person: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "run_id": RUN,
        "organisation_id": ORG,
        "person_ref": person,
        "state": state,
        "number": 1,
        "version": 1,
        "due_at": None,
        "offered_until": None,
        "binding_at": NOON,
        "confirmed_at": None,
        "price_cents": 300,
        "price_kind": "member",
        "saving_cents": 100,
        "priced_for_on": date(2026, 11, 25),
    } | more


def _tables() -> dict[str, dict[str, tuple[Row, ...]]]:
    return {
        "catalog": {
            "offer": ({"offer_id": OFFER, "version": 1},),
            "run": ({"run_id": RUN, "version": 1},),
        },
        "enrolment": _enrolment_tables(),
        "membership": {
            "organisation": ({"organisation_id": ORG, "version": 2},),
            "inbox": _marks("enrolment.enrolments"),
        },
        "notifications": {
            "notice": tuple(
                body | NOTICE_ROW | {"organisation_id": ORG, "bulk_id": None} for body in NOTICES
            ),
            "person": ({"person_ref": ANNA, "mail": "anna@kreis.example"},),
        },
    }


NOTICE_ROW = {
    "state": "sent",
    "texts": "2",
    "claim": 1,
    "attempts": 1,
    "reason": None,
    "due_at": NOON,
}
SEATS_ROW = {
    "id": RUN,
    "state": "open",
    "capacity": 1,
    "taken": 1,
    "held": 0,
    "waiting": 1,
    "on_demand": False,
    "starts_at": NOON + timedelta(days=100),
    "ends_at": NOON + timedelta(days=101),
    "closes_at": NOON + timedelta(days=90),
}


def _marks(*topics: str) -> tuple[Row, ...]:
    return tuple({"topic": r.topic, "message_id": r.id} for r in _records() if r.topic in topics)


def _enrolment_tables() -> dict[str, tuple[Row, ...]]:
    buried = {
        "topic": "catalog.runs",
        "message_id": uid("poison"),
        "partition": 0,
        "offset": 1,
        "state": "dead",
    }
    return {
        "run": (SEATS_ROW,),
        "enrolment": (
            _enrolment(E1, ANNA, "confirmed", version=2, confirmed_at=NOON),
            _enrolment(E2, BEN, "waitlisted", number=2),
        ),
        "inbox": _marks("catalog.runs", "membership.quotes"),
        "dead_letter": (buried,),
        "idempotency": ({"key": "key-1", "answer": "{}", "refusal": None},),
    }


def good() -> Facts:
    """The whole story."""
    mail = f"<{uuid5(UUID(uid('confirmed')), f'{ANNA}/2')}@kommunalcampus.example>"
    booked = Operation(
        "POST /api/enrolment/enrolments",
        "key-1",
        "hash",
        1.0,
        2.0,
        "ok",
        202,
        {"enrolment_id": E1},
        {},
        "carla",
        {"run_id": RUN, "person_ref": ANNA},
    )
    return Facts(
        history=(booked,),
        tables=_tables(),
        records=_records(),
        mails=(Mail(mail, ("anna@kreis.example",)),),
        hears=(
            Hears("enrolment", "catalog.runs"),
            Hears("enrolment", "membership.quotes"),
            Hears("membership", "enrolment.enrolments"),
        ),
        places=(Place("enrolment.catalog.runs", "catalog.runs", 0, 2, 2),),
        logs={"enrolment.log": "batch"},
        ready={"enrolment": True},
        canaries=("anna@kreis.example", "Anna Albers"),
        tenants={"carla": ORG},
        taken_at=NOON + timedelta(minutes=5),
        converged_after=3.0,
    )


def with_row(facts: Facts, where: str, index: int = 0, **changes: Any) -> Facts:
    """Change one row of `service.table`."""
    service, _, table = where.partition(".")
    rows = list(facts.rows(service, table))
    rows[index] = dict(rows[index]) | changes
    return with_rows(facts, where, rows)


def with_rows(facts: Facts, where: str, rows: Iterable[Row]) -> Facts:
    """Put other rows in place of those of `service.table`."""
    service, _, table = where.partition(".")
    tables = {name: dict(kept) for name, kept in facts.tables.items()}
    tables[service][table] = tuple(rows)
    return replace(facts, tables=tables)


def with_record(facts: Facts, name: str, change: Callable[[Record], Record]) -> Facts:
    """Change the record whose id was made of `name`."""
    return replace(
        facts,
        records=tuple(
            change(r) if r.id == uid(name) and not r.topic.endswith(".dead") else r
            for r in facts.records
        ),
    )


def plus(facts: Facts, *records: Record) -> Facts:
    """Add records."""
    return replace(facts, records=(*facts.records, *records))


def saying(**changes: Any) -> Callable[[Record], Record]:
    """A change of the body of a record, for `with_record`."""
    return lambda record: replace(record, value=json.dumps(record.body | changes).encode())
