"""Replaying what was set aside: the same bytes, to the same handler, in the order of the key."""

from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRecord
from contracts.refusal import Rule
from pydantic import BaseModel

from chassis import dead_letter_acts, dead_letters
from chassis.database import Row, Transaction, is_outage
from chassis.dead_letter_acts import Doing
from chassis.delivery import Subscription
from chassis.outbox import unpack
from chassis.records import Poison, read

TOO_FAST = Rule(
    "too-many-replays",
    429,
    "Too many replays in a minute. The handlers have other work, too. Please wait a little.",
    "Zu viele Wiederholungen in einer Minute. Warten Sie einen Augenblick.",
)


class Replayed(BaseModel):
    """What a replay did, or would do. `handled` messages of `found`; `error` names what failed."""

    found: int
    handled: int
    dry_run: bool
    error: str | None = None


class Pace:
    """How many replays one process takes on in a minute: each may be long and holds its key."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._begun: deque[float] = deque()

    def take(self) -> None:
        """Begin one.

        Raises:
            Refusal: that would be too many.
        """
        now = monotonic()
        while self._begun and now - self._begun[0] > 60:
            self._begun.popleft()
        if len(self._begun) >= self._per_minute:
            raise TOO_FAST.refuse(retry_after=int(61 - (now - self._begun[0])))
        self._begun.append(now)


class _Undo(Exception):  # noqa: N818 - it only rolls a dry run back
    pass


async def replay(running: Any, letter_id: UUID, doing: Doing) -> Replayed:
    """Handle a message and what waits behind it, all or nothing; that it was tried is kept.

    Raises:
        Refusal: there is no such message, or it is settled.
    """
    ids, error = await attempt(running, [letter_id], doing)
    handled = 0 if error else len(ids)
    dry_run = doing.act == "dry-run"
    return Replayed(found=len(ids), handled=handled, dry_run=dry_run, error=error)


async def attempt(
    running: Any, chosen: Sequence[UUID], doing: Doing
) -> tuple[list[UUID], str | None]:
    """Handle messages of one key with what waits of it; their ids in order, and what failed.

    Where nothing changes, the entry that it was tried is kept with those that were chosen.

    Raises:
        Refusal: there is no such message, or the first of them is settled.
    """
    ids: list[UUID] = []
    try:
        async with running.db.transaction() as tx:
            rows = await dead_letters.claim(tx, chosen[0])
            ids = [row["id"] for row in rows]
            await _handle(tx, running, rows)
            if doing.act == "dry-run":
                raise _Undo
            await dead_letters.settle(tx, ids, "replayed", doing.actor, doing.reason)
            await dead_letter_acts.write(tx, ids, doing, None)
    except _Undo:
        await _keep(running, _tried(chosen, ids), doing, None)
    except Exception as error:
        if is_outage(error) or not ids:
            raise
        await _keep(running, _tried(chosen, ids), doing, type(error).__name__)
        return ids, type(error).__name__
    return ids, None


def _tried(chosen: Sequence[UUID], ids: Sequence[UUID]) -> list[UUID]:
    """Without what somebody settled just before."""
    return [id_ for id_ in chosen if id_ in ids]


async def _keep(running: Any, ids: Sequence[UUID], doing: Doing, error: str | None) -> None:
    """What was rolled back took the entry with it: a transaction of its own."""
    async with running.db.transaction() as tx:
        await dead_letter_acts.write(tx, ids, doing, error)


async def _handle(tx: Transaction, running: Any, rows: Sequence[Row]) -> None:
    hears = subscription(running, rows[0]["topic"])
    contents = []
    for row in rows:
        content = read(record_of(row), hears.raw).content
        if isinstance(content, Poison):
            raise ValueError("still not readable")
        if content is not None:
            contents.append(content)
    if contents:
        await hears.handler(tx, contents)


def subscription(running: Any, topic: str) -> Subscription:
    """How the service hears a topic."""
    subscriptions: Sequence[Subscription] = running.service.subscriptions.all
    return next(s for s in subscriptions if s.topic.name == topic)


def record_of(row: Row) -> ConsumerRecord:
    """The message as it came from Kafka."""
    key, payload = bytes(row["key"]), row["payload"]
    return ConsumerRecord(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        timestamp=row["timestamp_ms"],
        timestamp_type=0,
        key=key or None,
        value=None if payload is None else bytes(payload),
        checksum=None,
        serialized_key_size=len(key),
        serialized_value_size=len(payload or b""),
        headers=unpack(row["headers"]),
    )
