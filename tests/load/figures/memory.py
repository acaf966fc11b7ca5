"""Memory of the services: fresh and idle, and the most during a load.

PSS: what several processes share is counted once, divided among them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.load.bench import Bench
from tests.load.clients import closed_loop
from tests.load.figure import Figure
from tests.load.processes import ALL_SERVICES, memory_mb

COUNT = 4000
Memory = Mapping[str, Mapping[str, float]]


def measure(bench: Bench) -> list[Figure]:
    """After a fresh start of all services, the portal among them, and under load."""
    for service in ALL_SERVICES:
        bench.stack.stop(service)
        bench.stack.start(service)
    idle = memory_mb(bench.stack)
    count = bench.size(COUNT)
    requests = bench.requests(count)
    with _watched(bench) as seen:
        bench.cost(count, closed_loop(bench.address, requests, 64))
    loaded = max(seen, key=lambda memory: _sum(memory, "pss"))
    return [
        figure("memory of all services, idle", idle, 400),
        figure("memory of all services, loaded", loaded, 600),
    ]


@contextmanager
def _watched(bench: Bench) -> Iterator[list[Memory]]:
    """Looks once a second while the load runs, and once after it."""
    seen: list[Memory] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(1.0):
            seen.append(memory_mb(bench.stack))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
        seen.append(memory_mb(bench.stack))


def _sum(memory: Memory, kind: str) -> float:
    return sum(memory[service][kind] for service in ALL_SERVICES)


def figure(name: str, memory: Memory, aim: float) -> Figure:
    """What of it counts, and the gateway beside it."""
    shown = {
        part: {kind: round(mb) for kind, mb in kinds.items()} for part, kinds in memory.items()
    }
    gateway = memory.get("gateway", {}).get("pss", 0.0)
    note = f"PSS; private alone (USS) {_sum(memory, 'uss'):,.0f} MB; gateway {gateway:,.0f} MB"
    return Figure(name, _sum(memory, "pss"), "MB", at_most=aim, note=note, details=shown)
