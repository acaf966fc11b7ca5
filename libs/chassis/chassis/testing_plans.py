"""For tests: how many rows PostgreSQL touches for a statement, whatever time that takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.database import Transaction


async def rows_read(tx: Transaction, statement: TextClause, params: Mapping[str, Any]) -> int:
    """Do it; how many rows the busiest step of its plan has touched, in all its turns."""
    explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}")
    (row,) = await tx.rows(explain, dict(params))
    return max(_steps(row["QUERY PLAN"][0]["Plan"]))


def _steps(node: Mapping[str, Any]) -> Iterator[int]:
    """Rows of each step, with those that it threw away."""
    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    yield int(read * node["Actual Loops"])
    for inner in node.get("Plans", ()):
        yield from _steps(inner)


async def take_stock(url: str, *tables: str) -> None:
    """Let the planner know these tables as they are now."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"VACUUM ANALYZE {', '.join(tables)}"))
    await engine.dispose()
