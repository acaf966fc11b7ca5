"""Kafka for a service: the broker, its batch subscribers, and topics from the list.

Facts that bite are handled here once: at-most-once by default, headers that break a batch,
partitions given away in the middle of a batch, topics created silently.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from contracts.topics import DAY_MS, TOPICS, Topic
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage
from faststream.message import AckStatus
from faststream.middlewares import AckPolicy

from chassis.backlog import Backlog
from chassis.brokers import Brokers
from chassis.careful import Careful
from chassis.database import Database
from chassis.delivery import Delivered, Subscription
from chassis.fetching import IDLE_MS, Fetching
from chassis.offsets import Offsets
from chassis.records import Record
from chassis.settings import ServiceSettings
from chassis.unreadable import tolerate

TOPIC_EXISTS = 36
DEAD_RETENTION_MS = 365 * DAY_MS


class Drain(ConsumerRebalanceListener):  # type: ignore[misc]
    """Gives partitions away only after the running batch: its commit would be lost silently."""

    def __init__(self, listener: "Listener") -> None:
        self._listener = listener

    async def on_partitions_revoked(
        self,
        revoked: Iterable[TopicPartition],  # noqa: ARG002
    ) -> None:
        """Wait for the batch that is being handled, and commit what is handled."""
        async with self._listener.delivered.running:
            await self._listener.commit()
            self._listener.delivered.forget()
            self._listener.offsets.forget()
            self._listener.backlog.forget()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Nothing to prepare."""


class Handled(KafkaAckableMessage):
    """A batch whose offsets are committed a little later, by `Offsets`."""

    async def ack(self) -> None:
        """Done, as far as the framework is concerned."""
        self.committed = AckStatus.ACKED


class Listener:
    """The batch subscriber of a service: all its topics, one group, one consumer."""

    def __init__(
        self, broker: KafkaBroker, name: str, subscriptions: Sequence[Subscription], db: Database
    ) -> None:
        self.topics = [subscription.topic for subscription in subscriptions]
        self.delivered = Delivered(name, subscriptions, db)
        self.offsets = Offsets(self.delivered.next_offsets)
        self.backlog = Backlog(self.delivered)
        self._broker, self._name = broker, name
        self._subscriber: Any = None
        self._closing = False

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The consumer, once the broker is started."""
        return self._subscriber.consumer if self._subscriber is not None else None

    def subscribe(self, settings: ServiceSettings) -> None:
        """Register with FastStream, before the broker starts."""
        self._subscriber = self._broker.subscriber(
            *(topic.name for topic in self.topics),
            batch=True,
            group_id=settings.kafka_group or self._name,
            max_records=settings.batch_records,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            # by ranges: the same partition of all topics, so all events of a key, to one member
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=settings.session_timeout_ms,
            # longer than a batch can take (statement_timeout), for it is finished first
            rebalance_timeout_ms=max(30_000, settings.session_timeout_ms),
            heartbeat_interval_ms=500,
            fetch_max_wait_ms=IDLE_MS,
            parser=self._parse,
            decoder=_as_it_is,
            listener=Drain(self),
            no_reply=True,
        )
        fetching = Fetching(settings.batch_records, settings.gather_ms)
        careful = Careful(fetching.read, self.delivered, settings.batch_records)

        async def next_batch(consumer: AIOKafkaConsumer) -> tuple[Record, ...]:
            if self._closing:
                await asyncio.sleep(0.05)
                return ()
            return await careful.read(consumer)

        self._subscriber.get_msg = next_batch
        self._subscriber(self._hear)

    async def commit(self) -> None:
        """Commit what is handled."""
        if self.consumer is not None:
            await self.offsets.commit(self.consumer)

    async def close(self) -> None:
        """Finish the batch at hand, commit it, and begin no other."""
        self._closing = True
        async with self.delivered.running:
            await self.commit()

    async def _hear(self, records: Any) -> None:
        consumer = self.consumer
        if consumer is None:
            raise RuntimeError("a batch before the start")
        await self.delivered.batch(records, consumer)
        self.offsets.soon(consumer)

    async def _parse(self, records: tuple[Record, ...], _original: Any) -> KafkaAckableMessage:
        """FastStream's own parser decodes every header and fails for the batch on a broken one."""
        return Handled(
            body=b"",
            headers={},
            raw_message=records,
            message_id=str(records[0].offset),
            correlation_id=str(records[0].offset),
            consumer=self.consumer,
        )


async def _as_it_is(message: Any) -> Any:
    return message.raw_message


def make_broker(settings: ServiceSettings, name: str) -> KafkaBroker:
    """The broker of a service. Only the relay publishes, so this one never does."""
    brokers = Brokers.of(settings)
    return KafkaBroker(
        brokers.bootstrap,
        security=brokers.faststream,
        client_id=name,
        acks="all",
        enable_idempotence=True,
        allow_auto_create_topics=False,
        apply_types=False,
        graceful_timeout=4.0,  # then a batch is cancelled, rolled back, and comes again
        logger=logging.getLogger("faststream"),
        log_level=logging.DEBUG,
    )


def listen(
    settings: ServiceSettings, name: str, subscriptions: Sequence[Subscription], db: Database
) -> tuple[KafkaBroker, Listener]:
    """The broker with its subscriber."""
    tolerate()
    broker = make_broker(settings, name)
    listener = Listener(broker, name, subscriptions, db)
    listener.subscribe(settings)
    return broker, listener


def topics_of(name: str, subscriptions: Iterable[Subscription]) -> list[Topic]:
    """The topics that a service owns or hears."""
    heard = [subscription.topic for subscription in subscriptions]
    return heard + [topic for topic in TOPICS if topic.owner == name and topic not in heard]


async def create_topics(brokers: Brokers, topics: Iterable[Topic], replicas: int = 1) -> None:
    """Make what is missing of these topics and their dead-letter topics.

    Raises:
        KafkaError: the brokers are not there (yet).
    """
    admin = AIOKafkaAdminClient(**brokers.client)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        wanted = []
        for topic in topics:
            wanted.append(_new(topic.name, topic.partitions, topic.retention_ms, replicas))
            wanted.append(_new(topic.dead, 1, DEAD_RETENTION_MS, replicas))
        missing = [topic for topic in wanted if topic.name not in existing]
        if missing:
            answer = await admin.create_topics(missing)
            for name, code, *_ in answer.topic_errors:
                if code not in (0, TOPIC_EXISTS):
                    raise RuntimeError(f"topic {name} could not be created: error {code}")
    finally:
        await admin.close()


def _new(name: str, partitions: int, retention_ms: int, replicas: int) -> NewTopic:
    configs = {
        "retention.ms": str(retention_ms),
        "cleanup.policy": "delete",
        # the broker unpacks what strangers pack: aiokafka reads no zstd, lz4 or snappy by itself
        "compression.type": "uncompressed",
        # the broker's clock: what a sender with a wrong one sends would be refused (an hour ahead)
        # or forgotten too early (behind)
        "message.timestamp.type": "LogAppendTime",
    }
    return NewTopic(
        name=name, num_partitions=partitions, replication_factor=replicas, topic_configs=configs
    )
