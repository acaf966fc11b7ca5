"""The delivery policy, once for all: a batch becomes one transaction, whatever happens.

inbox -> handler -> commit -> offset. When it fails: the *world* is down -> pause, keep polling,
read again when it answers; one *message* is bad -> split until it stands alone, then bury it and
park what follows of its key. Everybody else goes on. Repeats are stopped by the inbox.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic, time
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from contracts.base import Event
from contracts.topics import Topic
from sqlalchemy import text

from chassis import dead_letters, faults, metrics, tracing
from chassis.database import Database, Transaction, is_outage, is_passing, is_too_slow
from chassis.records import Delivery, Poison, RawRecord, Record, read

Handler = Callable[[Transaction, Sequence[Any]], Awaitable[None]]

INBOX = """
CREATE TABLE inbox (
    topic text NOT NULL,
    message_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (topic, message_id)
)
"""
INBOX_INDEX = "CREATE INDEX inbox_age ON inbox USING brin (received_at)"

# ORDER BY is the lock order: the twin of a batch (an old owner still at work) waits here and then
# gets nothing. The second half says which keys have something set aside.
ADMIT = text("""
    WITH fresh AS (
        INSERT INTO inbox (topic, message_id, received_at)
        SELECT :topic, m, :now FROM unnest(CAST(:ids AS uuid[])) m ORDER BY m
        ON CONFLICT DO NOTHING RETURNING message_id
    )
    SELECT message_id, NULL AS key FROM fresh
    UNION ALL
    SELECT NULL, key FROM dead_letter
     WHERE topic = :topic AND state = 'dead' AND key = ANY(CAST(:keys AS bytea[]))
