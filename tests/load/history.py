"""`make bench-note what="..."`: the last run as a line of the history in `docs/performance.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.local.settings import ROOT
from tests.load.table import KEPT

PAGE = ROOT / "docs" / "performance.md"
COLUMNS = (
    "CPU per enrolment over HTTP",
    "enrolments over HTTP, 64 clients",
    "enrolments in lists of 100, 8 clients",
    "pipeline against the bare limit",
    "request to certain seat, p99",
    "CPU per enrolment at 20/s",
    "CPU per enrolment at 200/s",
    "idle: CPU of services, PostgreSQL and Kafka",
    "rush: rate against the spread load",
    "rush: until all were answered",
    "rebuild of a projection",
    "memory of all services, idle / memory of all services, loaded",
    "make up, empty state folder / make up, again after make down",
    "growth: CPU per enrolment against a fresh copy",
)


def line(run: Mapping[str, Any], what: str) -> str:
    """One row of the table; what was not measured stays open."""
    values = {figure["name"]: _shown(figure["value"]) for figure in run["figures"]}
    cells = [" / ".join(values.get(name, "-") for name in names.split(" / ")) for names in COLUMNS]
    small = "" if run["scale"] == 1 else f" (scale {run['scale']:g})"
    load = f"{run['load_of_the_machine'][1]:g}{small}"
    words = [run["commit"], run["measured_at"][:10], load, *cells, what.replace("|", "/")]
    return f"| {' | '.join(words)} |\n"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main(arguments: Sequence[str]) -> int:
    """Append it; the history is the end of the page."""
    if len(arguments) != 1 or not arguments[0] or not KEPT.exists():
        print('Run `make bench` first, then: make bench-note what="what changed since"')
        return 1
    run = json.loads(KEPT.read_text(encoding="utf-8"))
    with PAGE.open("a", encoding="utf-8") as page:
        page.write(line(run, arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
