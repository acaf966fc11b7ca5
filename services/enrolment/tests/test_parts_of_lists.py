"""The parts of a long list: each whole or not at all, by several replicas, through a death.

On a database of its own, without Kafka.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.database import Database
from chassis.migrations import migrate
from chassis.testing import Servers, new_database, until
from chassis.testing_issuer import Issuer
from enrolment import handlers
from enrolment.commands import BookBulk, BulkRow
from enrolment.settings import Settings
from enrolment.store import jobs as kept
from enrolment.views import jobs
from enrolment.views.shapes import JobView
from sqlalchemy import text

from services.enrolment.tests.builders import (
    CARLA,
    CAUSE,
    NOON,
    a_desk,
    a_run,
    many,
    run_of,
    scheduled,
)

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"


def test_a_part_counts_its_refused_rows_as_answered() -> None:
    run = a_run(capacity=1)
    desk = a_desk(run)
    person = uuid4()
    command = many(run, [person, person, uuid4()])
    desk.book_part(command, NOON)
    assert desk.book.settled[command.bulk_id] == 2, "the repeated row, and the one in the line"
    assert desk.book.because[command.bulk_id].cause == CAUSE


def test_a_part_for_a_run_that_has_closed_is_refused_row_by_row() -> None:
    run = a_run()
    desk = a_desk(run)
    command = many(run, [uuid4() for _ in range(3)])
    assert getattr(desk.book_part(command, run.closes_at), "code", "") == "booking-closed"
    assert desk.book.settled[command.bulk_id] == 3
    assert run_of(desk, run).taken == 0


async def a_list(db: Database, count: int, capacity: int) -> UUID:
    """A long list that was taken on, and nobody has begun."""
    run = a_run(capacity=capacity)
    command = BookBulk(
        bulk_id=uuid4(),
        run_id=run.id,
        rows=[BulkRow(uuid4(), uuid4()) for _ in range(count)],
        all_or_nothing=False,
        who=CARLA,
        cause=CAUSE,
    )
    async with db.transaction() as tx:
        await handlers.hear_runs(tx, [scheduled(run)])
    async with db.transaction() as tx:
        answers = await handlers.accept_lists(tx, [command])
    assert isinstance(answers[0], JobView)
    return command.bulk_id


async def seen(db: Database, id_: UUID) -> JobView:
    """The list as its coordinator sees it."""
    async with db.reading() as tx:
        return await jobs.one(tx, id_, CARLA, rows=True)


async def counted(db: Database, sql: str) -> int:
    """A figure of the database."""
    async with db.reading() as tx:
        row = await tx.row(text(sql))
    assert row is not None
    return int(row[0])


async def booked_once(db: Database, id_: UUID, count: int) -> None:
    """Everybody of the list is booked, once, and told once."""
    job = await seen(db, id_)
    assert (job.state, job.done) == ("done", count)
    assert job.rows is not None
    assert {row.code for row in job.rows} == {"held"}
    assert await counted(db, "SELECT count(*) FROM enrolment") == count
    assert await counted(db, "SELECT taken FROM run") == count
    assert await counted(db, "SELECT count(*) FROM outbox") == 2 * count, "requested, and held"


def a_clock() -> Any:
    """The moment at which runs of the builders can be booked."""
    return NOON


@contextlib.asynccontextmanager
async def a_database(servers: Servers, issuer: Issuer) -> AsyncIterator[tuple[Database, str]]:
    """A database of this service that nobody works on, and its address."""
    async with new_database(servers) as url:
        await migrate(url, VERSIONS)
        settings = Settings(database_url=url, issuer=issuer.url, jwks_url=issuer.url)
        db = Database(settings, "test", a_clock)
        yield db, url
        await db.close()


async def next_part(db: Database) -> int:
    """One part in one transaction, as the timer does it."""
    async with db.transaction() as tx:
        return await handlers.book_next_part(tx)


class DeathError(Exception):
    """The process ends here."""


async def a_death(db: Database) -> None:
    """A part is booked, but nobody lives to commit it."""
    async with db.transaction() as tx:
        assert await handlers.book_next_part(tx) == 100
        raise DeathError


async def test_a_part_that_breaks_off_leaves_nothing_and_is_booked_again(
    servers: Servers, issuer: Issuer
) -> None:
    async with a_database(servers, issuer) as (db, _):
        id_ = await a_list(db, 250, capacity=300)
        assert await next_part(db) == 100
        with pytest.raises(DeathError):
            await a_death(db)
        assert (await seen(db, id_)).done == 100
        assert await counted(db, "SELECT count(*) FROM enrolment") == 100
        assert [await next_part(db) for _ in range(3)] == [100, 50, 0]
        await booked_once(db, id_, 250)


async def test_two_replicas_share_the_lists(servers: Servers, issuer: Issuer) -> None:
    async with a_database(servers, issuer) as (db, _):
        both = [await a_list(db, 101, 101), await a_list(db, 101, 101)]
        async with db.transaction() as tx, db.transaction() as other:
            assert await handlers.book_next_part(tx) == 100
            assert await handlers.book_next_part(other) == 100
            assert await next_part(db) == 0, "both lists are in good hands"
        assert [(await seen(db, id_)).done for id_ in both] == [100, 100]
        assert sorted(await asyncio.gather(next_part(db), next_part(db))) == [1, 1]
        assert [(await seen(db, id_)).state for id_ in both] == ["done", "done"]
        assert await counted(db, "SELECT count(*) FROM enrolment") == 202


async def test_a_killed_service_leaves_whole_parts_and_the_next_one_goes_on(
    servers: Servers, issuer: Issuer
) -> None:
    async with a_database(servers, issuer) as (db, url):
        id_ = await a_list(db, 2000, capacity=2000)
        done = "SELECT count(code) FROM bulk_job_row"

        async def start() -> asyncio.subprocess.Process:
            facts = {"DATABASE_URL": url, "ISSUER": issuer.url, "JWKS_URL": issuer.url}
            environment = {f"KC_{name}": value for name, value in facts.items()}
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "enrolment"),
                env={**os.environ, **environment, "KC_KAFKA": "127.0.0.1:1"},
                stdout=asyncio.subprocess.DEVNULL,
            )

        async def begun() -> bool:
            return await counted(db, done) > 0

        async def ended() -> bool:
            return await counted(db, "SELECT count(finished_at) FROM bulk_job") == 1

        first = await start()
        await until(begun, 120, every=0.005)
        first.send_signal(signal.SIGKILL)
        assert await asyncio.wait_for(first.wait(), 60) == -signal.SIGKILL
        left = await counted(db, done)
        assert 0 < left < 2000, "killed in the middle of the list"
        assert left % 100 == 0
        assert await counted(db, "SELECT count(*) FROM enrolment") == left
        assert await counted(db, "SELECT taken FROM run") == left
        replicas = [await start(), await start()]
        try:
            await until(ended, 120, every=0.2)
        finally:
            for replica in replicas:
                replica.terminate()
            await asyncio.wait_for(asyncio.gather(*(r.wait() for r in replicas)), 60)
        await booked_once(db, id_, 2000)


async def test_a_finished_list_is_forgotten_after_a_month(servers: Servers, issuer: Issuer) -> None:
    async with a_database(servers, issuer) as (db, _):
        both = [await a_list(db, 101, capacity=101) for _ in range(2)]
        while await counted(db, "SELECT count(finished_at) FROM bulk_job") == 0:
            assert await next_part(db)
        for days, gone in ((29, 0), (31, 1)):
            db.clock = partial(NOON.__add__, timedelta(days=days))
            async with db.transaction() as tx:
                assert await kept.forget(tx) == gone
        left = await counted(db, "SELECT count(*) FROM bulk_job WHERE finished_at IS NULL")
        assert left == await counted(db, "SELECT count(*) FROM bulk_job") == 1
        assert await counted(db, "SELECT count(*) FROM bulk_job_row") == 101
        assert await counted(db, "SELECT count(*) FROM enrolment") >= 101, "what is booked stays"
        assert await counted(db, "SELECT count(*) FROM bulk") == len(both)
