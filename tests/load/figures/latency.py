"""How long somebody waits for the certain seat (`Prefer: wait=5`) at half of what HTTP can take.

An open loop: requests begin when they are due, and the time counts from then on. A client that
waited for an answer before it asked again would hide every standstill.
"""

from __future__ import annotations

from tests.load.bench import Bench
from tests.load.clients import closed_loop, open_loop
from tests.load.figure import Figure

SECONDS, CLIENTS, PROBE = 12, 256, 3000


def measure(bench: Bench) -> list[Figure]:
    """Half of the capacity that was measured before, else measured now."""
    bench.warm_up()
    rate = capacity(bench) / 2
    count = max(20, bench.size(int(rate * SECONDS)))
    requests = bench.requests(count, wait=5)
    cost = bench.cost(count, open_loop(bench.address, requests, rate, CLIENTS))
    settled = cost.outcome.statuses.get(201, 0) / count * 100
    note = f"open loop at {rate:,.0f}/s, half of the capacity; {settled:.1f} % were settled"
    p50, p99 = cost.outcome.percentile(50), cost.outcome.percentile(99)
    return [
        Figure("request to certain seat, p50", p50, "ms"),
        Figure(
            "request to certain seat, p99", p99, "ms", at_most=50, note=note, details=cost.details()
        ),
    ]


def capacity(bench: Bench) -> float:
    """Enrolments per second by 64 clients."""
    if "capacity" not in bench.known:
        count = bench.size(PROBE)
        cost = bench.cost(count, closed_loop(bench.address, bench.requests(count), 64))
        bench.known["capacity"] = count / cost.outcome.seconds
    return bench.known["capacity"]
