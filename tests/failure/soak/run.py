"""One soak: load, faults, healing, check; and its report."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.settings import ROOT
from tests.failure.checker import violations
from tests.failure.facts import databases
from tests.failure.facts.collect import collect
from tests.failure.facts.model import Facts
from tests.failure.history import History
from tests.failure.invariants.events import wire_duplicates
from tests.failure.soak.injector import Fault, Injector
from tests.failure.soak.load import Load
from tests.failure.soak.plan import plan
from tests.platform import Platform
from tests.revision import commit

# In any committed snapshot the counters are what the enrolments say (I02)
MISCOUNTED = """
    SELECT count(*) FROM run r JOIN (
        SELECT run_id, count(*) FILTER (WHERE state IN
                   ('requested', 'awaiting_approval', 'offered', 'confirmed')) AS taken,
               count(*) FILTER (WHERE state = 'waitlisted') AS waiting
          FROM enrolment GROUP BY run_id) e ON e.run_id = r.id
     WHERE r.taken <> e.taken OR r.waiting <> e.waiting OR r.taken > r.ceiling
"""
LOOK_SECONDS = 2.0


@dataclass
class Report:
    """What a soak did and found."""

    seed: int
    minutes: float
    commit: str
    faults: dict[str, int] = field(default_factory=dict)
    not_done: int = 0
    requests: dict[str, int] = field(default_factory=dict)
    enrolments: int = 0
    records: int = 0
    wire_duplicates: int = 0
    mails: int = 0
    dead_letters: int = 0
    snapshots: int = 0
    ready_after: float = 0.0
    converged_after: float | None = None
    violations: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Nothing was found, and it came to rest in time."""
        return not self.violations and self.converged_after is not None

    def line(self) -> str:
        """One line for a page."""
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        return (
            f"seed {self.seed}, {self.minutes:g} min at {self.commit}: {sum(self.faults.values())}"
            f" faults ({faults}), {sum(self.requests.values())} requests {self.requests},"
            f" {self.enrolments} enrolments, {self.records} records, {self.wire_duplicates}"
            f" repeats on the wire, {self.mails} mails, at rest after {self.converged_after} s,"
            f" {len(self.violations)} violations"
        )


class Watcher(threading.Thread):
    """Looks at the seats every two seconds, while everything goes on."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(name="watcher", daemon=True)
        self.looks = 0
        self.found: list[str] = []
        self._platform = platform
        self._over = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.wait(LOOK_SECONDS):
            with contextlib.suppress(Exception):  # the database is away now and then
                wrong = asyncio.run(self._look())
                self.looks += 1
                if wrong:
                    self.found.append(f"I02 {wrong} runs miscounted at {time.time():.0f}")

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join(20)

    async def _look(self) -> int:
        async with asyncio.timeout(10):
            connection = await databases.connect(self._platform.stack, "enrolment")
            try:
                wrong: int = await connection.fetchval(MISCOUNTED)
                return wrong
            finally:
                await connection.close(timeout=5)


@dataclass
class Soak:
    """What is chosen for one run."""

    platform: Platform
    seed: int
    minutes: float
    pause: float = 0.05

    def run(self) -> tuple[Report, list[Fault], Facts]:
        """Load and faults, then rest, then the check."""
        report = Report(self.seed, self.minutes, commit())
        history = History(self.platform.stack.settings.run / "history.jsonl")
        load = Load(self.platform, history, self.seed, self.pause)
        injector = Injector(self.platform, plan(self.seed, self.minutes))
        watcher = Watcher(self.platform)
        load.start()
        watcher.start()
        injector.start()
        injector.join()
        healing = time.monotonic()
        injector.heal()
        report.ready_after = round(time.monotonic() - healing, 1)
        load.stop()
        watcher.stop()
        facts = collect(self.platform, history)
        found = [str(violation) for violation in violations(facts)]
        report.violations = [*watcher.found, *found]
        report.snapshots, report.troubles = watcher.looks, load.troubles
        _fill(report, injector.log, facts)
        return report, injector.log, facts


def _fill(report: Report, log: list[Fault], facts: Facts) -> None:
    report.faults = dict(Counter(_named(fault) for fault in log if fault.done))
    report.not_done = sum(not fault.done for fault in log)
    report.requests = dict(Counter(one.outcome for one in facts.history))
    report.enrolments = len(facts.rows("enrolment", "enrolment"))
    report.records = len(facts.records)
    report.wire_duplicates = wire_duplicates(facts)
    report.mails = len(facts.mails)
    report.dead_letters = sum(len(facts.rows(name, "dead_letter")) for name in facts.services)
    after = facts.converged_after
    report.converged_after = None if after is None else round(after, 1)


def _named(fault: Fault) -> str:
    services = ("catalog", "enrolment", "membership", "notifications")
    if fault.kind in ("mail", "repeat", "end-backend"):
        return fault.kind
    return f"{fault.kind} {'service' if fault.target in services else fault.target}"


def as_json(report: Report, log: list[Fault]) -> dict[str, Any]:
    """The report with every fault and its time."""
    return asdict(report) | {"fault_log": [asdict(fault) for fault in log]}


def reports_folder() -> Path:
    """Where reports are kept, outside the copies that are forgotten."""
    folder = ROOT / ".run" / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
