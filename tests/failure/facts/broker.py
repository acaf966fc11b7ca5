"""Every record of every topic, and how far every group has come."""

from __future__ import annotations

from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.failure.facts.model import Group, Hears, Place, Record
from tests.platform import PARTITIONS, Platform


def records(platform: Platform) -> tuple[Record, ...]:
    """All that stands on all topics, the dead-letter topics among them."""
    return tuple(
        Record(
            topic=found.topic,
            partition=found.partition,
            offset=found.offset,
            key=found.key,
            value=found.value,
            raw_headers=tuple(found.headers),
            timestamp=found.timestamp,
        )
        for found in platform.read(*PARTITIONS)
    )


async def committed(address: str, groups: Iterable[str]) -> dict[Group, int]:
    """What these groups have committed. A broker that still reads its own log says nothing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    try:
        await admin.start()
        return {
            (group, place.topic, place.partition): found.offset
            for group in groups
            for place, found in (await admin.list_consumer_group_offsets(group)).items()
        }
    finally:
        await admin.close()


async def places(address: str, hears: tuple[Hears, ...]) -> tuple[Place, ...]:
    """The committed offset and the end of every partition that somebody hears."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    try:
        await consumer.start()
        await admin.start()
        found: list[Place] = []
        for one in hears:
            group = one.service  # one consumer for all its topics
            committed = await admin.list_consumer_group_offsets(group)
            partitions = [
                TopicPartition(one.topic, number) for number in range(PARTITIONS[one.topic])
            ]
            ends = await consumer.end_offsets(partitions)
            for place in partitions:
                at = committed[place].offset if place in committed else 0
                found.append(Place(group, one.topic, place.partition, max(at, 0), ends[place]))
        return tuple(found)
    finally:
        await admin.close()
        await consumer.stop()
