"""Finding the next mails, and marking one, costs the same however many wait.

The planner keeps the plans that it made while hardly any waited.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from chassis.database import Database
from chassis.testing import Servers
from chassis.testing_issuer import Issuer
from chassis.testing_plans import rows_read, take_stock
from notifications.domain.steps import URGENT
from notifications.store import notices
from sqlalchemy import text

from .queue import idle_database, queue_mails

SENT, WAITING, BATCH = 3000, 500, 20
KEEP_STOCK = text("ALTER TABLE notice SET (autovacuum_enabled = off)")
DONE = text("UPDATE notice SET state = 'sent', sent_at = now()")
PLAIN = notices.SETTLE.text.replace(
    "CASE n.state WHEN 'sending' THEN n.claim END = t.claim",
    "n.claim = t.claim AND n.state = 'sending'",
)
ONE = text("SELECT notice_id, claim FROM notice WHERE state = 'sending' LIMIT 1")


@pytest.fixture
async def db(servers: Servers, issuer: Issuer) -> AsyncIterator[Database]:
    """Of a service that has sent all its mails; suddenly there are many."""
    async with idle_database(servers, issuer) as made:
        await queue_mails(made, SENT)
        async with made.transaction() as tx:
            await tx.execute(DONE)
        await take_stock(made.url, "notice")
        async with made.transaction() as tx:
            await tx.execute(KEEP_STOCK)
        await queue_mails(made, WAITING)
        yield made


async def claim(db: Database) -> int:
    """Rows that are touched to claim some mails."""
    async with db.transaction() as tx:
        until = tx.now + timedelta(seconds=30)
        how = {"now": tx.now, "urgent": list(URGENT), "limit": BATCH, "leased_until": until}
        return await rows_read(tx, notices.CLAIM, how)


async def settle(db: Database, statement: str) -> int:
    """Rows that are touched to mark one mail."""
    async with db.transaction() as tx:
        (one,) = await tx.rows(ONE)
        marked: dict[str, Any] = {
            "notice_id": [one["notice_id"]],
            "claim": [one["claim"]],
            "state": ["sent"],
            "channel": ["mail"],
            "due_at": [tx.now],
            "sent_at": [tx.now],
            "tried": [1],
            "reason": [None],
        }
        return await rows_read(tx, text(statement), marked)


async def test_a_mail_is_claimed_and_marked_without_a_look_at_all_others(db: Database) -> None:
    assert await claim(db) == BATCH
    assert await settle(db, notices.SETTLE.text) == 1
    async with db.reading() as tx:
        assert await tx.row(text("SELECT 1 FROM notice WHERE attempts = 1 AND state = 'sent'"))


async def test_control_an_index_that_serves_everybody_is_read_whole(db: Database) -> None:
    assert await claim(db) == BATCH
    async with db.transaction() as tx:
        await tx.execute(text("DROP INDEX notice_due"))
        await tx.execute(
            text("CREATE INDEX notice_due ON notice (due_at) WHERE state IN ('queued', 'sending')")
        )
    assert await settle(db, PLAIN) >= WAITING
    assert await claim(db) >= WAITING
