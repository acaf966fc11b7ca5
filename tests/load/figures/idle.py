"""What the platform uses while nothing happens."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tests.load.bench import PATIENCE, Bench, until
from tests.load.figure import Figure
from tests.load.processes import ALL_SERVICES, Meter

SECONDS, SETTLE = 20.0, 3.0
COUNTED = (*ALL_SERVICES, "postgres", "kafka")
GATEWAY = ("gateway", "gateway-pages")


def measure(bench: Bench) -> list[Figure]:
    """Services, PostgreSQL and Kafka over twenty seconds without a request."""
    bench.wait(until(bench.quiet, PATIENCE, "the last notice"))
    time.sleep(SETTLE)
    meter = Meter(bench.stack)
    time.sleep(max(2.0, SECONDS * bench.scale))
    used = meter.read()
    return [figure({part: share / used.seconds * 100 for part, share in used.parts.items()})]


def figure(percent: Mapping[str, float]) -> Figure:
    """What of it counts, and the gateway beside it."""
    gateway = sum(percent.get(part, 0.0) for part in GATEWAY)
    return Figure(
        "idle: CPU of services, PostgreSQL and Kafka",
        sum(percent.get(part, 0.0) for part in COUNTED),
        "% of a core",
        at_most=8,
        note=f"the portal is a service; not counted: gateway {gateway:.1f}, stand-ins",
        details={"percent_by_part": {part: round(share, 2) for part, share in percent.items()}},
    )
