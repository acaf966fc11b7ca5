"""`make overload`: one, two and four times what the platform can bear, and back.

Open loop: requests come when they are due, whatever became of the others. First the capacity C is
found by a ramp (the highest rate with p99 of at most 300 ms and nobody refused); then `seconds` at
1, 2 and 4 C and at half of it; then 4 C while the database dies, and 1 C to see whether everything
recovers by itself. At the end every client's answer is held against the database, and the whole
checker of `tests.failure` reads every table and every record (some minutes, some gigabytes).
The gateway's own limits are out of the way here: services have to protect themselves.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chassis.settings import ServiceSettings
from rich.console import Console
from rich.table import Table as Shown

from deploy.local.progress import say
from deploy.local.seed import seed
from deploy.local.settings import ROOT, Settings
from deploy.local.stack import Stack
from tests.failure.checker import violations
from tests.failure.facts.collect import collect, converge
from tests.load.crowd import Crowd
from tests.load.stage import NORMAL_SECONDS, Stage, percentile
from tests.platform import Platform
from tests.revision import commit

KEPT = ROOT / ".run" / "overload.json"
GROWTH, FIRST_RATE, HIGHEST_RATE = 1.3, 60.0, 6000.0
OPEN = "1000000"
SHED_SECONDS = 0.05
BACK_SECONDS = 10
SLOWEST_MAILS = 20  # a second, on a busy machine
MOST_IN_FLIGHT: int = ServiceSettings.model_fields["max_in_flight"].default


@dataclass
class Report:
    """What was found."""

    capacity: float
    stages: list[Stage] = field(default_factory=list)
    base: dict[str, float] = field(default_factory=dict)
    replicas: int = 1
    settled_seconds: float | None = None
    violations: list[str] = field(default_factory=list)

    def stage(self, name: str) -> Stage:
        """A stage by its name."""
        return next(stage for stage in self.stages if stage.name == name)

    def aims(self) -> list[tuple[str, str, bool]]:
        """Each aim, what was seen, and whether it is met."""
        found = []
        for name in ("2 x C", "4 x C"):
            stage = self.stage(name)
            share = stage.goodput / self.capacity
            found += [
                (f"goodput at {name} >= 90 % of C", f"{share:.0%}", share >= 0.9),
                (f"p99 of served at {name} <= 1 s", f"{stage.p(99):.2f} s", stage.p(99) <= 1),
                self._shed(stage),
                (f"refusals at {name} are sound", f"{len(stage.unsound)}", not stage.unsound),
                self._in_flight(stage),
                self._memory(stage),
            ]
        for name in ("0.5 x C", "1 x C after the fault"):
            took = self.stage(name).back_to_normal()
            seen = "never" if took is None else f"{took:.0f} s"
            met = took is not None and took <= BACK_SECONDS
            found.append((f"normal in {name} within {BACK_SECONDS} s", seen, met))
        settled = self.settled_seconds
        found.append(("everything settled", f"{settled} s", settled is not None))
        lost = len(self.violations)
        return [*found, ("lost or doubled", str(lost), lost == 0)]

    def _shed(self, stage: Stage) -> tuple[str, str, bool]:
        """From when a request was due, as all times here: the client's own queue counts."""
        took = percentile([call.took for call in stage.refused], 99)
        aim = f"p99 of refused at {stage.name} <= {SHED_SECONDS * 1000:.0f} ms"
        return aim, f"{took * 1000:.0f} ms", took <= SHED_SECONDS

    def _in_flight(self, stage: Stage) -> tuple[str, str, bool]:
        """All queues inside are filled by requests at work: they are bounded with them."""
        seen, bound = stage.queues.get("kc_requests_in_flight"), MOST_IN_FLIGHT * self.replicas
        aim = f"requests at work at {stage.name} <= {bound}"
        return (
            aim,
            "never seen" if seen is None else f"{seen:.0f}",
            seen is not None and seen <= bound,
        )

    def _memory(self, stage: Stage) -> tuple[str, str, bool]:
        share = stage.queues.get("memory_mb", 0.0) / self.base["memory_mb"]
        return f"memory at {stage.name} <= 130 % of base", f"{share:.0%}", share <= 1.3

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return {
            "commit": commit(),
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "capacity_per_second": round(self.capacity, 1),
            "base": self.base,
            "aims": [{"aim": a, "seen": s, "met": m} for a, s, m in self.aims()],
            "settled_seconds": self.settled_seconds,
            "violations": self.violations[:20],
            "stages": [stage.as_json() for stage in self.stages],
        }


