"""`make bench`: what an enrolment costs, from the request to its notice, on one machine.

Everything stands in one run, so that the figures can be compared with each other; machines differ.
The table is printed, the figures are kept as JSON in the state folder.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.client import until
from deploy.local.seed import seed
from deploy.local.settings import ROOT, Settings
from deploy.local.stack import Stack
from deploy.local.token import token
from tests.load import processes
from tests.load.clients import Outcome, closed_loop, open_loop
from tests.platform import Platform

BOOK = "/api/enrolment/enrolments"
WARM, SPREAD, STEADY_SECONDS = 1000, 4000, 15
NOTICES = "SELECT count(*) FROM notice"
UNSENT = "SELECT count(*) FROM notice WHERE state IN ('waiting', 'queued', 'sending')"


class Bench:
    """One measured copy."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.stack = platform, platform.stack
        self.figures: dict[str, Any] = {}
        self._run_ids = [platform.a_run(capacity=1000) for _ in range(12)]

    def requests(self, count: int) -> list[tuple[str, dict[str, str], object]]:
        """Bookings by the coordinator, each for somebody else, spread over all runs."""
        carla = token(self.stack.settings, "carla.coordinator")
        headers = {"Authorization": f"Bearer {carla}"}
        return [
            (
                BOOK,
                {**headers, "Idempotency-Key": str(uuid4())},
                {"run_id": self._run_ids[n % len(self._run_ids)], "person_ref": str(uuid4())},
            )
            for n in range(count)
        ]

    def spread(self, count: int) -> Outcome:
        """So many enrolments by 64 clients, until every notice is recorded."""
        address = self.stack.settings.address("gateway")
        return asyncio.run(closed_loop(address, self.requests(count), 64))

    def steady(self, per_second: int) -> Outcome:
        """Requests at a fixed rate that wait for the settled answer."""
        made = self.requests(per_second * STEADY_SECONDS)
        waiting = [(path, {**headers, "Prefer": "wait=5"}, body) for path, headers, body in made]
        address = self.stack.settings.address("gateway")
        return asyncio.run(open_loop(address, waiting, per_second, 128))

    @contextmanager
    def measured(self, name: str, count: int) -> Iterator[None]:
        """CPU of all parts and time until all notices (person and coordinator) are recorded."""
        before, notices = processes.cpu_seconds(self.stack), self.notices()
        began = time.perf_counter()
        yield
        answered = time.perf_counter() - began
        until(lambda: self.notices() >= notices + 2 * count, 120, "the notices")
        seconds = time.perf_counter() - began
        after = processes.cpu_seconds(self.stack)
        cpu = {part: (after[part] - before[part]) / count * 1000 for part in after}
        self.figures[name] = {
            "enrolments": count,
            "answered_per_second": count / answered,
            "noticed_per_second": count / seconds,
            "cpu_ms": sum(cpu.values()),
            "cpu_ms_by_part": cpu,
        }

    def notices(self) -> int:
        """How many notices are recorded."""
        return asyncio.run(self._count(NOTICES))

    async def _count(self, sql: str) -> int:
        engine = create_async_engine(self.stack.database_url("notifications"))
        try:
            async with engine.connect() as connection:
                return int((await connection.execute(text(sql))).scalar_one())
        finally:
            await engine.dispose()

    def idle(self, seconds: float = 10) -> None:
        """CPU when nothing happens (all mails are out), as a share of one core."""
        until(lambda: asyncio.run(self._count(UNSENT)) == 0, 300, "the last mail")
        before = processes.cpu_seconds(self.stack)
        time.sleep(seconds)
        after = processes.cpu_seconds(self.stack)
        share = {part: (after[part] - before[part]) / seconds * 100 for part in after}
        self.figures["idle_percent"] = share


def run(bench: Bench) -> None:
    """Warm up, then measure everything."""
    with bench.measured("warm-up", WARM):
        bench.spread(WARM)
    with bench.measured("64 clients", SPREAD):
        outcome = bench.spread(SPREAD)
    bench.figures["64 clients"] |= _times(outcome)
    for rate in (20, 100):
        with bench.measured(f"{rate}/s", rate * STEADY_SECONDS):
            outcome = bench.steady(rate)
        bench.figures[f"{rate}/s"] |= _times(outcome)
    bench.figures["memory_mb"] = processes.memory_mb(bench.stack)
    bench.idle()


def _times(outcome: Outcome) -> dict[str, Any]:
    shares = {f"p{p}_ms": outcome.percentile(p) * 1000 for p in (50, 95, 99)}
    return {"statuses": outcome.statuses, **shares}


def show(figures: dict[str, Any]) -> None:
    """The table for people."""
    columns = ("load", "answered/s", "noticed/s", "CPU ms each", "p50 ms", "p99 ms")
    table = Table(*columns, box=None, padding=(0, 2, 0, 0))
    for name, row in figures.items():
        if "cpu_ms" in row:
            cells = [row["answered_per_second"], row["noticed_per_second"], row["cpu_ms"]]
            cells += [row.get("p50_ms", 0), row.get("p99_ms", 0)]
            table.add_row(name, *(f"{cell:,.1f}" for cell in cells))
    console = Console(width=110, highlight=False)
    console.print(table)
    parts = figures["64 clients"]["cpu_ms_by_part"]
    console.print("CPU ms per enrolment:", {k: round(v, 2) for k, v in parts.items() if v > 0.005})
    idle, memory = figures["idle_percent"], figures["memory_mb"]
    console.print(f"idle: {sum(idle.values()):.1f} % of a core; by part:", _rounded(idle))
    console.print(f"memory: {sum(memory.values()):,.0f} MB; by part:", _rounded(memory))


def _rounded(shares: dict[str, float]) -> dict[str, float]:
    return {name: round(share, 1) for name, share in shares.items()}


def main() -> None:
    """Start a copy of its own, measure, end it."""
    settings = Settings.for_tests(
        "bench", KC_DURABLE="1", KC_RATE_AVERAGE="100000", KC_RATE_BURST="100000"
    )
    stack = Stack(settings)
    try:
        stack.up()
        seed(settings)
        bench = Bench(Platform(stack))
        run(bench)
    finally:
        stack.clean()
    show(bench.figures)
    kept = ROOT / ".run" / "bench.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(bench.figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
