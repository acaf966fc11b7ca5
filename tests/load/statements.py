"""What PostgreSQL was asked during a load: `pg_stat_statements`, per enrolment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.load.databases import Databases

EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"
RESET = "SELECT pg_stat_statements_reset()"
# What the bench itself asks is asked as the administrator: only the services' roles are counted.
READ = """
    SELECT d.datname AS service, s.query, s.calls, s.total_exec_time AS ms, s.rows,
           s.shared_blks_hit + s.shared_blks_read AS blocks, s.wal_bytes
      FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
           JOIN pg_roles r ON r.oid = s.userid
     WHERE r.rolname = d.datname ORDER BY s.total_exec_time DESC
"""


@dataclass(frozen=True)
class Statement:
    """A statement of a service: how often, how long, over the whole load."""

    service: str
    query: str
    calls: int
    ms: float
    rows: int
    blocks: int
    wal_bytes: int


async def reset(databases: Databases) -> None:
    """Count from here on."""
    await databases.run("postgres", EXTENSION)
    await databases.rows("postgres", RESET)


async def read(databases: Databases) -> list[Statement]:
    """Everything since then, the costliest first."""
    rows = await databases.rows("postgres", READ)
    return [Statement(**{**row, "query": " ".join(row["query"].split())}) for row in rows]


def lines(statements: Sequence[Statement], count: int, most: int = 40) -> list[str]:
    """For people: microseconds and calls for each enrolment."""
    total = sum(statement.ms for statement in statements)
    calls = sum(statement.calls for statement in statements)
    head = f"{total / count * 1000:.0f} us and {calls / count:.3f} calls for each of {count:,}"
    rows = [
        f"{s.ms / count * 1000:8.1f} us {s.calls / count:7.4f} calls {s.ms / s.calls:8.3f} ms/call"
        f" {s.rows / s.calls:7.1f} rows {s.blocks / count:7.1f} blocks {s.wal_bytes / count:7.0f} B"
        f"  {s.service:13} {s.query[:150]}"
        for s in statements[:most]
    ]
    return [head, *rows]
