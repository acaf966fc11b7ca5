"""Looks at the seats and at the committed offsets every two seconds, while everything goes on.

What is away now and then is asked again; any other error is a finding, or a question that cannot
be asked would look like one that is always answered well.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import asyncpg
from aiokafka.errors import KafkaError

from deploy.local.ports import SERVICES
from tests.failure.facts import broker, databases
from tests.failure.facts.model import Group
from tests.platform import Platform

# In any committed snapshot the counters are what the enrolments say (I02)
MISCOUNTED = """
    SELECT count(*) FROM run r JOIN (
        SELECT run_id, count(*) FILTER (WHERE state IN
                   ('requested', 'awaiting_approval', 'offered', 'confirmed')) AS taken,
               count(*) FILTER (WHERE state = 'waitlisted') AS waiting
          FROM enrolment GROUP BY run_id) e ON e.run_id = r.id
     WHERE r.taken <> e.taken OR r.waiting <> e.waiting OR r.taken > r.ceiling
"""
LOOK_SECONDS = 2.0
AWAY = (
    OSError,
    TimeoutError,
    KafkaError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it stops, starts or recovers
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,  # the connection ended under the question
)


class Watcher(threading.Thread):
    """`found` are violations, `looks` and `offsets_read` say how often there was an answer."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(name="watcher", daemon=True)
        self.looks = self.offsets_read = 0
        self.found: list[str] = []
        self.committed: dict[Group, list[int]] = {}
        """Every committed offset that was seen to be another one than before."""
        self._platform = platform
        self._over = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.wait(LOOK_SECONDS):
            self._look(self.count_seats)
            self._look(self.read_offsets)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join(30)

    def _look(self, look: Callable[[], Awaitable[None]]) -> None:
        async def in_time() -> None:
            async with asyncio.timeout(10):
                await look()

        try:
            asyncio.run(in_time())
        except AWAY:
            return
        except Exception as error:  # noqa: BLE001 - it is told at the end
            self._tell(f"watcher: {type(error).__name__}: {error}"[:300])

    def _tell(self, what: str) -> None:
        if what not in self.found:
            self.found.append(what)

    async def count_seats(self) -> None:
        """I02 in one snapshot."""
        connection = await databases.connect(self._platform.stack, "enrolment")
        try:
            wrong = await connection.fetchval(MISCOUNTED)
        finally:
            await connection.close(timeout=5)
        self.looks += 1
        if wrong:
            self._tell(f"I02 {wrong} runs miscounted at {time.time():.0f}")

    async def read_offsets(self) -> None:
        """How far each group says that it has come (I19 looks at it afterwards)."""
        address = self._platform.stack.settings.address("kafka")
        for place, offset in (await broker.committed(address, SERVICES)).items():
            seen = self.committed.setdefault(place, [])
            if seen[-1:] != [offset]:
                seen.append(offset)
        self.offsets_read += 1
