"""Records that the client library cannot read by itself, made byte by byte, on the real broker."""

import gzip
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiokafka.consumer.fetcher
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from chassis import kafka
from chassis.app import Service
from chassis.careful import Read
from chassis.database import Transaction
from chassis.delivery import Delivered, Subscriptions
from chassis.settings import ServiceSettings
from chassis.testing import Servers, TestApp, running, until
from chassis.testing_issuer import Issuer
from contracts.catalog import RunCancelled
from contracts.topics import Topic
from sqlalchemy import text

from libs.chassis.tests.conftest import times_heard

MARK = "ZZZZ"  # a header of this name gets one that is no UTF-8 on its way to the broker
BAD, GOOD = True, False
# Bytes of a record batch: its length behind 12, checksum at 17, of all that follows; the records
LENGTH, CHECKSUM, ATTRIBUTES, RECORDS = slice(8, 12), slice(17, 21), slice(21, 23), 61

Start = Callable[..., AbstractAsyncContextManager[TestApp]]


@pytest.fixture(autouse=True)
def _bytes_of_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers named MARK become unreadable; records that hold `zstd` are packed with it."""
    build = BatchBuilder._build
    HEARD.clear()

    def changed(self: Any) -> Any:
        batch = bytearray(build(self))
        packed = batch[ATTRIBUTES] == (1).to_bytes(2, "big")
        records = gzip.decompress(batch[RECORDS:]) if packed else bytes(batch[RECORDS:])
        records = records.replace(MARK.encode(), b"\xff\xfe\xff\xfe")
        if b"zstd" in records:
            records = _packed(records)
            batch[ATTRIBUTES] = (4).to_bytes(2, "big")
        batch[RECORDS:] = gzip.compress(records) if packed else records
        batch[LENGTH] = (len(batch) - 12).to_bytes(4, "big")
        batch[CHECKSUM] = calc_crc32c(bytes(batch[21:])).to_bytes(4, "big")
        return bytes(batch)

    monkeypatch.setattr(BatchBuilder, "_build", changed)


def _packed(content: bytes) -> bytes:
    """A zstd frame (RFC 8878) with one block that is not really packed; up to 255 bytes."""
    block = (1 + (len(content) << 3)).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) + block + content


HEARD: list[Any] = []


async def note(tx: Transaction, records: Sequence[Any]) -> None:
    """Write down the numbers that were sent, in the order in which they are handled."""
    for record in records:
        HEARD.append(record)
        number = int(record.value.split()[-1])
        await tx.execute(text("INSERT INTO note (number) VALUES (:n)"), {"n": number})


@pytest.fixture
def topic() -> Topic:
    """A topic that nobody used before."""
    return Topic(f"test.{uuid4().hex}", "provider", "number", (), 3)


@pytest.fixture
def start(servers: Servers, issuer: Issuer, topic: Topic) -> Start:
    """Starts a service that hears the topic and judges everything itself."""

    def build(clock: Any, **settings: Any) -> Service:
        return Service(
            name="enrolment",
            settings=ServiceSettings(**settings),
            migrations=Path(__file__).parent / "migrations",
            routers=[],
            subscribe=lambda on: _subscribe(on, topic),
            clock=clock,
        )

    @asynccontextmanager
    async def started(**settings: Any) -> AsyncIterator[TestApp]:
        async with running(build, servers, issuer, **settings) as app:
            yield app

    return started


def _subscribe(on: Subscriptions, topic: Topic) -> None:
    on(topic, note, raw=True)


async def send(
    app: TestApp, topic: str, partition: int, *kinds: bool, since: int = 0, **how: Any
) -> None:
    """Put good and bad records on a partition; their numbers tell partition and offset."""
    word, packed = how.get("word", ""), how.get("packed")
    producer = AIOKafkaProducer(
        bootstrap_servers=app.servers.kafka, linger_ms=20, compression_type=packed
    )
    await producer.start()
    try:
        for offset, bad in enumerate(kinds, since):
            value = f"{word}{partition * 1000 + offset}".encode()
            headers = [(MARK, b"")] if bad else []
            await producer.send(topic, value, value, partition=partition, headers=headers)
    finally:
        await producer.stop()


async def noted(app: TestApp) -> list[int]:
    """What was handled, in order."""
    async with app.db.reading() as tx:
        return [r["number"] for r in await tx.rows(text("SELECT number FROM note ORDER BY id"))]


PARTITIONS = (
    (BAD, GOOD, GOOD, GOOD, BAD, BAD, GOOD, GOOD),
    (GOOD,) * 40,
    (GOOD, BAD, *(GOOD,) * 10, BAD),
)


@pytest.mark.parametrize("most", [1000, 4])
@pytest.mark.parametrize("packed", [None, "gzip"])
async def test_a_name_that_is_no_text_stops_nothing_and_everything_is_handled_once_in_order(
    start: Start, topic: Topic, most: int, packed: str | None
) -> None:
    async with start(batch_records=most) as app:
        for partition, kinds in enumerate(PARTITIONS):
            await send(app, topic.name, partition, *kinds, packed=packed)
        for partition, kinds in enumerate(PARTITIONS):
            await send(app, topic.name, partition, BAD, GOOD, since=len(kinds))
        await app.settled()
        got = await noted(app)
        for partition, kinds in enumerate(PARTITIONS):
            here = [number for number in got if number // 1000 == partition]
            assert here == [partition * 1000 + offset for offset in range(len(kinds) + 2)]


async def test_the_name_and_the_other_headers_can_be_read(start: Start, topic: Topic) -> None:
    async with start() as app:
        headers = [("before", b"1"), (MARK, b"2"), ("after", b"\xff"), ("none", None)]
        await app.send_raw((topic.name, b"key", b"7", headers))
        await app.settled()
        assert await noted(app) == [7]
    (record,) = HEARD
    assert record.headers == {
        "before": "1",
        r"\xff\xfe\xff\xfe": "2",
        "after": "\ufffd",
        "none": "",
    }


async def test_a_record_with_such_a_name_is_set_aside_whole_when_it_says_nothing(
    app: TestApp,
) -> None:
    event = RunCancelled(run_id=uuid4(), offer_id=uuid4(), cancelled_at=datetime.now(UTC))
    key = str(uuid4()).encode()
    await app.send_raw((event.topic.name, key, b"{", [(MARK, b"x")]))
    await app.send(event)
    await app.settled()
    assert await times_heard(app, event.run_id) == 1
    async with app.db.reading() as tx:
        row = await tx.row(text("SELECT * FROM dead_letter WHERE key = :k"), {"k": key})
    assert row is not None
    assert (row["reason"], bytes(row["payload"])) == ("no-envelope", b"{")
    copy = (await until(lambda: [r for r in app.records if r.key == key], 10))[0]
    assert dict(copy.headers)[r"\xff\xfe\xff\xfe"] == b"x"


class Careless:
    """Reads as if nothing could go wrong."""

    failures = 0

    def __init__(self, read: Read, _delivered: Delivered, _most: int) -> None:
        self._read = read

    async def read(self, consumer: Any) -> Any:
        """The next batch."""
        try:
            return await self._read(consumer)
        except UnicodeDecodeError:
            Careless.failures += 1
            raise


@pytest.fixture
def intolerant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consumers as aiokafka makes them."""
    monkeypatch.setattr(kafka, "tolerate", lambda: None)
    monkeypatch.setattr(aiokafka.consumer.fetcher, "MemoryRecords", MemoryRecords)


