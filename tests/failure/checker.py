"""The checker: facts in, violations out. Runs at the end of every run on the platform.

    from tests.failure.checker import check_now
    from tests.failure.history import History

    history = History()
    history.insist(carla, "POST", "/api/enrolment/enrolments", body)
    ...faults...
    check_now(platform, history)        # waits for rest (at most 60 s), then AssertionError

`check_now` reads all databases and all topics (seconds): once at the end of a test. Without a
history it checks everything but the answers. Tests may send poison, wrong offers, repeats of our
own records and records without our `ce_source`; all of that must end as a verdict or a dead
letter. A test that forges *events of ours* with our `ce_source` gives false alarms.
"""

from __future__ import annotations

import asyncio

from tests.failure.facts import databases
from tests.failure.facts.collect import collect, patiently
from tests.failure.facts.model import Facts
from tests.failure.history import History
from tests.failure.invariants.listed import CHECKED
from tests.failure.invariants.violation import Violation
from tests.platform import Platform

SHOWN = 20
ANSWERS = frozenset({"I10", "I11", "I12", "I13", "I39"})


def violations(facts: Facts) -> list[Violation]:
    """Everything that does not hold. Pure: the same facts give the same list."""
    return [
        Violation(name, subject, what)
        for name, invariant in CHECKED.items()
        for subject, what in invariant(facts)
    ]


def check_now(platform: Platform, history: History | None = None) -> Facts:
    """Collect and check. AssertionError with the first violations; else the facts."""
    facts = collect(platform, history)
    found = violations(facts)
    if found:
        raise AssertionError(report(found))
    return facts


def check_answers(platform: Platform) -> None:
    """Where not everything runs: what clients were told against what enrolment has stored."""
    stored = patiently(lambda: asyncio.run(databases.dump_one(platform.stack, "enrolment")))
    facts = Facts(history=platform.history.operations, tables={"enrolment": stored})
    found = [one for one in violations(facts) if one.invariant in ANSWERS]
    if found:
        raise AssertionError(report(found))


def report(found: list[Violation]) -> str:
    """The first violations, one per line."""
    more = [f"… and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    lines = [str(violation) for violation in found[:SHOWN]]
    return "\n".join([f"{len(found)} violations:", *lines, *more])
