"""Arrivals that wait for nobody: each request is sent when it is due, whatever became of others.

The time counts from when a request was due, so a server that stands still is charged for all who
came meanwhile. One object per connection and no streams: the client has to stay cheaper than what
it measures, at four times the rate that the platform can bear.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
CODE = re.compile(rb'"code": *"([a-z-]+)"')
NOT_BEGUN = ("overloaded", "too-late")
MOST_LINES = 800  # below what a process may usually open; who finds none waits, and is timed
PATIENCE = 35.0  # longer than any limit inside: what is not answered then never will be


@dataclass(slots=True)
class Call:
    """One request and what became of it. Status 0: the connection broke, or nobody answered."""

    name: str
    due: float
    raw: bytes = b""
    sent: float = 0.0
    ended: float = 0.0
    status: int = 0
    code: str = ""
    sound: bool = True
    """A refusal is problem+json and says when to come again."""

    @property
    def took(self) -> float:
        """Seconds from when it was due."""
        return self.ended - self.due

    @property
    def outcome(self) -> str:
        """`ok`, `fail` (surely without effect) or `info` (nobody knows)."""
        if 200 <= self.status < 300:
            return "ok"
        refused = self.status == 503 and self.code in NOT_BEGUN
        return "fail" if refused or 400 <= self.status < 500 else "info"


class Line(asyncio.Protocol):
    """A kept connection with at most one request on it."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self._seen = lines, b""
        self._call: Call | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._lines.all.add(self)

    def send(self, call: Call) -> None:
        """Put a request on the line."""
        assert self.transport is not None
        self._call, self._seen, call.sent = call, b"", perf_counter()
        self.transport.write(call.raw)
        call.raw = b""

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        self._seen = seen = self._seen + data
        end = seen.find(b"\r\n\r\n")
        if end < 0:
            return
        head, body = seen[: end + 2], seen[end + 4 :]
        length = LENGTH.search(head)
        if len(body) < int(length[1]) if length else not body.endswith(b"0\r\n\r\n"):
            return
        call, self._call = self._call, None
        if call is not None:
            self._note(call, head, body)
            self._lines.answered(self, b"onnection: close" not in head)

    def _note(self, call: Call, head: bytes, body: bytes) -> None:
        call.ended, call.status = perf_counter(), int(head[9:12])
        if call.status >= 300:
            code = CODE.search(body)
            call.code = code[1].decode() if code else ""
            lower = head.lower()
            problem = b"content-type: application/problem+json" in lower
            again = b"\r\nretry-after: " in lower or call.status not in (429, 502, 503, 504)
            call.sound = problem and again and bool(code)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever was on it has no answer."""
        if self._call is not None:
            self._call.ended = perf_counter()
            self._call = None
            self._lines.broken()
        self._lines.gone(self)


@dataclass
class Lines:
    """All connections to one address; as many as are needed, up to a bound."""

    address: str
    free: list[Line] = field(default_factory=list)
    all: set[Line] = field(default_factory=set)
    waiting: list[Call] = field(default_factory=list)
    opened: int = 0
    open_calls: int = 0
    closing: bool = False
    quiet: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, call: Call) -> None:
        """Send it now, on a free line or a new one."""
        self.open_calls += 1
        if self.free:
            self.free.pop().send(call)
        elif self.opened < MOST_LINES:
            self._open_for(call)
        else:
            self.waiting.append(call)

    def _open_for(self, call: Call) -> None:
        self.opened += 1
        task = asyncio.get_running_loop().create_task(self._open(call))
        task.add_done_callback(lambda done: done.exception())

    async def _open(self, call: Call) -> None:
        host, _, port = self.address.rpartition(":")
        loop = asyncio.get_running_loop()
        try:
            _, line = await loop.create_connection(lambda: Line(self), host, int(port))
        except OSError:
            self.opened -= 1
            call.ended = perf_counter()
            self.broken()
            return
        line.send(call)

    def answered(self, line: Line, kept: bool) -> None:
        """A line is free again."""
        self._one_less()
        if not kept and line.transport is not None:
            line.transport.close()
        elif self.waiting:
            line.send(self.waiting.pop(0))
        else:
            self.free.append(line)

    def broken(self) -> None:
        """A request will have no answer."""
        self._one_less()

    def gone(self, line: Line) -> None:
        """A line is closed."""
        self.opened -= 1
        self.all.discard(line)
        if line in self.free:
            self.free.remove(line)
        if self.waiting and not self.closing:
            self._open_for(self.waiting.pop(0))

    def _one_less(self) -> None:
        self.open_calls -= 1
        if self.open_calls == 0:
            self.quiet.set()

    async def close(self) -> None:
        """Wait for what is open, up to a limit, and let go."""
        if self.open_calls:
            self.quiet.clear()
            with contextlib.suppress(TimeoutError):  # they stay without an answer
                await asyncio.wait_for(self.quiet.wait(), PATIENCE)
        self.closing = True
        for line in self.all:
            if line.transport is not None:
                line.transport.abort()
        while self.all:
            await asyncio.sleep(0)


async def arrive(
    address: str, make: Callable[[float], Call], per_second: float, seconds: float
) -> list[Call]:
    """Requests at a fixed rate; all of them, also those that got no answer."""
    lines, calls = Lines(address), []
    start = perf_counter() + 0.1
    for number in range(int(per_second * seconds)):
        due = start + number / per_second
        if (ahead := due - perf_counter()) > 0:
            await asyncio.sleep(ahead)
        call = make(due)
        calls.append(call)
        lines.put(call)
        if number % 20 == 0:
            await asyncio.sleep(0)  # the client is late: answers are read all the same
    await lines.close()
    for call in calls:
        call.ended = call.ended or perf_counter()
    return calls
