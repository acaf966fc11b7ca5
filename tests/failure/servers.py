"""What the failure tests ask PostgreSQL itself, as its administrator."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg

from tests.failure.stand import SERVICES, Stand

END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1"


def admin_url(stand: Stand, database: str = "postgres") -> str:
    """The address of a database for the administrator."""
    return stand.stack.database_url(database, admin=True).replace("+asyncpg", "")


def sql(stand: Stand, statement: str, *values: object, database: str = "postgres") -> list[Any]:
    """What a statement of the administrator gives."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(admin_url(stand, database), timeout=10)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    return asyncio.run(run())


@contextmanager
def no_connection_left(stand: Stand, service: str) -> Iterator[None]:
    """The role may hold no connection any more, and those that it has are ended."""
    sql(stand, f"ALTER ROLE {service} CONNECTION LIMIT 0")
    try:
        sql(stand, END, service)
        yield
    finally:
        sql(stand, f"ALTER ROLE {service} CONNECTION LIMIT -1")


@contextmanager
def full_server(stand: Stand) -> Iterator[None]:
    """Every connection that the server has is taken, by somebody else."""
    held: list[Any] = []
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_take_all(held, admin_url(stand)))
        assert len(held) > 100
        yield
    finally:
        for connection in held:
            loop.run_until_complete(connection.close())
        loop.close()


async def _take_all(held: list[Any], url: str) -> None:
    """Until every place is ours: one that a service has just been refused at comes free again.

    The services are locked out meanwhile, or they would be faster here and there.
    """
    held.append(await asyncpg.connect(url))
    places = int(await held[0].fetchval("SHOW max_connections"))
    try:
        for service in SERVICES:
            await held[0].execute(f"ALTER ROLE {service} CONNECTION LIMIT 0")
            await held[0].fetch(END, service)
        async with asyncio.timeout(60):
            while len(held) < places:
                with suppress(asyncpg.TooManyConnectionsError):
                    held.append(await asyncpg.connect(url))
    finally:
        for service in SERVICES:
            await held[0].execute(f"ALTER ROLE {service} CONNECTION LIMIT -1")
