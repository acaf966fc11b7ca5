"""Rows and what they are in the domain. The fields of its classes are the columns of the tables."""

from dataclasses import fields
from typing import Any

import orjson
from chassis.database import Row

from enrolment.domain.cancellation import Step
from enrolment.domain.enrolment import Enrolment, State
from enrolment.domain.run import Run, RunState

RUN = [part.name for part in fields(Run)]
ENROLMENT = [part.name for part in fields(Enrolment)]
RUN_COLUMNS = ", ".join(RUN)
ENROLMENT_COLUMNS = ", ".join(f"e.{name}" for name in ENROLMENT)
IS_LIVE = "e.state NOT IN ('rejected', 'cancelled', 'expired')"  # as in the unique index


def a_run(row: Row) -> Run:
    """A run from its row."""
    facts = {name: row[name] for name in RUN}
    return Run(**facts | {"state": RunState(row["state"]), "policy": _policy(row["policy"])})


def an_enrolment(row: Row) -> Enrolment:
    """An enrolment from its row."""
    facts = {name: row[name] for name in ENROLMENT}
    reason = facts["price_reason"]
    return Enrolment(
        **facts
        | {
            "state": State(facts["state"]),
            "policy": _policy(facts["policy"]),
            "price_reason": orjson.loads(reason) if isinstance(reason, str) else reason,
        }
    )


def _policy(stored: Any) -> tuple[Step, ...]:
    steps = orjson.loads(stored) if isinstance(stored, str) else stored
    return tuple(Step(**step) for step in steps)
