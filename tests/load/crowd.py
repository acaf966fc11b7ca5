"""A crowd that books seats at a fixed rate, and what is known afterwards about every booking."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID, uuid4

import httpx
import psutil

from deploy.local.ports import REPLICA_STEP
from deploy.local.settings import LOOPBACK
from deploy.local.token import token
from tests.load.arrivals import Call, arrive
from tests.load.databases import Databases
from tests.load.stage import Stage
from tests.platform import Platform

BOOK = "/api/enrolment/enrolments"
RUNS, SEATS = 12, 100_000
FIGURES = (
    "kc_requests_in_flight",
    "kc_requests_in_flight_limit",
    "kc_requests_parked",
    "kc_outbox_depth",
)
BOOKED = "SELECT person_ref FROM enrolment WHERE run_id = ANY($1::uuid[])"
UNSETTLED = """
    SELECT count(*) FROM enrolment WHERE run_id = ANY($1::uuid[]) AND state = 'requested'
"""


class Crowd:
    """People who each book once. Nobody tries again: what is refused stays refused."""

    def __init__(self, platform: Platform, runs: int = RUNS, address: str = "") -> None:
        """`address`: where to book, the gateway by default."""
        self.platform, self.stack = platform, platform.stack
        self._address = address or platform.stack.settings.address("gateway")
        ports = [
            platform.stack.settings.ports["enrolment"] + replica * REPLICA_STEP
            for replica in range(platform.stack.settings.replicas)
        ]
        self._doors = [address] if address else [f"{LOOPBACK}:{port}" for port in ports]
        self.calls: list[Call] = []
        self._runs = [platform.a_run(capacity=SEATS) for _ in range(runs)]
        self._head = ""

    def book(self, name: str, per_second: float, seconds: float) -> Stage:
        """One stage. A token lives five minutes: each stage has a fresh one."""
        self._head = (
            f"POST {BOOK} HTTP/1.1\r\nHost: crowd\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token(self.stack.settings, 'carla.coordinator')}\r\n"
        )
        with self._watched() as highest:
            calls = asyncio.run(arrive(self._address, self._call, per_second, seconds))
        self.calls += calls
        return Stage(name, per_second, seconds, calls, highest)

    def _call(self, due: float) -> Call:
        person = str(uuid4())
        self._runs.append(self._runs.pop(0))  # one after the other
        body = json.dumps({"run_id": self._runs[-1], "person_ref": person})
        head = f"{self._head}Idempotency-Key: {person}\r\nContent-Length: {len(body)}\r\n\r\n"
        return Call(person, due, (head + body).encode())

    @contextmanager
    def _watched(self) -> Iterator[dict[str, float]]:
        """The highest of the service's own figures and of its memory, once a second."""
        highest: dict[str, float] = {}
        done = threading.Event()

        def watch() -> None:
            while not done.wait(1.0):
                for name, value in self.look().items():
                    highest[name] = max(value, highest.get(name, 0.0))

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield highest
        finally:
            done.set()
            thread.join(10)

    def look(self) -> dict[str, float]:
        """The figures now (summed over replicas); those of a service that is silent are missing."""
        try:
            found = self._figures(FIGURES)
        except httpx.HTTPError:
            found = {}
        return {"memory_mb": self._memory_mb(), **found}

    def figure(self, name: str) -> float:
        """One figure of the service that is asked, summed over labels and replicas."""
        return self._figures([name])[name]

    def _figures(self, names: Sequence[str]) -> dict[str, float]:
        found = dict.fromkeys(names, 0.0)
        for door in self._doors:
            shown = httpx.get(f"http://{door}/metrics", timeout=20, trust_env=False).text
            for line in shown.splitlines():
                name = line.partition("{")[0]
                if name in found:
                    found[name] += float(line.rpartition(" ")[2])
        return found

    def _memory_mb(self) -> float:
        total = 0.0
        for name, state in self.stack.states().items():
            if name.startswith(("enrolment", "gateway")) and state.pid:
                try:
                    total += psutil.Process(state.pid).memory_info().rss / 1e6
                except psutil.NoSuchProcess:
                    continue
        return total

    # -- afterwards

    def settled_within(self, seconds: float) -> float | None:
        """Seconds until every booking is confirmed or in line; None when it took longer."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if asyncio.run(self._count(UNSETTLED)) == 0:
                return time.monotonic() - began
            time.sleep(0.5)
        return None

    async def _count(self, sql: str) -> int:
        databases = Databases(self.stack)
        try:
            return int(await databases.value("enrolment", sql, self._run_ids()))
        finally:
            await databases.close()

    def _run_ids(self) -> list[UUID]:
        return [UUID(run_id) for run_id in self._runs]

    def violations(self) -> list[str]:
        """What the database holds against what the clients were told (I10, I11, I12)."""
        stored = Counter(str(row["person_ref"]) for row in asyncio.run(self._booked()))
        wrong = [f"{person} is enrolled {n} times" for person, n in stored.items() if n > 1]
        for call in self.calls:
            there = call.name in stored
            if call.outcome == "ok" and not there:
                wrong.append(f"{call.name} was told {call.status} and is not there")
            if call.outcome == "fail" and there:
                wrong.append(f"{call.name} was refused ({call.status} {call.code}) and is there")
        return wrong

    async def _booked(self) -> list[dict[str, UUID]]:
        databases = Databases(self.stack)
        try:
            rows = await databases.rows("enrolment", BOOKED, self._run_ids())
            return [dict(row) for row in rows]
        finally:
            await databases.close()
