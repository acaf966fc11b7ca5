"""kill -9 in the middle of sending: nothing is lost, only the mail in the window comes twice."""

import asyncio
import os
import sys
from collections import Counter

from chassis.database import Database
from chassis.testing import Servers, until
from chassis.testing_issuer import Issuer
from sqlalchemy import text

from .conftest import Post
from .queue import idle_database, queue_mails

MAILS = 12


def environment(url: str, issuer: Issuer, post: Post, fault: str) -> dict[str, str]:
    """A service with the real database and mail server, and no Kafka: it only has to send."""
    return {
        **os.environ,
        "KC_DATABASE_URL": url,
        "KC_KAFKA": "127.0.0.1:1",
        "KC_ISSUER": issuer.url,
        "KC_JWKS_URL": issuer.url,
        "KC_SMTP": f"127.0.0.1:{post.port}",
        "KC_MAIL_LEASE_SECONDS": "2",
        "KC_SMTP_TIMEOUT_SECONDS": "0.5",
        "KC_MAIL_POLL_SECONDS": "0.1",
        "KC_MAIL_WORKERS": "1",
        "KC_FAULT": fault,
    }


async def count(db: Database, table: str, where: str = "true") -> int:
    """Rows of a table."""
    async with db.reading() as tx:
        row = await tx.row(text(f"SELECT count(*) AS n FROM {table} WHERE {where}"))  # noqa: S608
    return int(row["n"]) if row else 0


async def test_a_killed_service_sends_the_rest_and_repeats_only_the_mail_in_the_window(
    servers: Servers, issuer: Issuer, post: Post
) -> None:
    async with idle_database(servers, issuer) as db:
        mails = await queue_mails(db, MAILS)

        async def start(fault: str) -> asyncio.subprocess.Process:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "notifications",
                env=environment(db.url, issuer, post, fault),
                stdout=asyncio.subprocess.DEVNULL,
            )

        killed = await start("mail.after_answer:5")
        assert await asyncio.wait_for(killed.wait(), 120) == 137
        assert await count(db, "notice", "state = 'sent'") == 4
        second = await start("")

        async def all_sent() -> bool:
            return await count(db, "notice", "state = 'sent'") == MAILS

        try:
            await until(all_sent, 120)
            assert await count(db, "outbox") == MAILS
        finally:
            second.terminate()
            await asyncio.wait_for(second.wait(), 60)
    got = post.box.where(lambda mail: mail.recipients[0] in mails)
    copies = Counter(mail.message_id for mail in got)
    assert len(copies) == MAILS
    assert sorted(copies.values()) == [1] * (MAILS - 1) + [2]
