"""The delivery policy, once for all: a batch becomes one transaction, whatever happens.

inbox -> handlers -> commit -> offset. When it fails: the *world* is down -> pause, keep polling,
read again when it answers; one *message* is bad -> split until it stands alone, then bury it and
park what follows of its key. Everybody else goes on. Repeats are stopped by the inbox.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from contracts.base import EVENTS, Event
from contracts.topics import Topic

from chassis import dead_letters, faults, inbox, metrics, tracing
from chassis.database import Database, Transaction, is_outage, is_passing, is_too_slow
from chassis.ranges import is_out_of_range
from chassis.records import Delivery, Poison, RawRecord, Record, read, type_of

Handler = Callable[[Transaction, Sequence[Any]], Awaitable[None]]

MAX_IDS_LOGGED = 20  # of a large batch: enough to find one that stands alone

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Subscription:
    """Which handler hears a topic.

    `raw`: it judges every record itself, also broken ones. `only`: the event types it has a use
    for; all others pass by unread. `alone`: it locks what the handler of another topic locks too,
    so it has a transaction of its own.
    """

    topic: Topic
    handler: Handler
    raw: bool = False
    only: frozenset[type[Event]] | None = None
    alone: bool = False

    def wants(self, record: Record) -> bool:
        """Whether a record is for this handler. Unknown types are news for later versions."""
        named = "" if self.raw else type_of(record)
        if not named:
            return True  # to be judged, or set aside
        kind = EVENTS.get(named)
        if kind is None:
            return False
        return self.only is None or kind in self.only or kind.topic is not self.topic


class Subscriptions:
    """What a service listens to. `subscribers.py` fills it by calling it."""

    def __init__(self) -> None:
        self.all: list[Subscription] = []

    def __call__(
        self,
        topic: Topic,
        handler: Handler,
        *,
        raw: bool = False,
        only: Collection[type[Event]] | None = None,
        alone: bool = False,
    ) -> None:
        """Hear a topic."""
        kinds = None if only is None else frozenset(only)
        self.all.append(Subscription(topic, handler, raw, kinds, alone))


class Delivered:
    """Handles the batches of a service: what came on all its topics, in one transaction."""

    ATTEMPTS = 4  # of a message that stands alone, or of a batch that met a deadlock

    def __init__(self, service: str, subscriptions: Sequence[Subscription], db: Database) -> None:
        self.subscriptions = {s.topic.name: s for s in subscriptions}
        self.running = asyncio.Lock()  # partitions are given away only between two batches
        self.last_handled_at = monotonic()
        self.next_offsets: dict[TopicPartition, int] = {}  # behind what this process has handled
        self.handled_until: dict[TopicPartition, float] = {}  # when the last of that was written
        self.at_hand: dict[TopicPartition, Record] = {}  # the first that is read and not handled
        self._service = service
        self._db = db
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._resuming: asyncio.Task[None] | None = None
        self._say_paused(0)

    async def batch(self, records: Sequence[Record], consumer: AIOKafkaConsumer) -> None:
        """Handle a batch. Returns when its offsets may be committed."""
        async with self.running:
            started = monotonic()
            self.at_hand |= _first(records)
            deliveries = [
                read(record, self.subscriptions[record.topic].raw)
                for record in records
                if self._is_for_us(record)
            ]
            try:
                for group in self._groups(deliveries):
                    await self._settle(group)
            except Exception as error:
                if not (is_outage(error) or is_passing(error)):
                    raise  # a bug of the chassis itself: the framework reads the batch again
                self._wait_out(records, consumer, error)
            else:
                self._remember(records)
            self.last_handled_at = monotonic()
            self._tell(records, deliveries, monotonic() - started)
            faults.point("delivery.before_offset_commit")

    def _is_for_us(self, record: Record) -> bool:
        wanted = self.subscriptions[record.topic].wants(record)
        if not wanted:
            self._count(record.topic, "passed-by")
        return wanted

    def _groups(self, deliveries: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
        """What may share a transaction."""
        groups: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            topic = delivery.record.topic
            groups[topic if self.subscriptions[topic].alone else ""].append(delivery)
        yield from groups.values()

    def _remember(self, records: Sequence[Record]) -> None:
        for place, last in _first(reversed(records)).items():
            self.next_offsets[place] = last.offset + 1
            self.handled_until[place] = last.timestamp / 1000
            self.at_hand.pop(place, None)

    def forget(self) -> None:
        """Partitions change hands: others may handle from here on."""
        self.next_offsets.clear()
        self.handled_until.clear()
        self.at_hand.clear()

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
                hopeless = is_outage(error) or is_out_of_range(error)
                again = is_passing(error) or (len(deliveries) == 1 and not hopeless)
                if attempt == self.ATTEMPTS or not again:
                    raise
                await asyncio.sleep(0.02 * 4**attempt * random.uniform(0.5, 1.0))  # noqa: S311
            else:
                return

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        with tracing.batch(self._service, deliveries):
            async with self._db.transaction() as tx:
                good = await self._admit(tx, deliveries)
                for topic, subscription in self.subscriptions.items():
                    if topic in good:
                        await subscription.handler(tx, good[topic])
                faults.point("delivery.before_mark")
        faults.point("delivery.after_handle")

    async def _admit(
        self, tx: Transaction, deliveries: Sequence[Delivery]
    ) -> dict[str, list[Event | RawRecord]]:
        """Mark the batch in the inbox; what is left is new, readable and not behind a dead one."""
        fresh, closed = await inbox.admit(tx, deliveries)
        good: dict[str, list[Event | RawRecord]] = defaultdict(list)
        for delivery in deliveries:
            topic, content = delivery.record.topic, delivery.content
            if (topic, delivery.id) not in fresh:
                self._count(topic, "repeated")
                continue
            fresh.discard((topic, delivery.id))  # of twins in a batch the first one counts
            if closed and await self._is_parked(tx, delivery, closed):
                self._count(topic, "parked")
            elif isinstance(content, Poison):
                await self._bury(tx, delivery, content, attempts=1)
                closed.add((topic, delivery.key))
            elif content is not None:
                self._count(topic, "handled")
                good[topic].append(content)
        return good

    async def _is_parked(
        self, tx: Transaction, delivery: Delivery, closed: set[inbox.Place]
    ) -> bool:
        topic, key = delivery.record.topic, delivery.key
        if (topic, key) not in closed or self.subscriptions[topic].raw:
            return False
        await dead_letters.lock_key(tx, topic, key)
        if not await dead_letters.is_dead(tx, topic, key):
            closed.discard((topic, key))  # it was put back meanwhile
            return False
        why = "an earlier message of this key is set aside"
        await dead_letters.bury(tx, delivery, "parked-behind", why, 0, self._service)
        return True

    async def _bury(self, tx: Transaction, delivery: Delivery, why: Poison, attempts: int) -> None:
        topic = delivery.record.topic
        await dead_letters.lock_key(tx, topic, delivery.key)
        await dead_letters.bury(tx, delivery, why.reason, why.detail, attempts, self._service)
        self._count(topic, "dead")
        log.error("message set aside", topic=topic, reason=why.reason, id=str(delivery.id))

    async def _bury_alone(self, delivery: Delivery, error: Exception) -> None:
        """The handler fails for this message for good. Its type is told, its text may tell more."""
        topic = delivery.record.topic
        log.error("handler failed", topic=topic, id=str(delivery.id), exc_info=error)
        why, attempts = Poison("handler-failed", type(error).__name__), self.ATTEMPTS
        if is_out_of_range(error):  # of the message: nobody could keep that number
            why, attempts = Poison("invalid", "a number is beyond what can be kept"), 1
        async with self._db.transaction() as tx:
            fresh, _ = await inbox.admit(tx, [delivery])
            if fresh:
                await self._bury(tx, delivery, why, attempts)

    def _wait_out(
        self, records: Sequence[Record], consumer: AIOKafkaConsumer, error: Exception
    ) -> None:
        """Go back to the start of the batch and stand still until the database answers.

        Polling goes on meanwhile, so the group does not expel us. A rebalance forgets the pause:
        the new owner fails once and pauses again.
        """
        log.warning("waiting out an outage", error=type(error).__name__)
        assigned = consumer.assignment()
        consumer.pause(*assigned)
        for place, record in _first(records).items():
            if place in assigned:
                consumer.seek(place, record.offset)
        self._say_paused(1)
        if self._resuming is None or self._resuming.done():
            self._resuming = asyncio.create_task(self._resume(consumer))

    async def _resume(self, consumer: AIOKafkaConsumer) -> None:
        await asyncio.sleep(0.1)
        while not await self._db.answers():  # noqa: ASYNC110 - nobody can tell us
            await asyncio.sleep(0.2)
        consumer.resume(*consumer.paused())
        self._say_paused(0)
        log.info("going on after an outage")

    def _say_paused(self, paused: int) -> None:
        for topic in self.subscriptions:
            metrics.PAUSED.labels(self._service, topic).set(paused)

    def _tell(
        self, records: Sequence[Record], deliveries: Sequence[Delivery], seconds: float
    ) -> None:
        metrics.BATCH_SECONDS.labels(self._service).observe(seconds)
        sizes = Counter(record.topic for record in records)
        for topic, size in sizes.items():
            metrics.BATCH_SIZE.labels(self._service, topic).observe(size)
        for (topic, outcome), count in self._outcomes.items():
            metrics.RECORDS.labels(self._service, topic, outcome).inc(count)
        self._outcomes.clear()
        if deliveries:
            ids = {d.correlation_id: None for d in deliveries[:MAX_IDS_LOGGED]}
            ms = round(seconds * 1000, 1)
            log.info("batch", records=dict(sizes), ms=ms, correlation_ids=list(ids))

    def _count(self, topic: str, outcome: str) -> None:
        self._outcomes[topic, outcome] += 1


def _first(records: Iterable[Record]) -> dict[TopicPartition, Record]:
    """The first record of each partition; those of one stand in their order."""
    first: dict[TopicPartition, Record] = {}
    for record in records:
        first.setdefault(TopicPartition(record.topic, record.partition), record)
    return first
