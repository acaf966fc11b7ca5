"""The measured copy: runs to book, people to book for, loads, and what they cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import uvloop

from deploy.local.stack import Stack
from deploy.local.token import token
from tests.load.clients import Outcome, Request, closed_loop
from tests.load.databases import Databases
from tests.load.processes import Meter, Used
from tests.platform import Platform, an_offer

BOOK = "/api/enrolment/enrolments"
BULK = "/api/enrolment/enrolments/bulk"
BOOKER = "carla.coordinator"
RUNS, SEATS, WARM = 60, 100_000, 3000
PATIENCE = 600.0  # on a busy machine all takes its time; what counts is CPU

NOW = "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
SINCE = "SELECT count(*) FROM notice WHERE written_in >= $1"
# By the indexes of the two queues: what looks is counted with PostgreSQL, and the table is large.
UNSENT = """
    SELECT EXISTS (SELECT FROM notice WHERE state = 'waiting')
        OR EXISTS (SELECT FROM notice WHERE state IN ('queued', 'sending'))
"""
TELL_BY = "UPDATE person SET channel = $1 WHERE mail LIKE 'carla%'"

T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What a load of so many enrolments took, until all of its notices were recorded."""

    count: int
    outcome: Outcome
    used: Used

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds of the platform for each enrolment."""
        return self.used.counted / self.count * 1000

    def details(self) -> dict[str, Any]:
        """What stands beside the figure."""
        return {
            "enrolments": self.count,
            "statuses": self.outcome.statuses,
            "sent_away_and_came_again": self.outcome.sent_away,
            "answered_per_second": round(self.count / self.outcome.seconds, 1),
            "noticed_per_second": round(self.count / self.used.seconds, 1),
            "p50_ms": round(self.outcome.percentile(50), 1),
            "p99_ms": round(self.outcome.percentile(99), 1),
            "cpu_ms_by_part": self.used.each(self.count),
            "client_cpu_ms": round(self.used.client / self.count * 1000, 3),
        }


class Bench:
    """One measured copy. `scale` makes every load smaller (for the test of the instruments)."""

    def __init__(self, stack: Stack, scale: float = 1.0) -> None:
        self.platform, self.stack, self.scale = Platform(stack), stack, scale
        self.databases = Databases(stack)
        self.known: dict[str, float] = {}
        """Figures that others build on, `capacity` for example."""
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._runs: list[str] = []
        self._bearer, self._bearer_since = "", float("-inf")
        self._warm = False

    def close(self) -> None:
        """Let go of everything but the copy."""
        self.wait(self.databases.close())
        self._runner.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it on the loop of the bench."""
        return self._runner.run(work)

    def size(self, count: int) -> int:
        """So many, in scale."""
        return max(1, round(count * self.scale))

    # -- what there is to book

    def runs(self) -> list[str]:
        """Runs with more seats than anybody books, known to everybody."""
        if not self._runs:
            self._runs = self.new_runs(RUNS, SEATS)
        return self._runs

    def new_runs(self, count: int, capacity: int) -> list[str]:
        """Offers as a provider submits them, until enrolment and notifications know their runs."""
        refs = {f"B-{uuid4().hex[:8]}" for _ in range(count)}
        self.platform.publish(*(an_offer(ref, capacity) for ref in refs))
        return self.wait(self._known_runs(refs))

    async def _known_runs(self, refs: set[str]) -> list[str]:
        sql = "SELECT id FROM run WHERE title LIKE ANY($1::text[])"
        titles = [f"%{ref}" for ref in refs]

        async def known() -> list[str]:
            rows = await self.databases.rows("enrolment", sql, titles)
            there = [row["id"] for row in rows]
            seen = "SELECT count(*) FROM run WHERE run_id = ANY($1::uuid[])"
            told = await self.databases.value("notifications", seen, there)
            complete = len(there) == told == len(refs)
            return [str(id_) for id_ in there] if complete else []

        return await until(known, PATIENCE, "the runs")

    def requests(
        self, count: int, runs: Sequence[str] = (), wait: int = 0, people: Sequence[str] = ()
    ) -> list[Request]:
        """Bookings by a coordinator, each for somebody else, spread over the runs."""
        spread = runs or self.runs()
        return [
            Request.of(
                BOOK,
                self.headers(wait),
                {
                    "run_id": spread[n % len(spread)],
                    "person_ref": people[n % len(people)] if people else str(uuid4()),
                },
            )
            for n in range(count)
        ]

    def bulks(self, count: int, rows: int = 100) -> list[Request]:
        """So many enrolments in lists."""
        spread = self.runs()
        return [
            Request.of(
                BULK,
                self.headers(),
                {"run_id": spread[n % len(spread)], "people": [str(uuid4()) for _ in range(rows)]},
            )
            for n in range(count // rows)
        ]

    def headers(self, wait: int = 0) -> dict[str, str]:
        """Who asks, under a key of its own."""
        more = {"Prefer": f"wait={wait}"} if wait else {}
        return {"Authorization": f"Bearer {self._token()}", "Idempotency-Key": str(uuid4()), **more}

    def _token(self) -> str:
        if time.monotonic() - self._bearer_since > 60:  # it is good for five minutes
            self._bearer = token(self.stack.settings, BOOKER)
            self._bearer_since = time.monotonic()
        return self._bearer

    # -- loads

    @property
    def address(self) -> str:
        """Where the clients knock."""
        return self.stack.settings.address("gateway")

    def warm_up(self) -> None:
        """Until the broker's compiler and the caches have seen it all."""
        if not self._warm:
            self.tell_by("portal")
            count = self.size(WARM)
            self.cost(count, closed_loop(self.address, self.requests(count), 64))
            self._warm = True

    def tell_by(self, channel: str) -> None:
        """How the coordinator, who gets every second notice, wants to be told."""
        self.wait(self._tell_by(channel))

    async def _tell_by(self, channel: str) -> None:
        await (await self.databases.to("notifications")).execute(TELL_BY, channel)

    def cost(
        self,
        count: int,
        load: Coroutine[Any, Any, Outcome],
        notices: int | None = None,
        sent: bool = False,
    ) -> Cost:
        """Run a load and wait until its notices (by default two each) are recorded, or `sent`.

        What was sent away for good (an open loop does not come again) has no notice to wait for.
        """
        return self.wait(self._cost(count, load, notices, sent))

    async def _cost(
        self, count: int, load: Coroutine[Any, Any, Outcome], notices: int | None, sent: bool
    ) -> Cost:
        await until(self.quiet, PATIENCE, "the end of what went before")
        mark = await self.databases.value("notifications", NOW)
        meter = Meter(self.stack)
        outcome = await load
        if notices is None:
            count = outcome.accepted
            notices = 2 * count

        async def recorded() -> bool:
            there = int(await self.databases.value("notifications", SINCE, mark)) >= notices
            return there and (not sent or await self.quiet())

        await until(recorded, PATIENCE, "the notices")
        return Cost(count, outcome, meter.read())

    async def quiet(self) -> bool:
        """Whether every notice is out."""
        return not await self.databases.value("notifications", UNSENT)


async def until(what: Callable[[], Awaitable[T]], seconds: float, name: str) -> T:
    """Wait for a true value with a deadline. TimeoutError that says what did not come."""
    end = time.monotonic() + seconds
    while True:
        got = await what()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError(f"{name} did not come within {seconds:.0f} s")
        await asyncio.sleep(0.1)