@pytest.mark.usefixtures("intolerant")
async def test_control_the_library_alone_stands_still(
    start: Start, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "Careful", Careless)
    async with start() as app:
        await send(app, topic.name, 1, BAD, GOOD)
        await until(lambda: Careless.failures >= 5, 15)
        consumer = app.running.listener.consumer if app.running.listener else None
        assert consumer is not None
        assert await consumer.position(TopicPartition(topic.name, 1)) == 0
        assert await noted(app) == []


@pytest.mark.usefixtures("intolerant")
async def test_when_a_partition_cannot_be_read_nothing_of_the_others_is_lost(
    start: Start, topic: Topic
) -> None:
    async with start() as app:
        expected: set[int] = set()
        for turn in range(6):
            await send(app, topic.name, 1, GOOD if turn == 0 else BAD, since=turn)
            for partition in (0, 2):
                await send(app, topic.name, partition, *(GOOD,) * 5, since=turn * 5)
                expected |= {partition * 1000 + turn * 5 + n for n in range(5)}
        expected.add(1000)  # it stands before the first that cannot be read
        await until(lambda: _handled(app, expected), 20)
        assert sorted(await noted(app)) == sorted(expected)


async def _handled(app: TestApp, expected: set[int]) -> bool:
    return expected <= set(await noted(app))


async def test_what_strangers_pack_is_unpacked_by_the_broker(start: Start, topic: Topic) -> None:
    async with start() as app:
        await app.send_raw((topic.name, b"key", b"zstd 7", []))
        await app.settled()
        assert await noted(app) == [7]


async def test_a_packing_that_nobody_here_reads_stops_one_partition_only(
    start: Start, topic: Topic, servers: Servers
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    as_sent = {"compression.type": "producer"}  # as a broker does that nobody told otherwise
    await admin.create_topics([NewTopic(topic.name, 3, 1, topic_configs=as_sent)])
    await admin.close()
    async with start() as app:
        await send(app, topic.name, 1, GOOD)
        await send(app, topic.name, 1, GOOD, since=1, word="zstd ")
        await send(app, topic.name, 0, *(GOOD,) * 5)
        await send(app, topic.name, 2, *(GOOD,) * 5)
        expected = {0, 1, 2, 3, 4, 1000, 2000, 2001, 2002, 2003, 2004}
        await until(lambda: _handled(app, expected), 20)
        assert sorted(await noted(app)) == sorted(expected)
