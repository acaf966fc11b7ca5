"""Each protection, and what happens without it: the checks here can fail."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis import delivery, housekeeping, inbox
from chassis.brokers import Brokers
from chassis.database import Database, Transaction
from chassis.migrations import migrate
from chassis.outbox import INSERT, Letter, Posted, params
from chassis.records import Record
from chassis.relay import DELETE, Relay
from chassis.testing import TestApp, new_database, until
from contracts import topics
from contracts.catalog import RunCancelled
from contracts.enrolment import EnrolmentExpired
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from libs.chassis.tests.conftest import TROUBLES, a_cancelled_run, times_heard

MIGRATIONS = Path(__file__).parent / "migrations"

KILL_OTHERS = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
""")
HELD_LOCKS = text("""
    SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
     WHERE locktype = 'advisory' AND granted AND datname = current_database()
""")


async def send_twice(app: TestApp) -> UUID:
    """The same event, delivered two times."""
    event, id_ = a_cancelled_run(), uuid4()
    await app.send(event, ids=[id_])
    await app.settled()
    await app.send(event, ids=[id_])
    await app.settled()
    return event.run_id


async def test_control_without_the_inbox_a_repeat_takes_effect_twice(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await times_heard(app, await send_twice(app)) == 1
    blind = text("""
        SELECT t AS topic, m AS message_id, NULL AS key
          FROM unnest(CAST(:topics AS text[]), CAST(:ids AS uuid[])) AS u(t, m)
         WHERE CAST(:now AS timestamptz) IS NOT NULL AND CAST(:keys AS bytea[]) IS NOT NULL
    """)
    monkeypatch.setattr(inbox, "ADMIT", blind)
    assert await times_heard(app, await send_twice(app)) == 2


async def test_two_owners_of_one_batch_handle_it_once(app: TestApp) -> None:
    assert app.running.listener is not None
    delivered = app.running.listener.delivered
    twin = delivery.Delivered("twin", list(delivered.subscriptions.values()), app.db)
    events = [a_cancelled_run() for _ in range(50)]
    records = [_record(event, n) for n, event in enumerate(events)]
    await asyncio.gather(delivered.batch(records, None), twin.batch(list(reversed(records)), None))
    assert [await times_heard(app, event.run_id) for event in events] == [1] * 50


def _record(event: RunCancelled, offset: int) -> Record:
    headers = [("ce_id", str(uuid4()).encode()), ("ce_type", event.type.encode())]
    value = event.model_dump_json().encode()
    key = event.key.encode()
    return Record("catalog.runs", 0, offset, 0, 0, key, value, None, len(key), len(value), headers)


async def test_a_batch_that_takes_too_long_is_split(app: TestApp) -> None:
    heard: list[Any] = []

    async def slowly(tx: Transaction, events: Sequence[Any]) -> None:
        await tx.execute(text("SET LOCAL statement_timeout = 400"))
        await tx.execute(text("SELECT pg_sleep(:s)"), {"s": 0.05 * len(events)})
        heard.extend(events)

    subscription = delivery.Subscription(topics.RUNS, slowly)
    events = [a_cancelled_run() for _ in range(16)]
    records = [_record(event, n) for n, event in enumerate(events)]
    await delivery.Delivered("slow", [subscription], app.db).batch(records, None)
    assert [event.run_id for event in heard] == [event.run_id for event in events]


async def test_the_relay_sends_what_another_process_left_in_order(app: TestApp) -> None:
    key = uuid4().hex.encode()
    await _leave(app.db, key, range(300))
    await until(lambda: len(_values(app, key)) >= 300, 20, name="the left rows")
    assert _values(app, key) == [str(n).encode() for n in range(300)]


def _values(app: TestApp, key: bytes) -> list[bytes]:
    return [r.value for r in app.records if r.key == key]


async def _leave(db: Database, key: bytes, numbers: Any) -> None:
    """Rows in the outbox that no commit of this process announces."""
    now = datetime.now(UTC)
    letters = [
        Letter(uuid4(), "enrolment.seats", key, [("ce_id", b"x")], str(n).encode(), now)
        for n in numbers
    ]
    async with db.engine.begin() as connection:
        await connection.execute(INSERT, params(letters))


async def test_only_one_relay_is_at_work(app: TestApp) -> None:
    second = Relay(app.db, Brokers(app.servers.kafka))
    task = asyncio.create_task(second.run())
    try:
        key = uuid4().hex.encode()
        await _leave(app.db, key, range(200))
        await until(lambda: len(_values(app, key)) >= 200, 20, name="the left rows")
        await asyncio.sleep(0)
        assert _values(app, key) == [str(n).encode() for n in range(200)]
        async with app.db.reading() as tx:
            held = await tx.rows(HELD_LOCKS)
        assert len(held) == 1
    finally:
        await second.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_lost_connection_is_waited_out_and_nothing_is_lost(app: TestApp) -> None:
    events = [a_cancelled_run() for _ in range(200)]
    sending = asyncio.create_task(app.send(*events))
    killer = create_async_engine(app.db.url, poolclass=NullPool)
    for _ in range(5):
        async with killer.connect() as connection:
            await connection.execute(KILL_OTHERS)
        await asyncio.sleep(0.02)
    await sending
    await app.settled(40)
    assert [await times_heard(app, event.run_id) for event in events] == [1] * 200
    async with app.db.reading() as tx:
        dead = await tx.rows(
            text("SELECT 1 FROM dead_letter WHERE key = ANY(CAST(:keys AS bytea[]))"),
            {"keys": [event.key.encode() for event in events]},
        )
    assert dead == []


@pytest.mark.parametrize("trouble", ["cut", "full"])
@pytest.mark.parametrize(("known", "heard"), [(True, 1), (False, 0)], ids=["", "control"])
async def test_control_an_outage_that_is_taken_for_a_fault_of_the_message_costs_the_message(
    app: TestApp, monkeypatch: pytest.MonkeyPatch, known: bool, heard: int, trouble: str
) -> None:
    """The server ends the connection, or its disk is full, more often than a batch is tried."""
    event = a_cancelled_run()
    times: Counter[UUID] = getattr(TROUBLES, trouble)
    monkeypatch.setitem(times, event.run_id, delivery.Delivered.ATTEMPTS + 2)
    if not known:
        monkeypatch.setattr(delivery, "is_outage", lambda _: False)
    await app.send(event)
    await app.settled(40)
    assert await times_heard(app, event.run_id) == heard
    async with app.db.reading() as tx:
        dead = await tx.rows(
            text("SELECT reason FROM dead_letter WHERE key = :key"), {"key": event.key.encode()}
        )
    assert [row["reason"] for row in dead] == ([] if known else ["handler-failed"])


async def test_old_keys_and_marks_are_forgotten_and_young_ones_kept(app: TestApp) -> None:
    async with app.db.transaction() as tx:
        for age in (1, 500):
            await tx.execute(
                text("INSERT INTO idempotency VALUES (:s, 'k', '', NULL, NULL, :at)"),
                {"s": f"age-{age}", "at": tx.now - timedelta(days=age)},
            )
            await tx.execute(
                text("INSERT INTO inbox VALUES ('test', :id, :at)"),
                {"id": uuid4(), "at": tx.now - timedelta(days=age)},
            )
    for timer in housekeeping.TIMERS:
        assert await app.running.timers.once(timer.name) >= 1
    async with app.db.reading() as tx:
        left = await tx.rows(text("SELECT scope FROM idempotency WHERE scope LIKE 'age-%'"))
        marks = await tx.rows(text("SELECT 1 FROM inbox WHERE topic = 'test'"))
    assert [row["scope"] for row in left] == ["age-1"]
    assert len(marks) == 1


class Forgetful(Relay):
    """A relay that forgets before it has sent, and then cannot send."""

    async def _next(self, connection: AsyncConnection) -> Sequence[Posted]:
        letters = await super()._next(connection)
        await connection.execute(DELETE, {"seqs": [one.seq for one in letters]})
        return letters

    async def _send(self, letters: Sequence[Posted]) -> BaseException | None:
        raise ConnectionError("the broker is away")


@asynccontextmanager
async def a_database_alone(app: TestApp) -> AsyncIterator[Database]:
    """One of its own, with no relay at work."""
    async with new_database(app.servers) as url:
        await migrate(url, MIGRATIONS)
        settings = app.running.service.settings.model_copy(update={"database_url": url})
        db = Database(settings, "alone")
        try:
            yield db
        finally:
            await db.close()


@asynccontextmanager
async def at_work(*relays: Relay) -> AsyncIterator[list[asyncio.Task[None]]]:
    """They relay meanwhile, and end as a service ends them."""
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield tasks
    finally:
        for relay in relays:
            await relay.stop()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
        for relay in relays:
            await relay._drop_producer()  # of one that died


async def _until_told(app: TestApp, key: bytes, count: int) -> None:
    """So many records, and then something that was sent after all of them."""
    await until(lambda: len(_values(app, key)) >= count, 20, name="the records")
    marker = a_cancelled_run()
    await app.send(marker)
    await app.heard(EnrolmentExpired, lambda e: e.run_id == marker.run_id)


@pytest.mark.parametrize(("kind", "arrived"), [(Relay, 20), (Forgetful, 0)])
async def test_control_what_is_forgotten_before_it_is_sent_is_lost(
    app: TestApp, kind: type[Relay], arrived: int
) -> None:
    key = uuid4().hex.encode()
    async with a_database_alone(app) as db, at_work(kind(db, Brokers(app.servers.kafka))):
        await _leave(db, key, range(20))
        await until(lambda: _is_empty(db), 20, name="the end of the outbox")
    await _until_told(app, key, arrived)
    assert len(_values(app, key)) == arrived


class Pushy(Relay):
    """A relay that does not ask whether another one is at work."""

    FORGET_SECONDS = 2.0  # so both have read the table before anything is deleted there

    async def _got_the_lock(self, connection: AsyncConnection) -> bool:
        return True


@pytest.mark.parametrize(("kind", "copies"), [(Relay, 1), (Pushy, 2)])
async def test_control_two_relays_at_work_send_everything_twice(
    app: TestApp, kind: type[Relay], copies: int
) -> None:
    key = uuid4().hex.encode()
    async with a_database_alone(app) as db:
        await _leave(db, key, range(100))
        async with at_work(*(kind(db, Brokers(app.servers.kafka)) for _ in range(2))):
            await until(lambda: _is_empty(db), 20, name="the end of the outbox")
    await _until_told(app, key, 100 * copies)
    assert Counter(_values(app, key)) == {str(n).encode(): copies for n in range(100)}


async def test_when_the_relay_at_work_dies_the_next_one_goes_on_where_it_was(app: TestApp) -> None:
    key = uuid4().hex.encode()
    async with a_database_alone(app) as db:
        first, second = (Relay(db, Brokers(app.servers.kafka)) for _ in range(2))
        async with at_work(first) as (dying,):
            await _leave(db, key, range(100))
            await until(lambda: len(_values(app, key)) >= 100, 20, name="the first rows")
            async with at_work(second):
                await asyncio.sleep(1.5)  # it has asked for the lock, twice at least
                assert second._producer is None, "it has sent nothing"
                dying.cancel()
                await asyncio.gather(dying, return_exceptions=True)
                await _leave(db, key, range(100, 200))
                await until(lambda: _is_empty(db), 20, name="the end of the outbox")
                assert second._producer is not None
    await until(lambda: len(set(_values(app, key))) >= 200, 20, name="the rest")
    assert list(dict.fromkeys(_values(app, key))) == [str(n).encode() for n in range(200)]


async def _is_empty(db: Database) -> bool:
    async with db.reading() as tx:
        return not await tx.rows(text("SELECT 1 FROM outbox LIMIT 1"))
