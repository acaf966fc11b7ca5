"""Which errors mean the world and which the work: the whole delivery policy hangs on it."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from asyncpg.exceptions import QueryCanceledError, UniqueViolationError
from chassis import database
from chassis.database import Database, is_outage, is_passing
from chassis.outbox import Letter, Posted
from chassis.testing import Servers, TestApp
from sqlalchemy import make_url, text

from libs.chassis.tests.conftest import Settings


def elsewhere(servers: Servers, **parts: Any) -> Database:
    """A database that does not let us in."""
    url = make_url(servers.postgres).set(drivername="postgresql+asyncpg", **parts)
    address = url.render_as_string(hide_password=False)
    settings = Settings(database_url=address, issuer="i", jwks_url="j", plaintext="database_url")
    return Database(settings, "nobody")


@pytest.mark.parametrize(
    "parts",
    [{"database": "not_there"}, {"username": "nobody_at_all", "password": "x"}, {"host": "::2"}],
)
async def test_a_server_that_does_not_let_us_in_is_an_outage(
    servers: Servers, parts: dict[str, str]
) -> None:
    db = elsewhere(servers, **parts)
    assert await db.answers() is False
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the question
        async with db.transaction():
            pass
    assert is_outage(caught.value)
    await db.close()


READ_ONLY = ("SET TRANSACTION READ ONLY", "INSERT INTO note (number) VALUES (1)")
ASLEEP = ("SET LOCAL idle_in_transaction_session_timeout = 20", "SELECT 1", "SLEEP", "SELECT 1")


@pytest.mark.parametrize("statements", [READ_ONLY, ASLEEP], ids=["standby", "stood-still"])
async def test_a_standby_and_a_connection_given_up_are_outages(
    app: TestApp, statements: tuple[str, ...]
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011, PT012 - which one is the question
        async with app.db.transaction() as tx:
            for statement in statements:
                if statement == "SLEEP":
                    time.sleep(0.3)  # noqa: ASYNC251 - the whole process stands still
                else:
                    await tx.execute(text(statement))
    assert is_outage(caught.value)


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("SELECT CAST(:v AS int)", 10**12),
        ("SELECT CAST(:v AS text)", "a\0b"),
        ("SELECT 1 / CAST(:v AS int)", 0),
        ("SELECT * FROM not_there WHERE 1 = CAST(:v AS int)", 1),
    ],
)
async def test_what_is_wrong_with_the_work_is_no_outage(
    app: TestApp, statement: str, value: object
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the question
        async with app.db.transaction() as tx:
            await tx.execute(text(statement), {"v": value})
    assert not is_outage(caught.value)
    assert not is_passing(caught.value)


class Followed:
    """What is told of transactions, by number."""

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.ended: list[str] = []

    def drawn(self, posted: Sequence[Posted]) -> None:
        """These are on their way."""
        self.open |= {one.seq for one in posted}

    def committed(self, posted: Sequence[Posted]) -> None:
        """They are there."""
        self.open -= {one.seq for one in posted}
        self.ended.append("committed")

    def abandoned(self, posted: Sequence[Posted]) -> None:
        """Nobody knows."""
        self.open -= {one.seq for one in posted}
        self.ended.append("abandoned")


async def test_a_commit_that_fails_is_told_as_well_as_one_that_does_not(app: TestApp) -> None:
    followed = Followed()
    app.db.follow(followed)
    letter = Letter(uuid4(), "enrolment.seats", b"k", [], b"{}", app.clock())
    async with app.db.transaction() as tx:
        await tx.send_as_is(letter)
    with pytest.raises(UniqueViolationError):  # noqa: PT012 - of the COMMIT itself
        async with app.db.transaction() as tx:
            await tx.execute(text("CREATE TEMP TABLE twice (n int UNIQUE INITIALLY DEFERRED)"))
            await tx.execute(text("INSERT INTO twice VALUES (1), (1)"))
            await tx.send_as_is(letter)
    assert followed.open == set()
    assert [end for end in followed.ended if end == "abandoned"] == ["abandoned"]


async def test_a_slow_statement_costs_nobody_else_the_connection(app: TestApp) -> None:
    pool = app.db.engine.pool
    with pytest.raises(QueryCanceledError):  # noqa: PT012 - the second one is slow
        async with app.db.transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = 20"))
            await tx.execute(text("SELECT pg_sleep(1)"))
    assert app.db.engine.pool is pool


KILL = text("""
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = :name
""")


async def at_once(db: Database, count: int) -> list[Any]:
    """So many transactions at the same time: their backends, or their errors."""

    async def one() -> int:
        async with db.transaction() as tx:
            await tx.execute(text("SELECT pg_sleep(0.1)"))
            row = await tx.row(text("SELECT pg_backend_pid() AS pid"))
            return int(row["pid"]) if row else 0

    return await asyncio.gather(*(one() for _ in range(count)), return_exceptions=True)


@pytest.mark.parametrize("protected", [True, False], ids=["", "control: nobody looks"])
async def test_connections_that_the_server_ended_meanwhile_are_not_handed_out(
    app: TestApp, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    if not protected:
        monkeypatch.setattr(database, "_refuse_lost", lambda *_: None)
    db = Database(app.running.service.settings, f"kept-{uuid4().hex[:8]}")
    try:
        before = await at_once(db, 4)
        async with app.db.transaction() as tx:
            killed = await tx.rows(KILL, {"name": db.name})
        assert len(killed) == 4
        after = await at_once(db, 4)
        lost = [answer for answer in after if isinstance(answer, BaseException)]
        assert bool(lost) is not protected
        assert protected is False or not set(before) & set(after)
    finally:
        await db.close()
