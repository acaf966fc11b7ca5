"""Wrong seats, states and lines (I01 to I09)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.failure.facts.model import Facts
from tests.failure.facts.told import ANNA, BEN, E2, NOON, T, about, event, seats, uid
from tests.failure.planted.changes import plus, saying, with_record, with_row, with_rows
from tests.failure.planted.planting import plants


def _held_for_ben(facts: Facts) -> Facts:
    body = about(E2, BEN) | {"held_until": T, "held_at": T, "seats": seats(2, 2, 0, 2)}
    held = event("enrolment.seat-held.v1", body, "waitlisted", version=1, offset=1)
    return with_record(facts, "waitlisted", lambda _: held)


plants("I01", "two people sit on one seat")(_held_for_ben)
plants("I09", "somebody is let in over the capacity")(_held_for_ben)
plants("I01", "a counter that was not counted")(
    lambda f: with_record(f, "held", saying(seats=seats(0, 0, 0, 1)))
)
plants("I02", "the run says 0 taken")(lambda f: with_row(f, "enrolment.run", taken=0))
plants("I02", "the run forgot who waits")(lambda f: with_row(f, "enrolment.run", waiting=0))
plants("I03", "twice the same person")(
    lambda f: with_row(f, "enrolment.enrolment", 1, person_ref=ANNA)
)
plants("I03", "twice the same person in events")(
    lambda f: with_record(f, "waitlisted", saying(person_ref=ANNA))
)
plants("I04", "a deadline passed and nothing happened")(
    lambda f: with_row(f, "enrolment.enrolment", 1, due_at=NOON - timedelta(hours=1))
)
plants("I04", "a request without a price")(
    lambda f: with_row(f, "enrolment.enrolment", 1, state="requested")
)
plants("I04", "somebody still waits for a run that began")(
    lambda f: with_row(f, "enrolment.run", starts_at=NOON - timedelta(days=1))
)
plants("I05", "the row is somewhere else")(
    lambda f: with_row(f, "enrolment.enrolment", 1, state="cancelled")
)


@plants("I05", "confirmed out of the line")
def _confirmed_out_of_the_line(facts: Facts) -> Facts:
    prices = {"price_cents": 300, "price_kind": "member", "saving_cents": 100}
    body = about(E2, BEN) | prices | {"confirmed_at": T}
    return plus(
        facts, event("enrolment.seat-confirmed.v1", body, "odd", version=2, cause="priced2")
    )


plants("I06", "a free seat behind a line")(lambda f: with_row(f, "enrolment.run", capacity=2))


def _offered(facts: Facts, enrolment: str, person: str, name: str = "offered") -> Facts:
    body = about(enrolment, person) | {"offered_until": T, "offered_at": T}
    body["seats"] = seats(1, 1, 0, 9)
    return plus(facts, event("enrolment.seat-offered.v1", body, name, version=2, offset=9))


@plants("I07", "the second in line is offered a seat first")
def _overtaken(facts: Facts) -> Facts:
    third = with_rows(
        facts,
        "enrolment.enrolment",
        [*facts.rows("enrolment", "enrolment"), {"id": uid("e3"), "number": 3, **_rest(facts)}],
    )
    body = about(uid("e3"), uid("third")) | {"place": 2, "waitlisted_at": T}
    body["seats"] = seats(1, 1, 2, 4)
    waits = event("enrolment.seat-waitlisted.v1", body, "third-waits", version=1, offset=5)
    return _offered(plus(third, waits), uid("e3"), uid("third"))


def _rest(facts: Facts) -> dict[str, Any]:
    row = dict(facts.rows("enrolment", "enrolment")[1])
    return {name: value for name, value in row.items() if name not in ("id", "number")}


plants("I08", "an offer that nobody took back")(
    lambda f: with_row(
        f, "enrolment.enrolment", 1, state="offered", offered_until=NOON - timedelta(hours=1)
    )
)
plants("I08", "two offers to one person")(
    lambda f: _offered(_offered(f, E2, BEN), E2, BEN, "again")
)
plants("I09", "a place in a run that was cancelled")(
    lambda f: with_row(f, "enrolment.run", state="cancelled")
)
