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

from deploy.local.progress import say
from tests.load import copy, figures, table
from tests.load.bench import Bench
from tests.load.figure import Figure


def main(arguments: Sequence[str]) -> int:
    """Start a copy of its own, measure, end it."""
    options = argparse.ArgumentParser(description="What an enrolment costs.")
    options.add_argument("--only", default="", help="figures, separated by commas")
    options.add_argument("--keep", default="", help="1: leave the copy running")
    options.add_argument("--scale", default="", help="0.1: a tenth of every load (a busy machine)")
    chosen = options.parse_args(arguments)
    wanted = [name for name in chosen.only.split(",") if name] or list(figures.ALL)
    if unknown := set(wanted) - figures.ALL.keys():
        print(
            f"There is no figure {', '.join(sorted(unknown))}; there are {', '.join(figures.ALL)}."
        )
        return 1
    stack = copy.the_copy()
    try:
        copy.start(stack)
        found = measure(Bench(stack, float(chosen.scale or 1)), wanted)
    finally:
        if chosen.keep != "1":
            stack.clean()
    table.show(found)
    table.keep(found)
    return 0


def measure(bench: Bench, wanted: Sequence[str]) -> list[Figure]:
    """These figures, in their order."""
    found: list[Figure] = []
    try:
        for name, figure in figures.ALL.items():
            if name in wanted:
                began = time.monotonic()
                found += figure(bench)
                say(f"  {name}: measured in {time.monotonic() - began:.0f} s")
    finally:
        bench.close()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
