"""Headers whose names are no UTF-8: read all the same.

aiokafka reads the names of headers as UTF-8 while it hands out records. Kafka takes any bytes
there, so one record of a stranger would raise out of every read and stop its partition for ever.
Stepping past its offset does not help: records travel in batches, and a batch is read from its
start, so the good ones behind it would be out of reach too. And a name that nobody asks for is no
reason to refuse a record, just as a value that is no text is none (`records.headers_of`).

So a batch that cannot be read quickly is read again by aiokafka's own slow reader, over bytes
that write what is no UTF-8 as `\\xff`. This reaches into aiokafka, whose version is pinned; the
tests make such records and fail if it ever stops working.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, SupportsIndex

import aiokafka.consumer.fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

LENGTH, OVERHEAD = slice(8, 12), 12  # a batch: its offset, its length, then so many bytes


class _Tolerant(bytearray):
    """Bytes that can always be read as text."""

    def __getitem__(self, part: SupportsIndex | slice) -> Any:
        found = super().__getitem__(part)
        return _Tolerant(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "") -> str:  # noqa: ARG002
        return super().decode(encoding, "backslashreplace")


class _Batch:
    """A batch, read quickly for as long as that works."""

    def __init__(self, quick: Any, content: memoryview) -> None:
        self._quick, self._content = quick, content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._quick, name)

    def __next__(self) -> Any:
        return next(self._quick)

    def __iter__(self) -> Iterator[Any]:
        handed_out = 0
        try:
            for record in self._quick:
                handed_out += 1
                yield record
        except UnicodeDecodeError:
            yield from islice(self._slowly(), handed_out, None)

    def _slowly(self) -> Iterator[Any]:
        batch = _DefaultRecordBatchPy(self._content)
        batch._maybe_uncompress()
        batch._buffer = _Tolerant(batch._buffer)
        return iter(batch)


class _Records:
    """What a fetch brought of one partition, batch by batch."""

    def __init__(self, content: bytes) -> None:
        self._rest, self._quick = memoryview(content), MemoryRecords(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._quick, name)

    def next_batch(self) -> Any:
        end = OVERHEAD + int.from_bytes(self._rest[LENGTH], "big")
        content, self._rest = self._rest[:end], self._rest[end:]
        return _Batch(self._quick.next_batch(), content)


def tolerate() -> None:
    """Let every consumer of this process read such records, from its next fetch on."""
    aiokafka.consumer.fetcher.MemoryRecords = _Records
