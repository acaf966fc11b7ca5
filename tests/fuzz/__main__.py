"""`make fuzz inputs=1000000 seed=N`: the long form, on servers of its own."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from chassis.testing import Servers

from deploy.local.settings import Settings
from deploy.local.stack import Stack
from tests.fuzz.processes import Plan, run, shown


def main() -> int:
    """Send them, print what came of it; 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    stack = Stack(Settings.for_tests("fuzz"), {"postgres", "kafka"})
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        stack.up()
        servers = Servers(
            stack.database_url("postgres", admin=True), stack.settings.address("kafka")
        )
        report = run(Plan(given.inputs, given.seed, folder), servers)
    finally:
        stack.clean()
    print(shown(report))
    print(f"reports and logs: {folder}")
    return 1 if report.counts else 0


if __name__ == "__main__":
    sys.exit(main())
