"""Partitions change hands in the middle of a batch; two owners have the same batch."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from chassis import inbox, kafka, metrics
from chassis.brokers import Brokers
from chassis.database import Transaction, is_passing
from chassis.delivery import Subscription
from chassis.records import RawRecord
from chassis.testing import TestApp, until
from contracts.topics import Topic
from sqlalchemy import TextClause, text

EACH = 10  # records per partition
HEARD = text("INSERT INTO heard (run_id, event_id) VALUES (:id, :id)")


class Group:
    """The consumers of one group on a topic of their own. `Member`s join and leave."""

    def __init__(self, app: TestApp) -> None:
        self.app, self.name = app, f"group-{uuid4().hex[:8]}"
        self.topic = Topic(f"test.{self.name}", "enrolment", "id", ())
        self.sent: list[UUID] = []

    async def send(self) -> None:
        """So many records on each partition."""
        ids = [uuid4() for _ in range(EACH * self.topic.partitions * 2)]
        await self.app.send_raw(
            *((self.topic.name, id_.bytes, b"{}", [("ce_id", str(id_).encode())]) for id_ in ids)
        )
        self.sent += ids

    async def heard(self) -> Counter[UUID]:
        """How often each of the records that were sent took effect."""
        async with self.app.db.reading() as tx:
            sql = text("SELECT run_id FROM heard WHERE run_id = ANY(CAST(:ids AS uuid[]))")
            rows = await tx.rows(sql, {"ids": self.sent})
        return Counter(row["run_id"] for row in rows)

    async def all_heard(self) -> bool:
        """Whether nothing is missing."""
        return (await self.heard()).keys() == set(self.sent)

    def read_again(self) -> float:
        """How many records were read a second time."""
        counter = metrics.RECORDS.labels(self.name, self.topic.name, "repeated")
        return float(counter._value.get())


class Member:
    """One process' share of a group. Its handler stands still while `go` is not set."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self.go, self.at_work = asyncio.Event(), asyncio.Event()
        self.go.set()
        subscription = Subscription(group.topic, self._hear, raw=True)
        # on a busy machine a rebalance may take long: nobody shall be taken for dead meanwhile
        settings = group.app.running.service.settings.model_copy(
            update={"session_timeout_ms": 60_000, "kafka_group": group.name}
        )
        self.broker, self._listener = kafka.listen(
            settings, group.name, [subscription], group.app.db
        )

    async def _hear(self, tx: Transaction, records: Sequence[RawRecord]) -> None:
        for record in records:
            await tx.execute(HEARD, {"id": record.id})
        self.at_work.set()
        await self.go.wait()
        self.at_work.clear()

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """Its consumer, once it is started."""
        assert self._listener.consumer is not None
        return self._listener.consumer

    def is_idle(self) -> bool:
        """Whether no batch is at work."""
        return not self._listener.delivered.running.locked()

    @property
    def partitions(self) -> int:
        """How many it owns."""
        consumer = self._listener.consumer
        return len(consumer.assignment()) if consumer else 0


@asynccontextmanager
async def two_members(app: TestApp) -> AsyncIterator[tuple[Group, Member, Member]]:
    """A group with one member at work on all partitions and another one that may join."""
    group = Group(app)
    await kafka.create_topics(Brokers(app.servers.kafka), [group.topic])
    first, second = Member(group), Member(group)
    await first.broker.start()
    try:
        await until(lambda: first.partitions == group.topic.partitions, 60, name="the first member")
        yield group, first, second
    finally:
        first.go.set()
        second.go.set()
        await asyncio.gather(first.broker.stop(), second.broker.stop())