""")

MAX_IDS_LOGGED = 20  # of a large batch: enough to find one that stands alone

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Subscription:
    """Which handler hears a topic. `raw`: it judges every record itself, also broken ones."""

    topic: Topic
    handler: Handler
    raw: bool = False


class Subscriptions:
    """What a service listens to. `subscribers.py` fills it by calling it."""

    def __init__(self) -> None:
        self.all: list[Subscription] = []

    def __call__(self, topic: Topic, handler: Handler, *, raw: bool = False) -> None:
        """Hear a topic."""
        self.all.append(Subscription(topic, handler, raw))


class Delivered:
    """Handles the batches of one subscription."""

    ATTEMPTS = 4  # of a message that stands alone, or of a batch that met a deadlock

    def __init__(self, service: str, subscription: Subscription, db: Database) -> None:
        self.subscription = subscription
        self.running = asyncio.Lock()  # partitions are given away only between two batches
        self.last_handled_at = monotonic()
        self.next_offsets: dict[TopicPartition, int] = {}  # behind what this process has handled
        self.handled_until = time()  # when the newest handled record was written
        self._service = service
        self._topic = subscription.topic.name
        self._db = db
        self._resuming: asyncio.Task[None] | None = None

    async def batch(self, records: Sequence[Record], consumer: AIOKafkaConsumer) -> None:
        """Handle a batch. Returns when its offsets may be committed."""
        async with self.running:
            started = monotonic()
            deliveries = [read(record, self.subscription.raw) for record in records]
            try:
                await self._settle(deliveries)
            except Exception as error:
                if not (is_outage(error) or is_passing(error)):
                    raise  # a bug of the chassis itself: the framework reads the batch again
                self._wait_out(records, consumer, error)
            else:
                self._remember(records)
            self.last_handled_at = monotonic()
            self._tell(deliveries, monotonic() - started)
            faults.point("delivery.before_offset_commit")

    def _remember(self, records: Sequence[Record]) -> None:
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self.next_offsets[place] = record.offset + 1
        self.handled_until = max(record.timestamp for record in records) / 1000

    async def _settle(self, deliveries: Sequence[Delivery]) -> None:
        try:
            await self._patiently(deliveries)
        except Exception as error:
            too_much = is_too_slow(error) and len(deliveries) > 1
            if (is_outage(error) or is_passing(error)) and not too_much:
                raise
            if len(deliveries) == 1:
                await self._bury_alone(deliveries[0], error)
                return
            half = len(deliveries) // 2
            await self._settle(deliveries[:half])
            await self._settle(deliveries[half:])

    async def _patiently(self, deliveries: Sequence[Delivery]) -> None:
        """Try again what a deadlock stopped, and a single message that failed."""
        for attempt in range(1, self.ATTEMPTS + 1):
            try:
                await self._apply(deliveries)
            except Exception as error:
                again = is_passing(error) or (len(deliveries) == 1 and not is_outage(error))
                if attempt == self.ATTEMPTS or not again:
                    raise
                await asyncio.sleep(0.02 * 4**attempt * random.uniform(0.5, 1.0))  # noqa: S311
            else:
                return

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        with tracing.batch(self._service, self._topic, deliveries):
            async with self._db.transaction() as tx:
                good = await self._admit(tx, deliveries)
                if good:
                    await self.subscription.handler(tx, good)
                faults.point("delivery.before_mark")
        faults.point("delivery.after_handle")

    async def _admit(
        self, tx: Transaction, deliveries: Sequence[Delivery]
    ) -> list[Event | RawRecord]:
        """Mark the batch in the inbox; what is left is new, readable and not behind a dead one."""
        mine = {d.id: d for d in reversed(deliveries)}  # of twins in a batch the first one counts
        keys = {d.record.key or b"" for d in mine.values()}
        rows = await tx.rows(
            ADMIT, {"topic": self._topic, "ids": list(mine), "keys": list(keys), "now": tx.now}
        )
        fresh = {row["message_id"] for row in rows if row["message_id"] is not None}
        closed = {bytes(row["key"]) for row in rows if row["key"] is not None}
        good: list[Event | RawRecord] = []
        for delivery in deliveries:
            if delivery.id not in fresh or mine[delivery.id] is not delivery:
                self._count("repeated")
            elif await self._is_parked(tx, delivery, closed):
                self._count("parked")
            elif isinstance(delivery.content, Poison):
                await self._bury(tx, delivery, delivery.content, attempts=1)
                closed.add(delivery.record.key or b"")
            elif delivery.content is None:
                self._count("unknown-type")
            else:
                self._count("handled")
                good.append(delivery.content)
        return good

    async def _is_parked(self, tx: Transaction, delivery: Delivery, closed: set[bytes]) -> bool:
        key = delivery.record.key or b""
        if key not in closed or self.subscription.raw:
            return False
        await dead_letters.lock_key(tx, self._topic, key)
        if not await dead_letters.is_dead(tx, self._topic, key):
            closed.discard(key)  # it was put back meanwhile
            return False
        why = "an earlier message of this key is set aside"
        await dead_letters.bury(tx, delivery, "parked-behind", why, 0, self._service)
        return True

    async def _bury(self, tx: Transaction, delivery: Delivery, why: Poison, attempts: int) -> None:
        await dead_letters.lock_key(tx, self._topic, delivery.record.key or b"")
        await dead_letters.bury(tx, delivery, why.reason, why.detail, attempts, self._service)
        self._count("dead")
        log.error("message set aside", topic=self._topic, reason=why.reason, id=str(delivery.id))

    async def _bury_alone(self, delivery: Delivery, error: Exception) -> None:
        """The handler fails for this message for good. Its type is told, its text may tell more."""
        log.error("handler failed", topic=self._topic, id=str(delivery.id), exc_info=error)
        why = Poison("handler-failed", type(error).__name__)
        async with self._db.transaction() as tx:
            ids = {"topic": self._topic, "ids": [delivery.id], "keys": [], "now": tx.now}
            if await tx.rows(ADMIT, ids):
                await self._bury(tx, delivery, why, attempts=self.ATTEMPTS)

    def _wait_out(
        self, records: Sequence[Record], consumer: AIOKafkaConsumer, error: Exception
    ) -> None:
        """Go back to the start of the batch and stand still until the database answers.

        Polling goes on meanwhile, so the group does not expel us. A rebalance forgets the pause:
        the new owner fails once and pauses again.
        """
        log.warning("waiting out an outage", topic=self._topic, error=type(error).__name__)
        first: dict[TopicPartition, int] = {}
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            first[place] = min(record.offset, first.get(place, record.offset))
        assigned = consumer.assignment()
        consumer.pause(*assigned)
        for place, offset in first.items():
            if place in assigned:
                consumer.seek(place, offset)
        metrics.PAUSED.labels(self._service, self._topic).set(1)
        if self._resuming is None or self._resuming.done():
            self._resuming = asyncio.create_task(self._resume(consumer))

    async def _resume(self, consumer: AIOKafkaConsumer) -> None:
        await asyncio.sleep(0.1)
        while not await self._db.answers():  # noqa: ASYNC110 - nobody can tell us
            await asyncio.sleep(0.2)
        consumer.resume(*consumer.paused())
        metrics.PAUSED.labels(self._service, self._topic).set(0)
        log.info("going on after an outage", topic=self._topic)

    def _tell(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        metrics.BATCH_SIZE.labels(self._service, self._topic).observe(len(deliveries))
        metrics.BATCH_SECONDS.labels(self._service, self._topic).observe(seconds)
        ids = {d.correlation_id: None for d in deliveries[:MAX_IDS_LOGGED]}
        log.info(
            "batch",
            topic=self._topic,
            records=len(deliveries),
            ms=round(seconds * 1000, 1),
            correlation_ids=list(ids),
        )

    def _count(self, outcome: str) -> None:
        metrics.RECORDS.labels(self._service, self._topic, outcome).inc()
