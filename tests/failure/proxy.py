"""A TCP proxy between two real programs that does on command what networks do.

It runs in a thread of its own, so that plain tests can use it; `connections`, `dropped`, `again`
and `hurt` let them see that the fault really happened. `test_proxy.py` tests it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["pass", "delay", "slice", "blackhole", "reset"]
"""`delay`: every piece waits `seconds`. `slice`: single bytes. `blackhole`: nothing goes through
until another mode is set, then what was held does. `reset`: connections are refused and cut."""

LOOPBACK = "127.0.0.1"
BEFORE = (
    64  # bytes before the words by which a request is known again: Kafka has the event id there
)
LINGER_NOT = struct.pack("ii", 1, 0)  # close with RST


@dataclass(eq=False)
class Link:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    heard: int = 0  # how many of the words have come
    cut: bool = False  # its next answer is thrown away, and itself with it


class Proxy(AbstractContextManager["Proxy"]):
    """Listens on `port` (0: any) and forwards to `target`, `127.0.0.1:PORT`."""

    def __init__(self, target: str, port: int = 0, *, hide: bool = False) -> None:
        """`hide`: answers that name the target's address name ours (Kafka tells its clients)."""
        self._target, self._hide = int(target.rpartition(":")[2]), hide
        self.seconds = 0.2
        self.connections = self.dropped = 0
        self.again = 0
        """How often a request whose answer was dropped came once more, on another connection."""
        self.hurt = 0
        """How often somebody felt `delay`, `blackhole` or `reset`: a piece, or a connection."""
        self._lost: list[tuple[Link, bytes]] = []
        self._mode: Mode = "pass"
        self._words: tuple[bytes, ...] = ()
        self._left = 0
        self._links: set[Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._accept, LOOPBACK, port))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.address = f"{LOOPBACK}:{self.port}"

    def __exit__(self, *_: object) -> None:
        self.close()

    def fault(self, mode: Mode) -> None:
        """Do this from now on, `pass` to heal."""
        self._mode = mode
        if mode == "reset":
            self.hurt += len(self._links)
            self._call(self._reset_all())

    def drop_answer_to(self, *words: bytes, times: int = 1) -> None:
        """Forward what has these words, in this order on one connection; cut it at the answer."""
        self._words, self._left = words, times
        for link in self._links:
            link.heard = 0

    def close(self) -> None:
        """Stop listening and cut everything."""
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _end(self) -> None:
        self._server.close()
        await self._reset_all()
        for task in (tasks := asyncio.all_tasks() - {asyncio.current_task()}):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _reset_all(self) -> None:
        for link in self._links:
            _reset(link)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        link = Link(writer)
        self._links.add(link)
        try:
            await self._held()
            self.hurt += self._mode == "reset"
            if self._mode != "reset":
                answers, link.server = await asyncio.open_connection(LOOPBACK, self._target)
                await asyncio.gather(self._up(link, reader), self._down(link, answers))
        except (OSError, asyncio.CancelledError):
            pass  # one side is gone, or we end
        finally:
            self._links.discard(link)
            _reset(link)

    async def _up(self, link: Link, reader: asyncio.StreamReader) -> None:
        seen = b""
        assert link.server is not None
        while piece := await reader.read(65_536):
            seen = seen[-200:] + piece
            self.again += sum(one is not link and words in seen for one, words in self._lost)
            seen = self._listen(link, seen)
            await self._write(link.server, piece)
        link.server.write_eof()

    def _listen(self, link: Link, seen: bytes) -> bytes:
        while self._left and (at := seen.find(self._words[link.heard])) >= 0:
            end = at + len(self._words[link.heard])
            words, seen = seen[max(0, at - BEFORE) : end], seen[end:]
            link.heard = (link.heard + 1) % len(self._words)
            if link.heard == 0:
                self._left, link.cut = self._left - 1, True
                self._lost.append((link, words))
        return seen

    async def _down(self, link: Link, answers: asyncio.StreamReader) -> None:
        while piece := await answers.read(65_536):
            if link.cut:
                self.dropped += 1
                raise ConnectionResetError("the answer is dropped")
            await self._write(link.client, self._hidden(piece) if self._hide else piece)
        link.client.write_eof()

    async def _write(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        self.hurt += self._mode in ("delay", "blackhole")
        await self._held()
        await asyncio.sleep(self.seconds if self._mode == "delay" else 0)
        size = 1 if self._mode == "slice" else len(piece)
        for at in range(0, len(piece), size):
            writer.write(piece[at : at + size])
            await writer.drain()
            await asyncio.sleep(0.001 if size < len(piece) and at < 30 else 0)

    async def _held(self) -> None:
        while self._mode == "blackhole":
            await asyncio.sleep(0.02)

    def _hidden(self, piece: bytes) -> bytes:
        """A host and the four bytes of its port, as Kafka writes them."""
        theirs = struct.pack(">9si", LOOPBACK.encode(), self._target)
        return piece.replace(theirs, struct.pack(">9si", LOOPBACK.encode(), self.port))


def _reset(link: Link) -> None:
    for writer in (link.client, link.server):
        if writer is None:
            continue
        if (raw := writer.get_extra_info("socket")) is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        writer.transport.abort()
