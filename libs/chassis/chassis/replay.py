"""Replaying what was set aside: the same bytes, to the same handler, in the order of the key."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRecord
from pydantic import BaseModel

from chassis import dead_letters
from chassis.database import Row, Transaction, is_outage
from chassis.delivery import Subscription
from chassis.outbox import unpack
from chassis.records import Poison, read


class Replayed(BaseModel):
    """What a replay did, or would do. `handled` messages of `found`; `error` names what failed."""

    found: int
    handled: int
    dry_run: bool
    error: str | None = None


class _Undo(Exception):  # noqa: N818 - it only rolls a dry run back
    pass


async def replay(running: Any, letter_id: UUID, actor: UUID, dry_run: bool) -> Replayed:
    """Handle a message and what waits behind it, all or nothing.

    Raises:
        Refusal: there is no such message, or it is settled.
    """
    found = 0
    try:
        async with running.db.transaction() as tx:
            rows = await dead_letters.claim(tx, letter_id)
            found = len(rows)
            await _handle(tx, running, rows)
            await dead_letters.settle(tx, [r["id"] for r in rows], "replayed", actor, "replay")
            if dry_run:
                raise _Undo
    except _Undo:
        return Replayed(found=found, handled=found, dry_run=True)
    except Exception as error:
        if is_outage(error) or found == 0:
            raise
        return Replayed(found=found, handled=0, dry_run=dry_run, error=type(error).__name__)
    return Replayed(found=found, handled=found, dry_run=False)


async def _handle(tx: Transaction, running: Any, rows: Sequence[Row]) -> None:
    subscriptions: Sequence[Subscription] = running.service.subscriptions.all
    hears = next(s for s in subscriptions if s.topic.name == rows[0]["topic"])
    contents = []
    for row in rows:
        content = read(_record(row), hears.raw).content
        if isinstance(content, Poison):
            raise ValueError("still not readable")
        if content is not None:
            contents.append(content)
    if contents:
        await hears.handler(tx, contents)


def _record(row: Row) -> ConsumerRecord:
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
