"""Which errors mean the world and which the work: the whole delivery policy hangs on it."""

import time
from typing import Any

import pytest
from chassis.database import Database, is_outage, is_passing
from chassis.testing import Servers, TestApp
from sqlalchemy import make_url, text

from libs.chassis.tests.conftest import Settings


def elsewhere(servers: Servers, **parts: Any) -> Database:
    """A database that does not let us in."""
    url = make_url(servers.postgres).set(drivername="postgresql+asyncpg", **parts)
    address = url.render_as_string(hide_password=False)
    return Database(Settings(database_url=address, issuer="i", jwks_url="j"), "nobody")


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
