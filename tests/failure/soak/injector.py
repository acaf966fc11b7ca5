"""Does what the plan says, and looks whether it really happened."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import os
import random
import signal
import threading
import time
from collections.abc import Callable

import httpx
import psutil

from deploy.local.supervisor import Supervisor
from tests.failure.facts import databases
from tests.failure.soak.plan import Planned
from tests.failure.soak.report import Fault
from tests.platform import Platform

DEAD_SECONDS = 5.0  # until a killed process is gone, a halted one stands still
MAIL_SECONDS = 4.0  # until the first mail that is to fail comes by
AGAIN_SECONDS = 15.0  # so long a fault is tried again whose target was away just then
REPEATED = 20  # records at once, byte for byte
# What supervisord does not start again by itself
GIVEN_UP = {"FATAL", "EXITED", "STOPPED", "UNKNOWN"}


class Injector(threading.Thread):
    """A thread that injects the planned faults; `log` holds what became of each.

    What is away already cannot be hurt: such a fault is tried again as soon as another one may
    have healed, so that no kind is missing because all of its kind met a server that was down.
    """

    def __init__(self, platform: Platform, faults: list[Planned]) -> None:
        super().__init__(name="faults", daemon=True)
        self.log: list[Fault] = []
        self._platform = platform
        self._faults = faults
        self._halted: list[tuple[float, int]] = []
        self._supervisor = Supervisor(platform.stack.settings)
        self._mail_faults = f"{platform.stack.settings.url('mail')}/faults"
        self._do: dict[str, Callable[[Planned], str]] = {
            "kill": self._kill,
            "halt": self._halt,
            "crash": self._crash,
            "end-backend": self._end_backend,
            "mail": self._mail,
            "repeat": self._repeat,
        }

    def run(self) -> None:
        """Until the last fault is over."""
        began = time.monotonic()
        waiting = [(fault.at, number, fault) for number, fault in enumerate(self._faults)]
        while waiting:
            at, number, fault = heapq.heappop(waiting)
            while (left := began + at - time.monotonic()) > 0:
                self._wake_due()
                self._start_given_up()
                time.sleep(min(left, 0.1))
            became = self._inject(fault)
            again = time.monotonic() - began + 1
            if became.done or again > fault.at + AGAIN_SECONDS:
                self.log.append(became)
            else:
                heapq.heappush(waiting, (again, number, fault))
        while self._halted:
            self._wake_due()
            time.sleep(0.1)

    def heal(self) -> None:
        """Nothing is halted or ordered any more, and everything runs."""
        for _, pid in self._halted:
            _signal(pid, signal.SIGCONT)
        self._halted.clear()
        self._platform.stack.up()
        self._order("450", 0)

    def _inject(self, fault: Planned) -> Fault:
        at = time.time()
        try:
            detail, done = self._do[fault.kind](fault), True
        except Exception as error:  # noqa: BLE001 - what is away already cannot be hurt: noted
            detail, done = f"{type(error).__name__}: {error}"[:200], False
        return Fault(at, fault.kind, fault.target, detail, done)

    def _kill(self, fault: Planned) -> str:
        pid = self._platform.stack.kill(fault.target)
        _await_end(pid)
        return f"kill -9 {pid}"

    def _crash(self, fault: Planned) -> str:
        """Stop hard: `immediate`, or kill -9 of the postmaster."""
        number = signal.SIGQUIT if fault.draw % 2 else signal.SIGKILL
        pid = self._platform.stack.kill("postgres", number)
        _await_end(pid)
        return f"{number.name} {pid}"

    def _halt(self, fault: Planned) -> str:
        pid = self._platform.stack.kill(fault.target, signal.SIGSTOP)
        heapq.heappush(self._halted, (time.monotonic() + fault.seconds, pid))
        _await(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, DEAD_SECONDS)
        return f"SIGSTOP {pid} for {fault.seconds:.1f} s"

    def _end_backend(self, fault: Planned) -> str:
        ended = asyncio.run(self._terminate(fault.target))
        if not ended:
            raise LookupError("no backend was there")
        return f"{ended} backends"

    async def _terminate(self, service: str) -> int:
        async with asyncio.timeout(5):
            connection = await databases.connect(self._platform.stack, service)
            try:
                ended: int = await connection.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND usename = $1",
                    service,
                )
                return ended
            finally:
                await connection.close(timeout=5)

    def _mail(self, fault: Planned) -> str:
        count = 1 + fault.draw % 5
        self._order(fault.target, count)
        _await(lambda: self._left_to_fail() < count, MAIL_SECONDS)
        return f"the next {count} mails"

    def _order(self, mode: str, count: int) -> None:
        order = {"mode": mode, "count": count}
        httpx.post(self._mail_faults, json=order, timeout=5, trust_env=False).raise_for_status()

    def _left_to_fail(self) -> int:
        answer = httpx.get(self._mail_faults, timeout=5, trust_env=False).raise_for_status()
        return int(answer.json()["count"])

    def _repeat(self, fault: Planned) -> str:
        """Put records that stand on a topic there once more, as a relay does after a crash."""
        return repeat(self._platform, fault.target, fault.draw)

    def _wake_due(self) -> None:
        while self._halted and self._halted[0][0] <= time.monotonic():
            _signal(heapq.heappop(self._halted)[1], signal.SIGCONT)

    def _start_given_up(self) -> None:
        for name, state in self._supervisor.states().items():
            if state.word in GIVEN_UP:
                with contextlib.suppress(Exception):
                    self._supervisor.start(name)


def repeat(platform: Platform, topic: str, draw: int) -> str:
    """Send up to `REPEATED` records of a topic again, bytes and headers unchanged."""
    found = platform.read(topic)
    chosen = random.Random(draw).sample(found, min(REPEATED, len(found)))
    if not chosen:
        raise LookupError(f"nothing stands on {topic}")
    for record in sorted(chosen, key=lambda r: (r.partition, r.offset)):
        platform.send_raw(topic, record.key.decode(), record.value, list(record.headers))
    return f"{len(chosen)} records again"


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _await_end(pid: int) -> None:
    """TimeoutError if a killed process lives on."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        _await(
            lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE,
            DEAD_SECONDS,
        )


def _await(seen: Callable[[], bool], seconds: float) -> None:
    """TimeoutError if it was not seen to happen."""
    deadline = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > deadline:
            raise TimeoutError("it was not seen to happen")
        time.sleep(0.02)
