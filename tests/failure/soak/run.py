"""One soak: load, faults, healing, check; and its report."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local.settings import ROOT
from tests.failure.checker import violations
from tests.failure.facts.collect import collect
from tests.failure.facts.model import Facts
from tests.failure.history import History
from tests.failure.invariants.events import wire_duplicates
from tests.failure.soak.injector import Injector
from tests.failure.soak.load import Load
from tests.failure.soak.plan import plan
from tests.failure.soak.report import Fault, Report
from tests.failure.soak.watcher import Watcher
from tests.platform import Platform
from tests.revision import commit

WAIT_SECONDS = 240.0  # for rest; how long it may take says I40


@dataclass
class Soak:
    """What is chosen for one run."""

    platform: Platform
    seed: int
    minutes: float
    pause: float = 0.05

    def run(self) -> tuple[Report, list[Fault], Facts]:
        """Load and faults, then rest, then the check.

        The minute of I40 begins when every part is ready again after the last fault; how long that
        took is told, and has a limit of its own. The clients go on until then, and what they have
        begun is part of what has to come to an end.
        """
        report = Report(self.seed, self.minutes, commit())
        history = History(self.platform.stack.settings.run / "history.jsonl")
        load = Load(self.platform, history, self.seed, self.pause)
        planned = plan(self.seed, self.minutes)
        injector = Injector(self.platform, planned)
        watcher = Watcher(self.platform)
        load.start()
        watcher.start()
        injector.start()
        injector.join()
        healed = time.monotonic()
        injector.heal()
        ready = time.monotonic()
        report.ready_after = round(ready - healed, 1)
        load.stop()
        facts = collect(self.platform, history, WAIT_SECONDS, since=ready)
        watcher.stop()
        facts = replace(facts, committed=watcher.committed)
        report.violations = [*watcher.found, *map(str, violations(facts))]
        report.snapshots, report.offsets_read = watcher.looks, watcher.offsets_read
        report.troubles = load.troubles
        report.count(planned, injector.log)
        _fill(report, facts)
        return report, injector.log, facts


def _fill(report: Report, facts: Facts) -> None:
    report.requests = dict(Counter(one.outcome for one in facts.history))
    report.enrolments = len(facts.rows("enrolment", "enrolment"))
    report.records = len(facts.records)
    report.wire_duplicates = wire_duplicates(facts)
    report.mails = len(facts.mails)
    report.dead_letters = sum(len(facts.rows(name, "dead_letter")) for name in facts.services)
    after = facts.converged_after
    report.converged_after = None if after is None else round(after, 1)


def reports_folder() -> Path:
    """Where reports are kept, outside the copies that are forgotten."""
    folder = ROOT / ".run" / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
