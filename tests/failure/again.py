"""What stands on the topics comes again, and what that changes."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.stack import Stack
from tests.failure.facts import broker, databases
from tests.failure.facts.collect import patiently
from tests.failure.facts.model import Hears, Record
from tests.failure.facts.subscriptions import subscriptions
from tests.failure.replicas import FIGURE
from tests.platform import PARTITIONS, Platform

HEARD = subscriptions()


class Told:
    """What is told from now on on the topics that somebody hears."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._old = {record.place for record in broker.records(platform)}

    def records(self) -> list[Record]:
        """The first copy of each record, in the order of its partition."""
        topics = {one.topic for one in HEARD}
        first: dict[tuple[str, str], Record] = {}
        for record in sorted(broker.records(self._platform), key=lambda one: one.place):
            if record.topic in topics and record.place not in self._old:
                first.setdefault((record.topic, record.id), record)
        return list(first.values())


def by_keys(records: Iterable[Record], seed: int) -> list[Record]:
    """The keys in any order, and what stands under one of them in its own."""
    keys = sorted({record.key or b"" for record in records})
    random.Random(seed).shuffle(keys)
    return sorted(records, key=lambda record: keys.index(record.key or b""))


def takes(one: Hears, record: Record) -> bool:
    """Whether a record is for this handler."""
    return one.topic == record.topic and (one.types is None or one.raw or record.type in one.types)


def taken_by(service: str, records: Sequence[Record]) -> int:
    """How many of these a service takes."""
    mine = [one for one in HEARD if one.service == service]
    return sum(takes(one, record) for one in mine for record in records)


def send(platform: Platform, records: Sequence[Record]) -> None:
    """Put them on their topics once more: key, headers and bytes as they are."""

    async def run() -> None:
        address = platform.stack.settings.address("kafka")
        producer = AIOKafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=True)
        await producer.start()
        try:
            sent = [
                await producer.send(
                    one.topic, one.value, key=one.key, headers=list(one.raw_headers)
                )
                for one in records
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    asyncio.run(run())


def back_to_the_start(platform: Platform, service: str) -> None:
    """Its group has read nothing. The service must be stopped.

    Raises:
        KafkaError: the group still has a member.
    """
    places = [
        TopicPartition(one.topic, number)
        for one in HEARD
        if one.service == service
        for number in range(PARTITIONS[one.topic])
    ]

    async def run() -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=platform.stack.settings.address("kafka"),
            group_id=service,
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            consumer.assign(places)
            await consumer.commit(dict.fromkeys(places, 0))
        finally:
            await consumer.stop()

    patiently(lambda: asyncio.run(run()))


def outcomes(stack: Stack, service: str, outcome: str) -> int:
    """How many records the process that runs now has seen end like this."""
    shown = httpx.get(f"{stack.url(service)}/metrics", timeout=30, trust_env=False).text
    return sum(
        int(float(found["value"]))
        for found in FIGURE.finditer(shown)
        if found["name"] == "kc_records_total" and f'outcome="{outcome}"' in found["labels"]
    )


@dataclass(frozen=True)
class State:
    """All rows of all databases, all events there are, and all mails."""

    rows: dict[str, Counter[str]]
    events: frozenset[tuple[str, str]]
    mails: int

    def changes_to(self, after: State) -> dict[str, list[str]]:
        """What is not the same, by its place. Empty: nothing had an effect."""
        found = {
            place: sorted(((after.rows[place] - rows) + (rows - after.rows[place])).elements())
            for place, rows in self.rows.items()
        }
        found["events"] = sorted(" ".join(one) for one in self.events ^ after.events)
        found["mails"] = ["mail"] * abs(after.mails - self.mails)
        return {place: rows for place, rows in found.items() if rows}


def state(platform: Platform) -> State:
    """As it is now."""
    tables = patiently(lambda: asyncio.run(databases.dump(platform.stack)))
    return State(
        rows={
            f"{service}.{table}": Counter(str(sorted(row.items())) for row in rows)
            for service, of_service in tables.items()
            for table, rows in of_service.items()
        },
        events=frozenset((one.topic, one.id) for one in broker.records(platform)),
        mails=len(platform.mails()),
    )
