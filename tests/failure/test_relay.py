"""A send that hangs: the relay gives it up at its limit, and a fresh producer goes on.

aiokafka itself tries for ever. Control: a relay without the limit stays with the producer that
hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from chassis.brokers import Brokers
from chassis.database import Database
from chassis.kafka import create_topics
from chassis.migrations import migrate
from chassis.outbox import INSERT, Letter, params
from chassis.relay import Relay
from chassis.settings import ServiceSettings
from chassis.testing import Servers, new_database, until
from contracts.topics import SEATS
from sqlalchemy import text

from deploy.local.settings import ROOT
from tests.failure.proxy import Proxy

MIGRATIONS = ROOT / "libs" / "chassis" / "tests" / "migrations"
LIMIT = 1.5


class Impatient(Relay):
    """Gives up soon, so that the test is short."""

    SEND_SECONDS = LIMIT


class Patient(Relay):
    """Never gives up."""

    SEND_SECONDS = 3600.0


@asynccontextmanager
async def a_database(servers: Servers) -> AsyncIterator[Database]:
    """One with an outbox, and Kafka with its topic."""
    await create_topics(Brokers(servers.kafka), [SEATS])
    async with new_database(servers) as url:
        await migrate(url, MIGRATIONS)
        nobody = "http://127.0.0.1:1"  # no key is ever asked for
        settings = ServiceSettings(database_url=url, issuer=nobody, jwks_url=nobody)
        db = Database(settings, "hanging")
        try:
            yield db
        finally:
            await db.close()


async def leave(db: Database, key: bytes, *payloads: bytes) -> None:
    """Rows in the outbox."""
    now = datetime.now(UTC)
    letters = [
        Letter(uuid4(), SEATS.name, key, [("ce_id", b"x")], payload, now) for payload in payloads
    ]
    async with db.engine.begin() as connection:
        await connection.execute(INSERT, params(letters))


async def is_empty(db: Database) -> bool:
    """Whether everything was sent and forgotten."""
    async with db.reading() as tx:
        return not await tx.rows(text("SELECT 1 FROM outbox LIMIT 1"))


async def arrived(servers: Servers, key: bytes, count: int) -> list[bytes]:
    """What stands on the topic under a key, once there are so many different ones."""
    consumer = AIOKafkaConsumer(
        SEATS.name, bootstrap_servers=servers.kafka, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: list[bytes] = []
    try:
        async with asyncio.timeout(30):
            while len(set(found)) < count:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += [record.value for record in records if record.key == key]
        return found
    finally:
        await consumer.stop()


@pytest.mark.parametrize("kind", [Impatient, Patient], ids=["", "control"])
async def test_a_send_that_hangs_ends_at_its_limit_and_a_fresh_producer_goes_on(
    servers: Servers, kind: type[Relay]
) -> None:
    key = uuid4().hex.encode()
    with Proxy(servers.kafka, hide=True) as link:
        async with a_database(servers) as db:
            relay = kind(db, Brokers(link.address))
            task = asyncio.create_task(relay.run())
            try:
                await leave(db, key, b"1")
                await until(lambda: is_empty(db), 30, name="the first row")
                hanging = relay._producer
                assert hanging is not None
                link.fault("blackhole")
                await leave(db, key, b"2", b"3")
                await asyncio.sleep(LIMIT + 2.5)  # it looks at the table once a second
                assert (relay._producer is hanging) is (kind is Patient)
                assert not await is_empty(db), "nothing is forgotten that was not sent"
                link.fault("pass")
                await until(lambda: is_empty(db), 60, name="the other rows")
            finally:
                link.fault("pass")
                await relay.stop()
                await asyncio.wait_for(task, 30)
    assert list(dict.fromkeys(await arrived(servers, key, 3))) == [b"1", b"2", b"3"]
