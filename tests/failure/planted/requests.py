"""Wrong answers to requests, and to the same one again (I10 to I13)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.failure.facts.story import good
from tests.failure.facts.told import ANNA, E1, E2, uid
from tests.failure.history import Operation
from tests.failure.planted.changes import with_row
from tests.failure.planted.planting import Plant, plants


def operation(key: str, **changes: Any) -> Operation:
    """The booking of the good run once more, with something else in it."""
    known = good().history[0]
    return replace(known, key=key, **changes)


def with_history(*operations: Operation) -> Plant:
    """More of what clients did."""
    return lambda facts: replace(facts, history=(*facts.history, *operations))


def refusal(code: str) -> dict[str, Any]:
    """The problem that says no."""
    return {"type": "urn:x", "title": "No.", "status": 409, "code": code}


plants("I10", "an acknowledged booking is not there")(
    with_history(operation("k2", answer={"enrolment_id": uid("lost")}))
)
plants("I10", "an acknowledged cancellation was not told")(
    with_history(
        operation("k2", op=f"POST /api/enrolment/enrolments/{E1}/cancellation", about=None)
    )
)
plants("I11", "a refused booking has an effect")(
    lambda f: replace(f, history=(operation("key-1", outcome="fail", status=409),))
)
plants("I12", "one key made two things")(
    with_history(operation("key-1", answer={"enrolment_id": E2}))
)
plants("I12", "the same again, with another status")(with_history(operation("key-1", status=201)))
plants("I12", "the same again, with another body")(
    with_history(operation("key-1", answer={"enrolment_id": E1, "place": 7}))
)
plants("I12", "refused in two ways")(
    with_history(
        operation("k2", outcome="fail", status=409, answer=refusal("run-full"), about=None),
        operation("k2", outcome="fail", status=409, answer=refusal("closed"), about=None),
    )
)
plants("I12", "another body under the same key is no other request")(
    with_history(
        operation("key-1", payload="other", began=3.0, outcome="fail", status=409, answer={})
    )
)
plants("I12", "another body under the same key is the same request")(
    with_history(operation("key-1", payload="other", began=3.0))
)
plants("I12", "one key, two rows")(
    lambda f: with_row(f, "enrolment.enrolment", 1, person_ref=ANNA, state="cancelled")
)
plants("I13", "nobody asked again")(
    with_history(operation("k3", outcome="info", status=0, answer=None))
)
