"""Whose clock stands in a record: the broker's (`LogAppendTime`), whatever the sender's says."""

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import InvalidTimestampError
from chassis.brokers import Brokers
from chassis.kafka import create_topics
from chassis.testing import Servers
from contracts.topics import Topic

MINUTE_MS = 60_000
FAR_MS = timedelta(days=90) // timedelta(milliseconds=1)


async def send(servers: Servers, topic: str, off_by_ms: int) -> Any:
    """A record of a sender whose clock is wrong by so much; where it stands."""
    producer = AIOKafkaProducer(bootstrap_servers=servers.kafka, acks="all")
    await producer.start()
    try:
        at = round(time.time() * 1000) + off_by_ms
        return await producer.send_and_wait(topic, b"{}", partition=0, timestamp_ms=at)
    finally:
        await producer.stop()


async def read(servers: Servers, topic: str, offset: int) -> Any:
    """The record that stands there."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers.kafka)
    await consumer.start()
    try:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        consumer.seek(place, offset)
        return await consumer.getone(place)
    finally:
        await consumer.stop()


@pytest.mark.parametrize("off_by_ms", [FAR_MS, -FAR_MS])
async def test_a_record_from_months_ahead_or_ago_is_appended_with_the_brokers_time(
    servers: Servers, off_by_ms: int
) -> None:
    topic = Topic(f"test.{uuid4().hex}", "enrolment", "id", ())
    await create_topics(Brokers(servers.kafka), [topic])
    there = await send(servers, topic.name, off_by_ms)
    record = await read(servers, topic.name, there.offset)
    assert abs(record.timestamp - time.time() * 1000) < MINUTE_MS


async def test_control_a_topic_of_its_own_making_keeps_the_senders_time_or_refuses_it(
    servers: Servers,
) -> None:
    name = f"test.{uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()
    with pytest.raises(InvalidTimestampError):
        await send(servers, name, FAR_MS)
    old = await read(servers, name, (await send(servers, name, -MINUTE_MS * 10)).offset)
    assert time.time() * 1000 - old.timestamp > MINUTE_MS * 9
