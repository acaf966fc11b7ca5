"""How long records wait, and whether a consumer stands still: seen on the real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from time import monotonic, time
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from chassis import kafka, operations, standstill
from chassis.careful import Careful
from chassis.database import Transaction
from chassis.delivery import Subscription
from chassis.records import RawRecord
from chassis.testing import TestApp, until
from contracts.topics import Topic
from prometheus_client import REGISTRY

HOUR, DAY = 3600, 86_400


@dataclass
class Heard:
    """A consumer of a topic of its own. Its handler stands still while `go` is not set."""

    app: TestApp
    topic: Topic
    name: str = field(default_factory=lambda: f"lag-{uuid4().hex[:8]}")
    go: asyncio.Event = field(default_factory=asyncio.Event)
    at_work: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begin without a hindrance."""
        self.go.set()
        settings = self.app.running.service.settings.model_copy(
            update={"session_timeout_ms": 60_000, "kafka_group": self.name}
        )
        subscription = Subscription(self.topic, self._hear, raw=True)
        self.broker, self.listener = kafka.listen(settings, self.name, [subscription], self.app.db)

    async def _hear(self, _: Transaction, __: Sequence[RawRecord]) -> None:
        self.at_work.set()
        await self.go.wait()
        self.at_work.clear()

    async def send(self, partition: int, age: float) -> None:
        """Put a record on a partition that was written so many seconds ago."""
        producer = AIOKafkaProducer(bootstrap_servers=self.app.servers.kafka)
        await producer.start()
        try:
            await producer.send_and_wait(
                self.topic.name, b"{}", partition=partition, timestamp_ms=int((time() - age) * 1000)
            )
        finally:
            await producer.stop()

    async def figures(self) -> tuple[float, float]:
        """Records that wait, and for how many seconds the oldest does, as Prometheus reads them."""
        await operations.show_lag(self.listener, self.name)
        labels = {"service": self.name, "topic": self.topic.name}
        names = ("kc_consumer_lag_records", "kc_consumer_lag_seconds")
        records, seconds = (REGISTRY.get_sample_value(name, labels) for name in names)
        assert records is not None
        assert seconds is not None
        return records, seconds

    async def has(self, records: int) -> bool:
        """Whether so many wait."""
        return (await self.figures())[0] == records

    async def handled(self, partition: int) -> bool:
        """Whether the first record of a partition is handled."""
        place = TopicPartition(self.topic.name, partition)
        return self.listener.delivered.next_offsets.get(place, 0) > 0


@contextlib.asynccontextmanager
async def hearing(app: TestApp, *, begun: bool = True) -> AsyncIterator[Heard]:
    """A consumer, at work; its topic keeps the times that senders give."""
    heard = Heard(app, Topic(f"test.{uuid4().hex}", "provider", "id", (), 2))
    admin = AIOKafkaAdminClient(bootstrap_servers=app.servers.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(heard.topic.name, 2, 1)])
    await admin.close()
    if begun:
        await heard.broker.start()
    try:
        yield heard
    finally:
        heard.go.set()
        await heard.broker.stop()


async def test_nothing_waits_and_then_a_record_for_as_long_as_it_is_old(app: TestApp) -> None:
    async with hearing(app) as heard:
        await heard.send(0, age=DAY)
        await until(lambda: heard.handled(0), 30)
        assert await heard.figures() == (0, 0)
        heard.go.clear()
        await heard.send(0, age=100)
        await asyncio.wait_for(heard.at_work.wait(), 30)
        records, seconds = await heard.figures()
        assert (records, round(seconds, -2)) == (1, 100)  # and not a day, though so long was quiet
        heard.go.set()
        await until(lambda: heard.has(0), 30)
        assert await heard.figures() == (0, 0)


async def test_what_waited_while_nobody_was_there_is_as_old_as_it_is(app: TestApp) -> None:
    async with hearing(app, begun=False) as heard:
        for age in (2 * HOUR, 10):
            await heard.send(0, age)
        heard.go.clear()
        await heard.broker.start()
        await asyncio.wait_for(heard.at_work.wait(), 30)
        await until(lambda: heard.has(2), 30)
        assert 2 * HOUR <= (await heard.figures())[1] < 2 * HOUR + 60


async def test_a_partition_that_is_behind_is_not_hidden_by_one_that_goes_on(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def of_the_second_only(_: Careful, consumer: AIOKafkaConsumer) -> object:
        places = [place for place in consumer.assignment() if place.partition == 1]
        if not places:
            await asyncio.sleep(0.05)
            return ()
        got = await consumer.getmany(*places, timeout_ms=50)
        return tuple(got.get(places[0], ()))

    monkeypatch.setattr(Careful, "read", of_the_second_only)
    async with hearing(app) as heard:
        await until(lambda: heard.listener.consumer and heard.listener.consumer.assignment(), 30)
        await heard.send(0, age=0)
        await until(lambda: heard.has(1), 30)
        began = time()
        await asyncio.sleep(1.5)
        await heard.send(1, age=0)
        await until(lambda: heard.handled(1), 30)
        records, seconds = await heard.figures()
        assert records == 1
        assert 1.5 <= seconds <= time() - began + 1
        assert await standstill.stood_still(heard.listener) >= 1.5
        assert not await standstill.stands_still(heard.listener)  # the other one went on


async def test_a_record_after_a_quiet_hour_is_no_standstill(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: Careful, __: object) -> tuple[object, ...]:
        await asyncio.sleep(0.05)
        return ()

    monkeypatch.setattr(Careful, "read", nothing)
    async with hearing(app) as heard:
        await heard.send(0, age=0)
        await until(lambda: heard.has(1), 30)
        heard.listener.delivered.last_handled_at = monotonic() - HOUR
        assert not await standstill.stands_still(heard.listener)
        monkeypatch.setattr(standstill, "STANDSTILL_SECONDS", 0.5)
        await asyncio.sleep(0.6)
        assert await standstill.stands_still(heard.listener)