async def test_a_batch_is_finished_before_its_partitions_are_given_to_somebody_else(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, drain = asyncio.Event(), kafka.Drain.on_partitions_revoked

    async def told(*arguments: Any) -> None:
        """As it is, and the test hears of it."""
        asked.set()
        await drain(*arguments)

    monkeypatch.setattr(kafka.Drain, "on_partitions_revoked", told)
    async with two_members(app) as (group, first, second):
        first.go.clear()
        await group.send()
        await asyncio.wait_for(first.at_work.wait(), 60)
        asked.clear()
        joining = asyncio.create_task(second.broker.start())  # it returns when it has its share
        await asyncio.wait_for(asked.wait(), 60)
        await asyncio.sleep(0.5)  # time enough for a rebalance that does not wait
        assert (first.at_work.is_set(), second.partitions) == (True, 0)
        first.go.set()
        await joining
        await group.send()
        await until(group.all_heard, 60, name="the rest")
        assert set((await group.heard()).values()) == {1}
        assert group.read_again() == 0


async def test_who_leaves_in_the_middle_of_a_batch_leaves_nothing_behind(app: TestApp) -> None:
    async with two_members(app) as (group, first, second):
        await second.broker.start()
        second.go.clear()
        await group.send()
        await asyncio.wait_for(second.at_work.wait(), 60)
        leaving = asyncio.create_task(second.broker.stop())
        await asyncio.sleep(0.5)  # it shall be on its way out, and nobody could tell us
        second.go.set()
        await leaving
        await group.send()
        await until(group.all_heard, 60, name="what the other one left")
        assert first.partitions == group.topic.partitions
        assert set((await group.heard()).values()) == {1}


HEAR = kafka.Listener._hear


async def commit_and_hear(listener: kafka.Listener, records: Any) -> None:
    """As a consumer does that commits what it has been given, before anything of it is done."""
    assert listener.consumer is not None
    last = {TopicPartition(one.topic, one.partition): one.offset + 1 for one in records}
    await listener.consumer.commit(last)
    await HEAR(listener, records)


@pytest.mark.parametrize("protected", [True, False])
async def test_control_an_offset_that_is_committed_before_the_work_loses_what_an_end_interrupts(
    app: TestApp, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    if not protected:
        monkeypatch.setattr(kafka.Listener, "_hear", commit_and_hear)
    async with two_members(app) as (group, first, second):
        first.go.clear()
        await group.send()
        await asyncio.wait_for(first.at_work.wait(), 60)
        await first.broker.stop()  # its batch is cut off after four seconds
        await second.broker.start()
        every = group.topic.partitions
        await until(lambda: second.partitions == every, 60, name="the second member")
        await group.send()
        await until(lambda: _all_committed(second.consumer), 60, name="offsets at the end")
        lost = set(group.sent) - (await group.heard()).keys()
        assert bool(lost) is not protected


async def test_control_without_the_drain_partitions_are_given_away_while_they_are_worked_on(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(*_: Any) -> None:
        """Do not wait."""

    monkeypatch.setattr(kafka.Drain, "on_partitions_revoked", at_once)
    async with two_members(app) as (group, first, second):
        first.go.clear()
        await group.send()
        await asyncio.wait_for(first.at_work.wait(), 60)
        await second.broker.start()
        assert first.at_work.is_set(), "both have the same partitions now"
        first.go.set()
        await until(group.all_heard, 60, name="the rest")
        await until(group.read_again, 60, name="a record that is read again")
        assert set((await group.heard()).values()) == {1}, "the inbox is there all the same"


async def test_what_is_handled_while_a_commit_is_on_its_way_is_committed_too(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two_members(app) as (group, first, _):
        consumer = first.consumer
        commit, on_its_way, go = consumer.commit, asyncio.Event(), asyncio.Event()

        async def slowly(offsets: dict[TopicPartition, int]) -> None:
            """As it is, when the test lets it."""
            on_its_way.set()
            await go.wait()
            await commit(offsets)

        monkeypatch.setattr(consumer, "commit", slowly)
        await group.send()
        await asyncio.wait_for(on_its_way.wait(), 60)
        await until(group.all_heard, 60, name="the first records")
        await group.send()
        await until(group.all_heard, 60, name="what came meanwhile")
        await until(first.is_idle, 60, name="the end of its batch")
        go.set()
        await until(lambda: _all_committed(consumer), 20, name="offsets at the end")


async def _all_committed(consumer: AIOKafkaConsumer) -> bool:
    ends = await consumer.end_offsets(list(consumer.assignment()))
    return all([await consumer.committed(place) == end for place, end in ends.items()])


# -- two owners with the same batch


def marks(topic: str, ids: list[UUID], now: datetime) -> dict[str, Any]:
    """What the statement of the inbox takes."""
    return {"topics": [topic] * len(ids), "ids": ids, "keys": [b""] * len(ids), "now": now}


async def meet(app: TestApp, sql: TextClause) -> list[Any]:
    """Two owners mark the same batch, one of them the other way round, both held up half-way.

    What became of each: the ids that it got, or its error.
    """
    ids = sorted(uuid4() for _ in range(9))
    topic = f"test.{uuid4().hex}"

    async def mark(mine: list[UUID]) -> list[UUID]:
        async with app.db.transaction() as tx:
            params = marks(topic, mine, tx.now)
            return [row["message_id"] for row in await tx.rows(sql, params)]

    async with app.db.engine.connect() as third:
        begun = await third.begin()
        await third.execute(sql, marks(topic, [ids[4]], app.clock()))
        owners = [asyncio.create_task(mark(batch)) for batch in (ids, ids[::-1])]
        await until(lambda: _waiting(app, 2), 20, name="both owners")
        await begun.rollback()
        return list(await asyncio.gather(*owners, return_exceptions=True))


async def _waiting(app: TestApp, count: int) -> bool:
    sql = text("""SELECT 1 FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'""")
    async with app.db.reading() as tx:
        return len(await tx.rows(sql)) >= count


async def test_two_owners_of_one_batch_wait_for_each_other_and_one_gets_it(app: TestApp) -> None:
    got = await meet(app, inbox.ADMIT)
    assert sorted(len(ids) for ids in got) == [0, 9]


async def test_control_without_an_order_two_owners_of_one_batch_lock_each_other_out(
    app: TestApp,
) -> None:
    unordered = text(str(inbox.ADMIT).replace("ORDER BY t, m", ""))
    assert str(unordered) != str(inbox.ADMIT)
    got = await meet(app, unordered)
    assert [is_passing(one) for one in got if isinstance(one, BaseException)] == [True]
