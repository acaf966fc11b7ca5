"""What a soak did and found, and whether that is enough. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.failure.soak.plan import Planned, label

READY_SECONDS = 120.0  # from the last fault until every part answers; a start of all takes some 30
LEAST_A_MINUTE: Mapping[str, float] = {"kill service": 10, "crash postgres": 2}
LEAST_SHARE = 0.5  # of every other kind: what it aims at is away now and then
MOST_NOT_DONE = 0.2  # of all planned faults
LEAST_OK_A_MINUTE = 100
LEAST_LOOKS_A_MINUTE = 5  # of 30, at the seats and at the offsets: what is asked is often away


@dataclass(frozen=True)
class Fault:
    """What was done at a time (seconds since 1970). `done`: it was seen to happen."""

    time: float
    kind: str
    target: str
    detail: str
    done: bool


@dataclass
class Report:
    """One run. Times are seconds."""

    seed: int
    minutes: float
    commit: str
    planned: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    """Those that were seen to happen."""
    not_done: int = 0
    requests: dict[str, int] = field(default_factory=dict)
    enrolments: int = 0
    records: int = 0
    wire_duplicates: int = 0
    mails: int = 0
    dead_letters: int = 0
    snapshots: int = 0
    """How often the seats were counted meanwhile (I02)."""
    offsets_read: int = 0
    """How often the committed offsets were read meanwhile (I19)."""
    ready_after: float = 0.0
    """From the healing of the last fault until every part was ready."""
    converged_after: float | None = None
    """From then until nothing was left to be done, the clients' own last requests included."""
    violations: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    """What the clients of the load met that is no fault: a bug of the load, or worse."""

    @property
    def too_little(self) -> list[str]:
        """What was not done often enough to prove anything, or took too long."""
        minutes = self.minutes
        found = [
            f"{self.faults.get(name, 0)} of {wanted} {name}"
            for name, wanted in least(self.planned, minutes).items()
            if self.faults.get(name, 0) < wanted
        ]
        if self.not_done > MOST_NOT_DONE * sum(self.planned.values()):
            found.append(f"{self.not_done} faults could not be done")
        for name, count, a_minute in (
            ("requests that were served", self.requests.get("ok", 0), LEAST_OK_A_MINUTE),
            ("looks at the seats", self.snapshots, LEAST_LOOKS_A_MINUTE),
            ("looks at the offsets", self.offsets_read, LEAST_LOOKS_A_MINUTE),
        ):
            if count < a_minute * minutes:
                found.append(f"{count} {name}, not {a_minute} a minute")
        if self.ready_after > READY_SECONDS:
            found.append(f"ready after {self.ready_after} s, not {READY_SECONDS:.0f}")
        return found

    @property
    def passed(self) -> bool:
        """Nothing was found, enough was done, and it came to rest (I40 says in which time)."""
        bad = [*self.violations, *self.troubles, *self.too_little]
        return not bad and self.converged_after is not None

    def count(self, planned: Sequence[Planned], log: Sequence[Fault]) -> None:
        """Take in what was planned and what became of it."""
        self.planned = dict(Counter(label(fault.kind, fault.target) for fault in planned))
        done = (label(fault.kind, fault.target) for fault in log if fault.done)
        self.faults = dict(Counter(done))
        self.not_done = sum(not fault.done for fault in log)

    def line(self) -> str:
        """One line for a page."""
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        return (
            f"seed {self.seed}, {self.minutes:g} min at {self.commit}: {sum(self.faults.values())}"
            f" faults ({faults}; {self.not_done} could not be done), {sum(self.requests.values())}"
            f" requests {self.requests}, {self.enrolments} enrolments, {self.records} records,"
            f" {self.wire_duplicates} repeats on the wire, {self.mails} mails, seats counted"
            f" {self.snapshots} and offsets read {self.offsets_read} times; all parts ready"
            f" {self.ready_after} s after the last fault, at rest {self.converged_after} s after"
            f" that; {len(self.violations)} violations, too little: {self.too_little},"
            f" troubles: {self.troubles[:5]}"
        )


def least(planned: Mapping[str, int], minutes: float) -> dict[str, int]:
    """How often each kind of fault must have been seen, on each kind of target."""
    return {
        name: (
            math.floor(LEAST_A_MINUTE[name] * minutes)
            if name in LEAST_A_MINUTE
            else math.ceil(LEAST_SHARE * count)
        )
        for name, count in planned.items()
    }


def as_json(report: Report, log: Sequence[Fault]) -> dict[str, Any]:
    """The report with every fault and its time."""
    more = {"too_little": report.too_little, "fault_log": [asdict(fault) for fault in log]}
    return asdict(report) | more
