"""`make bench`: what an enrolment costs, from the request to its notice, on one machine.

Everything stands in one run, so that the figures can be compared with each other; machines differ.
`only=http,idle` measures some of them, `keep=1` leaves the copy running for the next time. The
table is printed, the figures are kept as JSON in the state folder.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tests.load import copy, figures, table
from tests.load.bench import Bench
from tests.load.figure import Figure


def main(arguments: Sequence[str]) -> int:
    """Start a copy of its own, measure, end it."""
    options = argparse.ArgumentParser(description="What an enrolment costs.")
    options.add_argument("--only", default="", help="figures, separated by commas")
    options.add_argument("--keep", default="", help="1: leave the copy running")
    options.add_argument("--scale", default="", help="0.1: a tenth of each load, on a busy machine")
    chosen = options.parse_args(arguments)
    wanted = [name for name in chosen.only.split(",") if name] or list(figures.ALL)
    if unknown := set(wanted) - figures.ALL.keys():
        there = ", ".join(figures.ALL)
        print(f"There is no figure {', '.join(sorted(unknown))}. There are: {there}.")
        return 1
    stack = copy.the_copy()
    try:
        copy.start(stack)
        bench = Bench(stack, float(chosen.scale or 1))
        found = measure(bench, wanted)
    finally:
        if chosen.keep != "1" or "growth" in wanted:  # what was filled in is not kept
            stack.clean()
    table.show(found)
    table.keep(found, bench.scale)
    return 0 if all(name in {figure.group for figure in found} for name in wanted) else 2


def measure(bench: Bench, wanted: Sequence[str]) -> list[Figure]:
    """These figures, in their order. One that cannot be measured is told, the others go on."""
    found: list[Figure] = []
    try:
        for name, take in figures.ALL.items():
            if name not in wanted:
                continue
            began = time.monotonic()
            try:
                new = [figure.of(name) for figure in take(bench)]
            except Exception as error:  # noqa: BLE001 - it is told, and the next one measured
                print(f"  {name}: NOT MEASURED: {type(error).__name__}: {error}", flush=True)
                continue
            found += new
            print(f"  {name}: measured in {time.monotonic() - began:.0f} s", flush=True)
            for one in new:
                print(f"    {one.name}: {one.value:,.2f} {one.unit} {one.verdict}", flush=True)
    finally:
        bench.close()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