def capacity(crowd: Crowd, step_seconds: float, stages: list[Stage]) -> float:
    """The highest rate at which nobody is refused and nobody waits long.

    One bad step may be the machine's: a rate is too high when it fails twice.
    """
    rate, good = FIRST_RATE, 0.0
    while rate <= HIGHEST_RATE:
        for _ in range(2):
            stage = crowd.book(f"ramp {rate:.0f}/s", rate, step_seconds)
            stages.append(stage)
            bearable = len(stage.accepted) == len(stage.calls) and stage.p(99) <= NORMAL_SECONDS
            if bearable:
                break
        if not bearable:
            break
        good, rate = rate, rate * GROWTH
    return good or FIRST_RATE / 2


def run(crowd: Crowd, seconds: float) -> Report:
    """All stages."""
    ramp: list[Stage] = []
    crowd.book("warm-up", FIRST_RATE, min(seconds, 10))
    report = Report(capacity(crowd, min(seconds, 6), ramp), ramp)
    c, report.base = report.capacity, crowd.look()
    report.replicas = crowd.stack.settings.replicas
    say(f"  capacity: {c:.0f} requests a second")
    for name, factor in (("1 x C", 1), ("2 x C", 2), ("4 x C", 4), ("0.5 x C", 0.5)):
        report.stages.append(crowd.book(name, c * factor, seconds))
        say(f"  {name}: {report.stages[-1].goodput:.0f} a second served within a second")
    fault = threading.Timer(seconds / 4, crowd.stack.kill, ["postgres"])
    fault.start()
    report.stages.append(crowd.book("4 x C and the database dies", c * 4, seconds / 2))
    fault.join()
    report.stages.append(crowd.book("1 x C after the fault", c, max(seconds, 40)))
    report.settled_seconds = crowd.settled_within(max(120.0, 5 * seconds))
    say("  checking all that is stored and told")
    report.violations = [*crowd.violations(), *everything_wrong(crowd)]
    return report


def everything_wrong(crowd: Crowd) -> list[str]:
    """What the checker finds once all has come to rest.

    Who booked is told of every seat by mail, and mails are slower than bookings: its own minute
    begins when they are out.
    """
    served = sum(call.outcome == "ok" for call in crowd.calls)
    converge(crowd.platform, 120 + served / SLOWEST_MAILS)
    return [str(one) for one in violations(collect(crowd.platform))]


def show(report: Report) -> None:
    """The tables for people."""
    columns = ("stage", "asked/s", "served/s", "p50 ms", "p99 ms", "refused p99 ms", "limit")
    shown = Shown(*columns, "in flight", "MB", "answers", box=None, padding=(0, 2, 0, 0))
    for stage in report.stages:
        row, queues = stage.as_json(), stage.queues
        numbers = [
            row["per_second"], row["goodput"], row["accepted_p50_ms"], row["accepted_p99_ms"],
            row["refused_p99_ms"], queues.get("kc_requests_in_flight_limit", 0),
            queues.get("kc_requests_in_flight", 0), queues.get("memory_mb", 0),
        ]  # fmt: skip
        answers = ", ".join(f"{name}: {n}" for name, n in stage.statuses.items())
        shown.add_row(stage.name, *(f"{number:,.0f}" for number in numbers), answers)
    console = Console(width=150, highlight=False)
    console.print(f"C = {report.capacity:.0f} requests a second")
    console.print(shown)
    for aim, seen, met in report.aims():
        console.print(f"{'met   ' if met else 'MISSED'}  {aim}: {seen}")


def main(arguments: Sequence[str]) -> int:
    """Start a copy of its own, measure, end it. Exit code 1 when something was lost."""
    options = argparse.ArgumentParser(description="What happens when too many come.")
    options.add_argument("--seconds", default="", help="length of a stage; 60 by default")
    options.add_argument("--replicas", default="", help="processes of each service; 1 by default")
    options.add_argument("--protected", default="1", help="0: without admission, to compare")
    chosen = options.parse_args(arguments)
    limits = {"KC_RATE_AVERAGE": OPEN, "KC_RATE_BURST": OPEN, "KC_IN_FLIGHT": OPEN}
    limits["KC_MAILS_KEPT"] = OPEN  # the checker misses those that the sink has forgotten
    if chosen.protected == "0":
        limits |= {"KC_MAX_IN_FLIGHT": "0", "KC_MAX_WAITING_WRITES": OPEN, "KC_PATIENCE_MS": "0"}
    settings = Settings.for_tests(
        "overload", KC_DURABLE="1", KC_REPLICAS=chosen.replicas or "1", **limits
    )
    stack = Stack(settings)
    try:
        stack.up()
        seed(settings)
        report = run(Crowd(Platform(stack)), float(chosen.seconds or 60))
    finally:
        stack.clean()
    show(report)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(report.as_json(), indent=1), encoding="utf-8")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
