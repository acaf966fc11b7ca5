"""What an enrolment costs when few come: every one is then a batch of its own, at a fixed price.

All CPU of these seconds is counted, also what the idle platform would have used (see `idle`).
"""

from __future__ import annotations

from tests.load.bench import Bench
from tests.load.clients import open_loop
from tests.load.figure import Figure

SECONDS, CLIENTS = 15, 64
AIMS = {20: 10.0, 200: 4.0}


def measure(bench: Bench) -> list[Figure]:
    """At 20 and at 200 in a second."""
    bench.warm_up()
    return [_at(bench, rate, aim) for rate, aim in AIMS.items()]


def _at(bench: Bench, rate: int, aim: float) -> Figure:
    count = max(5, bench.size(rate * SECONDS))
    cost = bench.cost(count, open_loop(bench.address, bench.requests(count), rate, CLIENTS))
    return Figure(
        f"CPU per enrolment at {rate}/s",
        cost.cpu_ms,
        "ms",
        at_most=aim,
        note="everything in these seconds, idle work included",
        details=cost.details(),
    )
