"""Ids of our own, most of them version 7 (RFC 9562): in the order of their time.

Rows that are new stand side by side in the index of their key. With random ids each new row meets
another page of it, which after years is in no cache and goes into the log as a whole.
"""

import os
from datetime import datetime
from uuid import UUID

from chassis.settings import system_clock

_MARK = 7 << 76 | 2 << 62  # version and variant
_NOISE = ~(15 << 76 | 3 << 62) & ((1 << 80) - 1)


def random_ids(count: int) -> list[UUID]:
    """Random (version 4) ids, in one call to the system: they say nothing of their time."""
    noise = os.urandom(16 * count)
    return [UUID(bytes=noise[i : i + 16], version=4) for i in range(0, len(noise), 16)]


def ordered_ids(count: int, at: datetime) -> list[UUID]:
    """So many ids of a millisecond, random within it. One call to the system for all."""
    prefix = int(at.timestamp() * 1000) << 80 | _MARK
    noise = os.urandom(10 * count)
    return [
        UUID(int=prefix | int.from_bytes(noise[i : i + 10], "big") & _NOISE)
        for i in range(0, len(noise), 10)
    ]


def ordered_id() -> UUID:
    """One of now, for what begins at an entrance."""
    return ordered_ids(1, system_clock())[0]
