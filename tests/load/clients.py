"""Load clients: plain HTTP/1.1 over kept connections, cheap enough not to be what is measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

TRIES, AGAIN_SECONDS = 60, 0.5


@dataclass(frozen=True, slots=True)
class Request:
    """A request, ready as bytes: nothing is left to be done while the time runs."""

    raw: bytes

    @classmethod
    def of(
        cls, path: str, headers: Mapping[str, str], body: object = None, method: str = "POST"
    ) -> Request:
        """Put together."""
        payload = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if payload:
            lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
        return cls("\r\n".join([*lines, "", ""]).encode() + payload)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: which request, when it began (or was due) and ended, status and body."""

    number: int
    began: float
    ended: float
    status: int
    body: bytes

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class Outcome:
    """All answers of a load, and how often somebody was told to come again (and did)."""

    answers: list[Answer] = field(default_factory=list)
    sent_away: int = 0

    @property
    def statuses(self) -> dict[int, int]:
        """How many answers of each status."""
        found: dict[int, int] = {}
        for answer in self.answers:
            found[answer.status] = found.get(answer.status, 0) + 1
        return found

    @property
    def accepted(self) -> int:
        """How many were not sent away."""
        return sum(answer.status < 300 for answer in self.answers)

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        return max(a.ended for a in self.answers) - min(a.began for a in self.answers)

    def percentile(self, percent: float) -> float:
        """Milliseconds within which that share of the requests was answered."""
        ordered = sorted(answer.ended - answer.began for answer in self.answers)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000


async def closed_loop(address: str, requests: Sequence[Request], clients: int) -> Outcome:
    """Send all requests by so many clients, each one after the other.

    Who is sent away with 503 comes again with the same key; what counts is the last try.
    """
    outcome, waiting = Outcome(), iter(enumerate(requests))

    async def one() -> None:
        connection = await Connection.open(address)
        try:
            for number, request in waiting:
                for _ in range(TRIES):
                    began = perf_counter()
                    status, body = await connection.ask(request)
                    if status != 503:
                        break
                    outcome.sent_away += 1
                    await asyncio.sleep(AGAIN_SECONDS)
                outcome.answers.append(Answer(number, began, perf_counter(), status, body))
        finally:
            connection.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return outcome


async def open_loop(
    address: str, requests: Sequence[Request], per_second: float, clients: int
) -> Outcome:
    """Requests begin at fixed times; the time is counted from when each was due."""
    outcome = Outcome()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(clients):
        free.put_nowait(await Connection.open(address))
    start = perf_counter()

    async def one(number: int) -> None:
        due = start + number / per_second
        await asyncio.sleep(max(0.0, due - perf_counter()))
        connection = await free.get()
        try:
            status, body = await connection.ask(requests[number])
            outcome.answers.append(Answer(number, due, perf_counter(), status, body))
        finally:
            free.put_nowait(connection)

    await asyncio.gather(*(one(n) for n in range(len(requests))))
    while not free.empty():
        free.get_nowait().close()
    return outcome


class Connection:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, address: str) -> Connection:
        """Connect to `host:port`."""
        host, _, port = address.rpartition(":")
        return cls(*await asyncio.open_connection(host, int(port), limit=4 * 1024 * 1024))

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """Send one request; status and body of the answer."""
        self._writer.write(request.raw)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        return int(head[9:12]), await self._body(head)

    async def _body(self, head: bytes) -> bytes:
        _, found, rest = head.partition(b"content-length:")
        if found:
            return await self._reader.readexactly(int(rest.split(b"\r", 1)[0]))
        if b"transfer-encoding: chunked" not in head:
            return b""
        parts = []
        while size := int((await self._reader.readline()).strip() or b"0", 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readline()
        await self._reader.readline()
        return b"".join(parts)

    def close(self) -> None:
        """Let go."""
        self._writer.close()
