"""Every table of every service, each database in one snapshot."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from deploy.local.ports import SERVICES
from deploy.local.stack import Stack
from tests.failure.facts.model import Row

# Large, or of no meaning for any invariant
LEFT_OUT = {"alembic_version", "offer_search"}
NO_COLUMNS = {"submission": {"payload"}, "offer": {"search", "words", "body_words"}}

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"

# What is still to be done, per service, in numbers: all of them 0 says that it has come to rest
OPEN = {
    "outbox": "SELECT count(*) FROM outbox",
    "enrolment": "SELECT count(*) FROM enrolment WHERE state = 'requested'",
    "runs": """SELECT count(*) FROM run WHERE NOT begun
                AND CASE WHEN on_demand THEN ends_at ELSE starts_at END <= now()""",
    "membership": "SELECT -count(*) FROM pending_quote",
    "notifications": """SELECT count(*) FROM notice WHERE state = 'sending'
                         OR (state = 'queued' AND due_at <= now())
                         OR (state = 'waiting' AND bulk_id IS NULL
                             AND created_at < now() - interval '130 seconds')""",
}


async def dump(stack: Stack) -> dict[str, dict[str, tuple[Row, ...]]]:
    """All rows of all tables, by service and table."""
    return {service: await dump_one(stack, service) for service in SERVICES}


async def dump_one(stack: Stack, service: str) -> dict[str, tuple[Row, ...]]:
    """All rows of all tables of one service."""
    connection = await connect(stack, service)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            names = [row["tablename"] for row in await connection.fetch(TABLES)]
            return {name: await _rows(connection, name) for name in names if name not in LEFT_OUT}
    finally:
        await connection.close()


async def connect(stack: Stack, service: str) -> asyncpg.Connection[asyncpg.Record]:
    """A connection of the administrator to the database of a service."""
    url = stack.database_url(service, admin=True).replace("+asyncpg", "")
    return await asyncpg.connect(url, timeout=10)


async def _rows(connection: asyncpg.Connection[asyncpg.Record], table: str) -> tuple[Row, ...]:
    without = NO_COLUMNS.get(table, set())
    found = await connection.fetch(f'SELECT * FROM "{table}"')  # noqa: S608 - names of tables
    return tuple(
        {name: _plain(value) for name, value in row.items() if name not in without} for row in found
    )


def _plain(value: Any) -> Any:
    """Ids as text; times, numbers and bytes as they are; JSON read."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date | bytes | int) or value is None:
        return value
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


async def still_open(stack: Stack) -> dict[str, int]:
    """What is not done yet, by name; only what is more than nothing."""
    found: dict[str, int] = {}
    priced_later = 0
    for service in SERVICES:
        connection = await connect(stack, service)
        try:
            found[f"{service} outbox"] = await connection.fetchval(OPEN["outbox"])
            if service in OPEN:
                found[service] = await connection.fetchval(OPEN[service])
            if service == "enrolment":
                found["runs that have not begun"] = await connection.fetchval(OPEN["runs"])
        finally:
            await connection.close()
    priced_later = -found.pop("membership", 0)
    found["enrolment"] = max(0, found.get("enrolment", 0) - priced_later)
    return {name: count for name, count in found.items() if count}
