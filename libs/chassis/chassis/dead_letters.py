"""Messages that nobody could handle: set aside with their bytes, listed, put back or discarded.

A message that fails for good is buried: a row here, its inbox mark and its copy on
`<topic>.dead` in one transaction. Later messages of the same key are parked behind it, in order.
Replaying hands the bytes of a key, in order, to the same handler again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from contracts.refusal import NOT_FOUND
from pydantic import BaseModel, Field
from sqlalchemy import text

from chassis.database import Row, Transaction
from chassis.ids import random_ids
from chassis.outbox import Letter, pack
from chassis.records import Delivery, Record

TABLE = """
CREATE TABLE dead_letter (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    "offset" bigint NOT NULL,
    key bytea NOT NULL,
    headers text NOT NULL,
    payload bytea,
    timestamp_ms bigint NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    attempts int NOT NULL,
    state text NOT NULL CHECK (state IN ('dead', 'replayed', 'discarded')),
    buried_at timestamptz NOT NULL,
    settled_at timestamptz,
    settled_by uuid,
    settled_reason text,
    UNIQUE (id)
)
"""
INDEX = "CREATE INDEX dead_letter_open ON dead_letter (topic, key, seq) WHERE state = 'dead'"

MAX_COPY = 1_000_000  # bytes; Kafka takes 1 MiB

BURY = text("""
    INSERT INTO dead_letter (id, message_id, topic, partition, "offset", key, headers, payload,
                             timestamp_ms, reason, detail, attempts, state, buried_at)
    VALUES (:id, :message_id, :topic, :partition, :offset, :key, :headers, :payload,
            :timestamp_ms, :reason, :detail, :attempts, 'dead', :now)
""")
# Burying and replaying of one key take turns, or a message would be parked behind nothing.
LOCK_KEY = text("SELECT pg_advisory_xact_lock(hashtext(:topic), hashtext(encode(:key, 'hex')))")
STILL_DEAD = text("""
    SELECT 1 FROM dead_letter WHERE topic = :topic AND key = :key AND state = 'dead' LIMIT 1
""")
COUNTS = text("""
    SELECT topic, count(*) AS n FROM dead_letter WHERE state = 'dead' GROUP BY topic
""")
LIST = text("""
    SELECT seq, id, topic, key, partition, "offset", reason, detail, attempts, state,
           buried_at, settled_at
      FROM dead_letter
     WHERE (CAST(:topic AS text) IS NULL OR topic = :topic)
       AND (CAST(:state AS text) IS NULL OR state = :state)
       AND (CAST(:reason AS text) IS NULL OR reason = :reason)
       AND (CAST(:key AS bytea) IS NULL OR key = :key)
       AND seq > :after
     ORDER BY seq LIMIT :limit
""")
ONE = text("SELECT * FROM dead_letter WHERE id = :id")
THESE = text("""
    SELECT id, topic, key, state FROM dead_letter
     WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY seq
""")
FOLLOWERS = text("""
    SELECT * FROM dead_letter WHERE topic = :topic AND key = :key AND state = 'dead' ORDER BY seq
""")
SETTLE = text("""
    UPDATE dead_letter SET state = :state, settled_at = :now, settled_by = :actor,
                           settled_reason = :reason
     WHERE id = ANY(CAST(:ids AS uuid[]))
