"""Kafka for a service: the broker, its batch subscribers, and topics from the list.

Facts that bite are handled here once: at-most-once by default, headers that break a batch,
partitions given away in the middle of a batch, topics created silently.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from contracts.topics import DAY_MS, TOPICS, Topic
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage
from faststream.middlewares import AckPolicy

from chassis.careful import Careful
from chassis.database import Database
from chassis.delivery import Delivered, Subscription
from chassis.records import Record
from chassis.settings import ServiceSettings
from chassis.unreadable import tolerate

TOPIC_EXISTS = 36
DEAD_RETENTION_MS = 365 * DAY_MS


class Drain(ConsumerRebalanceListener):  # type: ignore[misc]
    """Gives partitions away only after the running batch: its commit would be lost silently."""

    def __init__(self, delivered: Delivered) -> None:
        self._delivered = delivered

    async def on_partitions_revoked(
        self,
        revoked: Iterable[TopicPartition],  # noqa: ARG002
    ) -> None:
        """Wait for the batch that is being handled."""
        async with self._delivered.running:
            pass

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Nothing to prepare."""


class Listener:
    """One batch subscriber: a topic, a group of its own per service, one consumer."""

    def __init__(
        self, broker: KafkaBroker, name: str, subscription: Subscription, delivered: Delivered
    ) -> None:
        self.topic = subscription.topic
        self.delivered = delivered
        self._broker, self._name = broker, name
        self._subscriber: Any = None

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The consumer, once the broker is started."""
        return self._subscriber.consumer if self._subscriber is not None else None

    def subscribe(self, settings: ServiceSettings) -> None:
        """Register with FastStream, before the broker starts."""
        self._subscriber = self._broker.subscriber(
            self.topic.name,
            batch=True,
            group_id=f"{self._name}.{self.topic.name}",
            max_records=settings.batch_records,
            batch_timeout_ms=20,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=500,
            fetch_max_wait_ms=500,
            parser=self._parse,
            decoder=_as_it_is,
            listener=Drain(self.delivered),
            no_reply=True,
        )
        fast = self._subscriber.get_msg
        self._subscriber.get_msg = Careful(fast, self.delivered, settings.batch_records).read
        self._subscriber(self._hear)

    async def _hear(self, records: Any) -> None:
        consumer = self.consumer
        if consumer is None:
            raise RuntimeError("a batch before the start")
        await self.delivered.batch(records, consumer)

    async def _parse(self, records: tuple[Record, ...], _original: Any) -> KafkaAckableMessage:
        """FastStream's own parser decodes every header and fails for the batch on a broken one."""
        return KafkaAckableMessage(
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
    return KafkaBroker(
        settings.kafka,
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
) -> tuple[KafkaBroker, list[Listener]]:
    """The broker with a subscriber for every subscription."""
    tolerate()
    broker = make_broker(settings, name)
    listeners = [
        Listener(broker, name, subscription, Delivered(name, subscription, db))
        for subscription in subscriptions
    ]
    for listener in listeners:
        listener.subscribe(settings)
    return broker, listeners


def topics_of(name: str, subscriptions: Iterable[Subscription]) -> list[Topic]:
    """The topics that a service owns or hears."""
    heard = [subscription.topic for subscription in subscriptions]
    return heard + [topic for topic in TOPICS if topic.owner == name and topic not in heard]


async def create_topics(bootstrap: str, topics: Iterable[Topic], replicas: int = 1) -> None:
    """Make what is missing of these topics and their dead-letter topics.

    Raises:
        KafkaError: the brokers are not there (yet).
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
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
    }
    return NewTopic(
        name=name, num_partitions=partitions, replication_factor=replicas, topic_configs=configs
    )
