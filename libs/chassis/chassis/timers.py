"""Timers: rows with a due time, claimed by whoever comes first (`FOR UPDATE SKIP LOCKED`)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from chassis import metrics
from chassis.database import Database, Transaction

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Timer:
    """Every so often `run` handles what is due, and says how many rows that were."""

    name: str
    every_seconds: float
    run: Callable[[Transaction], Awaitable[int]]


class Timers:
    """Runs the timers of a service until it is stopped."""

    def __init__(self, timers: Sequence[Timer], db: Database) -> None:
        self._timers, self._db = timers, db
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._loop(timer)) for timer in self._timers]

    async def stop(self) -> None:
        """End; what is half done is rolled back and done next time."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def once(self, name: str) -> int:
        """Run one timer now until nothing is due; how many rows it handled (for tests)."""
        timer = next(timer for timer in self._timers if timer.name == name)
        return await self._drain(timer)

    async def _loop(self, timer: Timer) -> None:
        while True:
            try:
                await self._drain(timer)
            except Exception as error:  # noqa: BLE001 - it is tried again
                log.warning("timer failed", timer=timer.name, error=type(error).__name__)
            await asyncio.sleep(timer.every_seconds)

    async def _drain(self, timer: Timer) -> int:
        total = 0
        while True:
            async with self._db.transaction() as tx:
                done = await timer.run(tx)
            total += done
            metrics.TIMER_ROWS.labels(self._db.name, timer.name).inc(done)
            if not done:
                return total
