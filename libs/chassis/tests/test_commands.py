"""The group commit: what one command suffers from reaches no other, and no effect is doubled."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import structlog
from chassis.commands import Commands, IdempotencyKey
from chassis.database import Transaction
from chassis.testing import TestApp
from contracts.refusal import Refusal
from sqlalchemy import text

from libs.chassis.tests.conftest import Note, Written, write_down

UNREADABLE = text("""
    INSERT INTO idempotency (scope, key, fingerprint, answer, created_at)
    VALUES ('old', :key, '', '{"of": "another version"}', :now)
""")


async def times_written(app: TestApp, number: int) -> int:
    """How many notes there are of a number."""
    async with app.db.reading() as tx:
        rows = await tx.rows(text("SELECT 1 FROM note WHERE number = :n"), {"n": number})
    return len(rows)


async def test_a_stored_answer_that_cannot_be_read_doubles_nothing(app: TestApp) -> None:
    commands, key = Commands(app.db, 100), uuid4().hex
    async with app.db.transaction() as tx:
        await tx.execute(UNREADABLE, {"key": key, "now": tx.now})
    old = IdempotencyKey("old", key, b"")
    results = await asyncio.gather(
        commands.run(write_down, Note(number=8801), None),
        commands.run(write_down, Note(number=8802), old),
        commands.run(write_down, Note(number=8803), None),
        return_exceptions=True,
    )
    assert isinstance(results[1], ValueError)
    assert await times_written(app, 8801) == await times_written(app, 8803) == 1
    assert await times_written(app, 8802) == 0


async def bound(_: Transaction, notes: Sequence[Note]) -> list[Written | Refusal]:
    """How many variables of a request are bound where a group is handled."""
    seen = "correlation_id" in structlog.contextvars.get_contextvars()
    return [Written(number=int(seen), total=0) for _ in notes]


async def test_a_group_does_not_speak_in_the_name_of_its_first_request(app: TestApp) -> None:
    commands = Commands(app.db, 100)
    structlog.contextvars.bind_contextvars(correlation_id="of-the-first")
    try:
        answer, _ = await commands.run(bound, Note(number=1), None)
    finally:
        structlog.contextvars.clear_contextvars()
    assert answer.number == 0
