"""A whole campaign: one process per service, then one with all of them for the portal, and one for
the topics."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chassis.testing import Servers

from deploy.local.settings import ROOT
from tests.fuzz.campaign import NO_INPUT, Report, keep
from tests.fuzz.good import SEEDS
from tests.fuzz.people import SECRET_MAIL, SECRET_NAME

PORTAL, TOPICS = "portal", "topics"
SHARE_OF_PORTAL = 0.005  # a page costs as much as all the routes that it asks
SHARE_OF_TOPICS = 0.06  # a record that is set aside costs a transaction per service that hears it
LONGEST_SECONDS = 4 * 3600.0


@dataclass(frozen=True)
class Plan:
    """What a campaign does."""

    inputs: int
    seed: int
    folder: Path

    def parts(self) -> dict[str, int]:
        """How many inputs each process sends."""
        records = round(self.inputs * SHARE_OF_TOPICS)
        pages = round(self.inputs * SHARE_OF_PORTAL)
        each = -(-(self.inputs - records - pages) // len(SEEDS))
        return {**dict.fromkeys(SEEDS, each), PORTAL: pages, TOPICS: records}


def run(plan: Plan, servers: Servers) -> Report:
    """Send everything; raises if a process does not end well."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    parts, report = plan.parts(), Report()
    for names in (list(SEEDS), [PORTAL], [TOPICS]):  # what one sends, the next would hear
        started = {name: _start(name, parts[name], plan, servers) for name in names}
        try:
            _ended_well(started, plan)
        finally:
            for process in started.values():
                process.kill()
                process.wait()
        for name in names:
            found = Report()
            found.add(json.loads((plan.folder / f"{name}.json").read_text("utf-8")))
            _judge_log(name, plan.folder / f"{name}.log", found)
            keep(name, found)
            report.add(found.packed())
    return report


def _ended_well(started: Mapping[str, subprocess.Popen[bytes]], plan: Plan) -> None:
    for name, process in started.items():
        if code := process.wait(LONGEST_SECONDS):
            why = (plan.folder / f"{name}.err").read_text("utf-8", "replace")[-1500:]
            raise RuntimeError(f"{name} ended with {code}: {why}")


def _start(name: str, count: int, plan: Plan, servers: Servers) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.fuzz.worker", name, str(plan.seed), str(count)]
    places = {"KC_TEST_POSTGRES": servers.postgres, "KC_TEST_KAFKA": servers.kafka}
    log = plan.folder / f"{name}.log"
    with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
        return subprocess.Popen(
            [*command, str(plan.folder)],
            cwd=ROOT,
            env={**os.environ, **places},
            stdout=out,
            stderr=err,
        )


def _judge_log(name: str, log: Path, report: Report) -> None:
    """Logs hold ids, codes and counts; and a bug that was answered or set aside stands here too."""
    with log.open("rb") as lines:
        for why in judged_log(lines):
            report.complain(f"log of {name}", why, NO_INPUT)


def judged_log(lines: Iterator[bytes]) -> Iterator[str]:
    """What is wrong with the lines of a log. A canary never stands in one, nor a stored name."""
    canary = re.compile(rb"kc[0-9a-f]{14}")
    secrets = (SECRET_NAME.encode(), SECRET_MAIL.encode())
    for line in lines:
        if canary.search(line):
            yield "what was sent stands in the log"
        if any(secret in line for secret in secrets):
            yield "personal data stands in the log"
        if b'"msg":"a bug"' in line:
            yield "a bug"
        if b"was never retrieved" in line:
            yield "a task failed, and nobody saw it"


def shown(report: Report) -> str:
    """Inputs, answers and findings, for people."""
    by_status: dict[str, Counter[str]] = {}
    for name, count in report.statuses.items():
        where, _, status = name.rpartition(" ")
        by_status.setdefault(where, Counter())[status] += count
    lines = [f"{report.total} inputs in {report.seconds:.0f} s"]
    for where in sorted({*report.inputs, *by_status}):
        told = ", ".join(f"{s}: {n}" for s, n in sorted(by_status.get(where, {}).items()))
        lines.append(f"{report.inputs.get(where, 0):8d}  {where}  {told}")
    lines.append(f"{len(report.counts)} kinds of findings")
    lines += [f"{count:8d}  {name}" for name, count in report.counts.most_common()]
    return "\n".join(lines)
