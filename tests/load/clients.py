"""Load clients: plain HTTP/1.1 over kept connections, cheap enough not to be what is measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Outcome:
    """What came back: status counts, and the seconds that every request took."""

    statuses: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def percentile(self, percent: float) -> float:
        """Seconds within which that share of the requests was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


async def closed_loop(
    address: str, requests: Sequence[tuple[str, dict[str, str], object]], clients: int
) -> Outcome:
    """Send all requests (path, headers, body) by so many clients, each one after the other."""
    outcome, waiting = Outcome(), iter(requests)

    async def one() -> None:
        connection = await Connection.open(address)
        try:
            for path, headers, body in waiting:
                await connection.post(path, headers, body, outcome)
        finally:
            connection.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return outcome


async def open_loop(
    address: str,
    requests: Sequence[tuple[str, dict[str, str], object]],
    per_second: float,
    clients: int,
) -> Outcome:
    """Requests begin at fixed times; the time is counted from when each was due."""
    outcome = Outcome()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(clients):
        free.put_nowait(await Connection.open(address))
    start = perf_counter()

    async def one(number: int) -> None:
        path, headers, body = requests[number]
        due = start + number / per_second
        await asyncio.sleep(max(0.0, due - perf_counter()))
        connection = await free.get()
        try:
            await connection.post(path, headers, body, outcome, due=due)
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
        return cls(*await asyncio.open_connection(host, int(port)))

    async def post(
        self,
        path: str,
        headers: dict[str, str],
        body: object,
        outcome: Outcome,
        due: float | None = None,
    ) -> bytes:
        """Send one request and note how it went; the body of the answer."""
        began = perf_counter() if due is None else due
        payload = json.dumps(body).encode()
        lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(payload)}", "", ""]
        self._writer.write("\r\n".join(lines).encode() + payload)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        answer = await self._body(head)
        outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
        outcome.seconds.append(perf_counter() - began)
        return answer

    async def _body(self, head: str) -> bytes:
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
        }
        if "content-length" in fields:
            return await self._reader.readexactly(int(fields["content-length"]))
        parts = []
        while size := int((await self._reader.readline()).strip() or b"0", 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readline()
        await self._reader.readline()
        return b"".join(parts)

    def close(self) -> None:
        """Let go."""
        self._writer.close()
