"""Three minutes of overlapping faults under load: nothing is lost, doubled or stuck.

Controls, on the same copy afterwards: a database whose inbox lets repeats in, and one whose outbox
loses a row, are both found by the same load and the same checker. So is the injector: it only
counts what it saw happen, and every kind must have happened.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.failure.checker import violations
from tests.failure.facts import databases
from tests.failure.facts.collect import collect
from tests.failure.history import History
from tests.failure.soak.copy import a_copy
from tests.failure.soak.injector import repeat
from tests.failure.soak.load import Load
from tests.failure.soak.plan import KINDS, plan
from tests.failure.soak.run import Soak
from tests.platform import Platform

MINUTES = 3.0
SEED = 20261125

# A repeat is no longer recognised: the key that the inbox stands on is gone
NO_INBOX = "ALTER TABLE inbox DROP CONSTRAINT inbox_pkey"
# What is told in this topic never reaches the outbox
FORGETFUL = """
    CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.topic = 'membership.quotes' AND random() < 0.5 THEN RETURN NULL; END IF;
            RETURN NEW;
        END $$;
    CREATE TRIGGER forget BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION forget();
"""


@pytest.mark.pure
def test_a_plan_has_every_kind_often_enough_and_is_the_same_for_a_seed() -> None:
    faults = plan(5, 10)
    assert faults == plan(5, 10)
    assert faults != plan(6, 10)
    counted = Counter((fault.kind, fault.target) for fault in faults)
    services = {"catalog", "enrolment", "membership", "notifications"}
    kills = sum(n for (kind, on), n in counted.items() if kind == "kill" and on in services)
    assert kills >= 100
    assert counted["crash", "postgres"] >= 20
    assert counted["kill", "kafka"] >= 5
    assert {kind.name for kind in KINDS} == {kind for kind, _ in counted}
    ends = [fault.at + fault.seconds for fault in faults]
    assert max(ends) <= 600
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)


@pytest.fixture(scope="module")
def copy() -> Iterator[Platform]:
    """A copy that nobody else sees: it is not clean after the controls."""
    with a_copy("soak") as found:
        yield found


def test_three_minutes_of_faults(copy: Platform) -> None:
    report, log, facts = Soak(copy, SEED, MINUTES).run()
    print(report.line())
    assert report.violations == []
    assert report.converged_after is not None
    assert {fault.kind for fault in log if fault.done} == {kind.name for kind in KINDS}
    assert report.requests["ok"] > 0
    assert len(facts.records) > 100


@pytest.mark.parametrize(
    ("service", "mutant", "invariant"),
    [("membership", NO_INBOX, "I17"), ("membership", FORGETFUL, "I17")],
    ids=["repeats are let in", "the outbox loses rows"],
)
def test_control_a_broken_protection_is_found(
    copy: Platform, service: str, mutant: str, invariant: str
) -> None:
    before = {v.subject for v in violations(collect(copy, seconds=20)) if v.invariant == invariant}
    asyncio.run(_do(copy, service, mutant))
    history = History()
    load = Load(copy, history, 1, 0.05)
    load.start(runs=3)
    for draw in range(3):
        repeat(copy, "enrolment.enrolments", draw)
    load.stop()
    facts = collect(copy, history, seconds=20)
    found = {v.subject for v in violations(facts) if v.invariant == invariant}
    assert found - before


async def _do(copy: Platform, service: str, statement: str) -> None:
    connection = await databases.connect(copy.stack, service)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
