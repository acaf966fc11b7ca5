"""Replaying many messages in one go: key by key, at a pace, and what became of each is told.

Each key is all or nothing and has a transaction of its own, so one that fails again or a database
that goes away keeps nobody from the rest. Messages that are settled are left alone: asking twice
changes nothing.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any, Literal
from uuid import UUID

from contracts.refusal import NOT_FOUND, Refusal
from pydantic import BaseModel

from chassis import admission, dead_letters
from chassis.database import Row, is_outage
from chassis.dead_letter_acts import Doing
from chassis.replay import attempt

MOST = 50  # messages named in one request; what waits behind them goes along
PER_SECOND = 50.0  # messages in one process
LONGEST = 5.0  # seconds; a key that is not begun by then is left for another request

Outcome = Literal["handled", "failed", "replayed", "discarded", "not-tried"]


class Tried(BaseModel):
    """What became of the messages of one key, or would.

    `ids`: the messages, in order; those that were handled or failed with what waits of their key.
    `outcome`: `replayed` or `discarded`: somebody did that before; `not-tried`: it took too long,
    or the database went away. `error` names what failed.
    """

    ids: list[UUID]
    outcome: Outcome
    error: str | None = None


class ReplayedMany(BaseModel):
    """What a replay of many did, or would do: key by key, in the order in which it was tried."""

    dry_run: bool
    results: list[Tried]


class Spread:
    """Spreads messages over time: so many in a second of one process, whoever asks for them."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._free = 0.0

    async def turn(self, until: float) -> bool:
        """Wait until more may come. False: that would not be before `until`, as `monotonic()`."""
        begin = max(self._free, monotonic())
        if begin > until:
            return False
        if begin > monotonic():
            with admission.parked() as may_wait:  # others are at work meanwhile
                if not may_wait:
                    return False
                await asyncio.sleep(begin - monotonic())
        return True

    def took(self, messages: int) -> None:
        """So many came. A key with thousands keeps the next request waiting, not all of an hour."""
        now = monotonic()
        self._free = min(max(self._free, now) + messages / self._per_second, now + LONGEST)


async def replay_many(
    running: Any, ids: Sequence[UUID], doing: Doing, spread: Spread
) -> ReplayedMany:
    """Handle these messages and what waits of their keys, the oldest key first.

    Raises:
        Refusal: one of them does not exist. Nothing was tried.
    """
    rows = await _now(running, ids)
    if len(rows) != len(set(ids)):
        raise NOT_FOUND.refuse("/ids")
    keys: dict[tuple[str, bytes], list[UUID]] = {}
    results = [_left_alone(row) for row in rows if row["state"] != "dead"]
    for row in rows:
        if row["state"] == "dead":
            keys.setdefault((row["topic"], bytes(row["key"])), []).append(row["id"])
    until = min(monotonic() + LONGEST, admission.deadline())
    stopped = False
    for chosen in keys.values():
        stopped = stopped or not await spread.turn(until)
        tried = None if stopped else await _try(running, chosen, doing)
        if tried is None:
            stopped = True
            results.append(Tried(ids=chosen, outcome="not-tried"))
        else:
            spread.took(sum(len(each.ids) for each in tried))
            results += tried
    return ReplayedMany(dry_run=doing.act == "dry-run", results=results)


async def _try(running: Any, chosen: Sequence[UUID], doing: Doing) -> list[Tried] | None:
    """The messages of one key; None when the database went away meanwhile."""
    try:
        found, error = await attempt(running, chosen, doing)
    except Refusal:  # somebody settled the first of them just now
        return [_left_alone(row) for row in await _now(running, chosen)]
    except Exception as broken:
        if is_outage(broken):
            return None
        raise
    rest = set(chosen) - set(found)  # somebody settled them while this waited for its turn
    others = [_left_alone(row) for row in await _now(running, list(rest))] if rest else []
    return [Tried(ids=found, outcome="failed" if error else "handled", error=error), *others]


async def _now(running: Any, ids: Sequence[UUID]) -> Sequence[Row]:
    async with running.db.reading() as tx:
        rows: Sequence[Row] = await tx.rows(dead_letters.THESE, {"ids": list(ids)})
    return rows


def _left_alone(row: Row) -> Tried:
    dead = row["state"] == "dead"
    return Tried(ids=[row["id"]], outcome="not-tried" if dead else row["state"])