""")


class Filter(BaseModel):
    """Which messages somebody wants to see. `state`: `dead`, `replayed` or `discarded`."""

    topic: Annotated[str | None, Field(max_length=100)] = None
    state: Annotated[str | None, Field(max_length=20)] = "dead"
    reason: Annotated[str | None, Field(max_length=100)] = None
    key: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[int, Field(ge=0, lt=2**63)] = 0

    def params(self) -> dict[str, Any]:
        """The parameters of `LIST`."""
        key = None if self.key is None else self.key.encode("utf-8", "replace")
        return {**self.model_dump(exclude={"cursor"}), "key": key, "after": self.cursor}


async def lock_key(tx: Transaction, topic: str, key: bytes) -> None:
    """Take the turn for one key of a topic, until the end of the transaction."""
    await tx.execute(LOCK_KEY, {"topic": topic, "key": key})


async def is_dead(tx: Transaction, topic: str, key: bytes) -> bool:
    """Whether something of this key waits here. Call it after `lock_key`."""
    return await tx.row(STILL_DEAD, {"topic": topic, "key": key}) is not None


async def bury(
    tx: Transaction, delivery: Delivery, reason: str, detail: str, attempts: int, service: str
) -> None:
    """Set a message aside and tell it on the dead-letter topic, bytes and headers unchanged."""
    record = delivery.record
    id_ = random_ids(1)[0]
    await tx.execute(
        BURY,
        {
            "id": id_,
            "message_id": delivery.id,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": record.key or b"",
            "headers": pack(record.headers),
            "payload": record.value,
            "timestamp_ms": record.timestamp,
            "reason": reason,
            "detail": detail[:500],
            "attempts": attempts,
            "now": tx.now,
        },
    )
    why = {
        "dead_reason": reason,
        "dead_detail": detail[:500],
        "dead_topic": record.topic,
        "dead_partition": str(record.partition),
        "dead_offset": str(record.offset),
        "dead_attempts": str(attempts),
        "dead_service": service,
    }
    await tx.send_as_is(_copy(id_, record, why, tx.now))


def _copy(id_: UUID, record: Record, why: dict[str, str], now: datetime) -> Letter:
    """The record for the dead-letter topic: the whole message, if Kafka takes it with the reason.

    A message may be as large as Kafka takes, or have neither key nor value, which only others can
    send. Then the copy says where the message is kept.
    """
    added = [(name, value.encode()) for name, value in why.items()]
    headers, key, value = [*record.headers, *added], record.key, record.value
    if len(pack(headers)) + len(key or b"") + len(value or b"") > MAX_COPY:
        headers = [*added, ("dead_letter", str(id_).encode())]
        key, value = (key if len(key or b"") < MAX_COPY // 2 else b""), None
    if key is None and value is None:
        key = b""
    return Letter(id_, f"{record.topic}.dead", key, headers, value, now)


async def waiting_behind(tx: Transaction, topic: str, key: bytes) -> Sequence[Row]:
    """The dead messages of a key, in order."""
    return await tx.rows(FOLLOWERS, {"topic": topic, "key": key})


async def claim(tx: Transaction, letter_id: UUID) -> Sequence[Row]:
    """Take the turn for the key of a dead message; it and what waits of its key, in order.

    Raises:
        Refusal: there is no such message, or it is settled.
    """
    row = await tx.row(ONE, {"id": letter_id})
    if row is None:
        raise NOT_FOUND.refuse()
    key = bytes(row["key"])
    await lock_key(tx, row["topic"], key)
    waiting = await waiting_behind(tx, row["topic"], key)
    if letter_id not in {other["id"] for other in waiting}:
        raise NOT_FOUND.refuse()
    return waiting


async def settle(
    tx: Transaction, ids: Sequence[UUID], state: str, actor: UUID | None, reason: str
) -> None:
    """Mark messages as replayed or discarded; who and why is kept."""
    params: dict[str, Any] = {
        "ids": list(ids),
        "state": state,
        "now": tx.now,
        "actor": actor,
        "reason": reason,
    }
    await tx.execute(SETTLE, params)


def described(row: Row) -> dict[str, Any]:
    """A dead letter in a list: never its content."""
    wanted = ("id", "topic", "partition", "offset", "reason", "detail", "attempts", "state")
    shown: dict[str, Any] = {name: row[name] for name in wanted}
    key = bytes(row["key"]).decode("utf-8", "replace")
    return {**shown, "key": key, "buried_at": row["buried_at"], "settled_at": row["settled_at"]}
