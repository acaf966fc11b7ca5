"""The relay: one record that Kafka cannot take does not keep the others from being sent."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from chassis.outbox import INSERT, Letter, params
from chassis.testing import TestApp, until
from sqlalchemy import text


async def leave(app: TestApp, *rows: tuple[bytes, bytes]) -> None:
    """Rows (key, payload) in the outbox."""
    now = datetime.now(UTC)
    letters = [
        Letter(uuid4(), "enrolment.seats", key, [("ce_id", b"x")], payload, now)
        for key, payload in rows
    ]
    async with app.db.engine.begin() as connection:
        await connection.execute(INSERT, params(letters))


async def test_a_row_that_cannot_be_sent_holds_up_its_key_alone(app: TestApp) -> None:
    bad, good = uuid4().hex.encode(), uuid4().hex.encode()
    try:
        await leave(app, (good, b"1"), (bad, b"x" * 1_200_000), (bad, b"behind"), (good, b"2"))
        await until(lambda: len([r for r in app.records if r.key == good]) >= 2, 15)
        await leave(app, (good, b"3"))
        await until(lambda: len([r for r in app.records if r.key == good]) >= 3, 15)
    finally:
        async with app.db.transaction() as tx:
            await tx.execute(text("DELETE FROM outbox WHERE key = :key"), {"key": bad})
    await app.settled()
    assert [r.value for r in app.records if r.key == good] == [b"1", b"2", b"3"]
    assert [r for r in app.records if r.key == bad] == []


@pytest.mark.parametrize(
    ("key", "value"), [(None, None), (b"large", b"x" * 1_048_000)], ids=["nothing", "large"]
)
async def test_a_message_of_any_size_can_be_set_aside_and_told(
    app: TestApp, key: bytes | None, value: bytes | None
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=app.servers.kafka)
    await producer.start()
    try:
        batch = producer.create_batch()  # it takes what `send` refuses
        batch.append(key=key, value=value, timestamp=None)
        await (await producer.send_batch(batch, "catalog.runs", partition=0))
    finally:
        await producer.stop()
    await app.settled()

    def told() -> list[Any]:
        copies = [record for record in app.records if record.topic == "catalog.runs.dead"]
        return [record for record in copies if record.key == (key or b"")]

    await until(told, 15, name="the copy of the dead message")
    async with app.db.reading() as tx:
        row = await tx.row(
            text("SELECT payload FROM dead_letter WHERE key = :key"), {"key": key or b""}
        )
    assert row["payload"] == value
