"""A tiny good run, by hand: one seat, Anna has it, Ben waits. Every invariant holds for it.

A run with one seat is published and booked twice; membership prices both, Anna is confirmed and
told by mail. `tests.failure.planted` plants one wrong thing after the other into it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from tests.failure.facts.model import Facts, Hears, Mail, Place, Row
from tests.failure.facts.told import (
    ANNA,
    BEN,
    E1,
    E2,
    NOON,
    NOTICES,
    OFFER,
    ORG,
    RUN,
    records,
    uid,
)
from tests.failure.history import Operation


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
    return tuple({"topic": r.topic, "message_id": r.id} for r in records() if r.topic in topics)


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
        records=records(),
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
