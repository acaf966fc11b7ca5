"""What the platform uses while nothing happens."""

from __future__ import annotations

import time

from tests.load.bench import PATIENCE, Bench, until
from tests.load.figure import Figure
from tests.load.processes import SERVICES, Meter

SECONDS, SETTLE = 20.0, 3.0
COUNTED = (*SERVICES, "postgres", "kafka")


def measure(bench: Bench) -> list[Figure]:
    """Services, PostgreSQL and Kafka over twenty seconds without a request."""
    bench.wait(until(bench.quiet, PATIENCE, "the last notice"))
    time.sleep(SETTLE)
    meter = Meter(bench.stack)
    time.sleep(max(2.0, SECONDS * bench.scale))
    used = meter.read()
    shares = {part: seconds / used.seconds * 100 for part, seconds in used.parts.items()}
    return [
        Figure(
            "idle: CPU of services, PostgreSQL and Kafka",
            sum(shares.get(part, 0.0) for part in COUNTED),
            "% of a core",
            at_most=8,
            note="identity provider, gateway and mail sink are shown, not counted",
            details={"percent_by_part": {k: round(v, 2) for k, v in shares.items()}},
        )
    ]
