"""Three minutes of overlapping faults under load: nothing is lost, doubled or stuck.

Controls, on the same copy afterwards, each undone before the next: an inbox whose marks are
deleted, a counter that is wrong, a question of the watcher that cannot be asked, an inbox that lets
repeats in, an outbox that loses rows (last, for what it lost stays open). The same load, watcher
and checker find each by what is wrong there and nowhere else. The injector only counts what it saw
happen, and a run in which too little happened has failed.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from deploy.local.client import until
from tests.failure.again import send
from tests.failure.checker import violations
from tests.failure.facts import broker, databases
from tests.failure.facts.collect import collect, converge
from tests.failure.history import History
from tests.failure.soak import __main__ as command
from tests.failure.soak import watcher
from tests.failure.soak.copy import a_copy
from tests.failure.soak.injector import repeat
from tests.failure.soak.load import Load
from tests.failure.soak.plan import KINDS, label, plan
from tests.failure.soak.report import READY_SECONDS, Fault, Report
from tests.failure.soak.run import Soak
from tests.failure.soak.watcher import Watcher
from tests.platform import Platform

MINUTES = 3.0
SEED = 20261125

# A repeat is no longer recognised: the key that the inbox stands on is gone
NO_INBOX = "ALTER TABLE inbox DROP CONSTRAINT inbox_pkey"
INBOX = """
    BEGIN;
    LOCK TABLE inbox;
    DELETE FROM inbox one USING inbox other
     WHERE one.ctid > other.ctid
       AND (one.topic, one.message_id) = (other.topic, other.message_id);
    ALTER TABLE inbox ADD CONSTRAINT inbox_pkey PRIMARY KEY (topic, message_id);
    COMMIT;
"""
# Who holds this sends; who waits in line for it gets it as soon as it is free
LOCK = "SELECT pg_advisory_lock(hashtext('outbox relay'))"
UNLOCK = "SELECT pg_advisory_unlock(hashtext('outbox relay'))"
END_THE_RELAY = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'membership relay' AND datname = current_database()
"""
WAITING = "SELECT count(*) FROM outbox WHERE topic = 'membership.quotes'"
LOSE = "DELETE FROM outbox WHERE topic = 'membership.quotes' AND random() < 0.5 RETURNING headers"
DOUBLED, LOST = "asked once for a price, 2 were told", "asked once for a price, 0 were told"
REQUESTED = "enrolment.enrolment-requested.v1"


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


def a_report() -> Report:
    """Of a run in which everything that was planned happened."""
    report = Report(5, 10, "abc", requests={"ok": 1000}, snapshots=50, offsets_read=50)
    report.converged_after, report.ready_after = 10.0, 30.0
    planned = plan(5, 10)
    report.count(planned, [Fault(0, one.kind, one.target, "", done=True) for one in planned])
    return report


@pytest.mark.pure
def test_a_run_in_which_everything_happened_has_passed() -> None:
    report = a_report()
    assert report.too_little == []
    assert report.passed
    assert set(report.faults) == {label(kind.name, kind.targets[0]) for kind in KINDS}


@pytest.mark.pure
@pytest.mark.parametrize("name", sorted(a_report().faults))
def test_control_every_kind_of_fault_on_every_kind_of_target_must_have_happened(name: str) -> None:
    report = a_report()
    without = {kind: count for kind, count in report.faults.items() if kind != name}
    assert not replace(report, faults=without).passed


@pytest.mark.pure
@pytest.mark.parametrize(
    "changes",
    [
        {"faults": a_report().faults | {"kill service": 99}},
        {"faults": a_report().faults | {"crash postgres": 19}},
        {"not_done": 60},
        {"requests": {"ok": 999, "info": 5000}},
        {"snapshots": 0},
        {"offsets_read": 0},
        {"ready_after": READY_SECONDS + 1},
        {"converged_after": None},
        {"violations": ["I01"]},
        {"troubles": ["KeyError"]},
    ],
    ids=str,
)
def test_control_a_run_in_which_too_little_happened_has_failed(changes: dict[str, Any]) -> None:
    assert not replace(a_report(), **changes).passed


@pytest.mark.pure
def test_a_run_that_ends_with_an_exception_keeps_its_seed(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    @contextmanager
    def no_copy() -> Iterator[None]:
        yield None

    kept = tmp_path_factory.mktemp("seeds")
    monkeypatch.setattr(command, "a_copy", no_copy)  # so the run stumbles at its first step
    monkeypatch.setattr(command, "SEEDS", kept)
    monkeypatch.setattr(command, "reports_folder", lambda: kept.parent)
    assert not command.one(17, 0.1, 0.05).passed
    told = json.loads((kept / "17.json").read_text(encoding="utf-8"))
    assert "AttributeError" in told["violations"][0]


@pytest.fixture(scope="module")
def copy() -> Iterator[Platform]:
    """A copy that nobody else sees: it is not clean after the controls."""
    with a_copy("soak") as found:
        yield found


def test_three_minutes_of_faults(copy: Platform) -> None:
    report, _, facts = Soak(copy, SEED, MINUTES).run()
    print(report.line())
    assert report.violations == []
    assert report.troubles == []
    assert report.too_little == []
    assert report.passed
    assert len(facts.records) > 100
    assert sum(len(seen) > 1 for seen in facts.committed.values()) > len(facts.committed) / 2


def prices_told(copy: Platform) -> set[tuple[str, str]]:
    """What is wrong with the number of prices: subjects and sentences (I17)."""
    found = violations(collect(copy, seconds=45))
    return {(one.subject, one.what) for one in found if one.what.startswith("asked once for")}


def test_control_what_comes_again_without_its_mark_takes_effect_again(copy: Platform) -> None:
    """What `test_again.py` sends once more, where the inbox has forgotten it."""
    before = prices_told(copy)
    priced = [r for r in broker.records(copy) if r.type == REQUESTED][-200:]
    known = {subject for subject, _ in before}
    once = {r.id: r for r in priced if r.id not in known}
    again = list(once.values())[-6:]
    assert len(again) == 6
    marks = ", ".join(f"'{record.id}'" for record in again)
    forget = f"DELETE FROM inbox WHERE message_id IN ({marks})"  # noqa: S608
    asyncio.run(_do(copy, "membership", forget))
    send(copy, again)
    assert converge(copy, 60) is not None
    found = prices_told(copy) - before
    assert found == {(record.id, DOUBLED) for record in again}


def test_control_the_watcher_sees_a_wrong_counter_and_a_question_that_cannot_be_asked(
    copy: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = "WHERE id = (SELECT run_id FROM enrolment ORDER BY run_id LIMIT 1)"
    asyncio.run(_do(copy, "enrolment", f"UPDATE run SET waiting = waiting + 1 {one}"))  # noqa: S608
    try:
        assert {what[:3] for what in watched(copy).found} == {"I02"}
    finally:
        one_less = f"UPDATE run SET waiting = waiting - 1 {one}"  # noqa: S608
        asyncio.run(_do(copy, "enrolment", one_less))
    assert watched(copy).found == []
    monkeypatch.setattr(watcher, "MISCOUNTED", "SELECT count(*) FROM nowhere")
    broken = watched(copy)
    assert "UndefinedTableError" in broken.found[0]
    assert broken.looks == 0


def watched(copy: Platform) -> Watcher:
    """What a watcher has found after it looked at everything."""
    seeing = Watcher(copy)
    seeing.start()
    until(lambda: seeing.offsets_read >= 2, 60, "the watcher")
    seeing.stop()
    return seeing


def test_control_an_inbox_that_lets_repeats_in_is_found(copy: Platform) -> None:
    before = prices_told(copy)
    asyncio.run(_do(copy, "membership", NO_INBOX))
    try:
        load = Load(copy, History(), 1, 0.05)
        load.start(runs=3)
        try:
            until(lambda: copy.read("enrolment.enrolments"), 60, "the first requests")
            for draw in range(3):
                repeat(copy, "enrolment.enrolments", draw)
        finally:
            load.stop()
        found = {what for _, what in prices_told(copy) - before}
    finally:
        asyncio.run(_do(copy, "membership", INBOX))
    assert DOUBLED in found  # and more often where a record was drawn again


def test_control_rows_that_the_outbox_loses_are_found(copy: Platform) -> None:
    """They are deleted before anybody has sent them.

    (A row that is lost at its INSERT is missed by the service itself, which counts what it wrote.)
    """
    before = prices_told(copy)
    lost = asyncio.run(_lost_rows(copy))
    assert lost
    assert prices_told(copy) - before == {(cause, LOST) for cause in lost}


async def _lost_rows(copy: Platform) -> set[str]:
    """Hold up the relay while people book, and delete half of what waits for it; their causes."""
    holding = await databases.connect(copy.stack, "membership")
    taking = asyncio.create_task(holding.execute(LOCK))
    try:
        async with asyncio.timeout(120):
            while not taking.done():
                await _do(copy, "membership", END_THE_RELAY)
                await asyncio.sleep(0.2)
            load = Load(copy, History(), 2, 0.05)
            await asyncio.to_thread(load.start, 3)
            while await holding.fetchval(WAITING) < 10:
                await asyncio.sleep(0.2)
            await asyncio.to_thread(load.stop)
            rows = await holding.fetch(LOSE)
            await holding.execute(UNLOCK)
    finally:
        await holding.close()
    return {dict(json.loads(row["headers"]))["ce_causationid"] for row in rows}


async def _do(copy: Platform, service: str, statement: str) -> None:
    connection = await databases.connect(copy.stack, service)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
