"""The databases of a copy as the administrator sees them, over kept connections.

A look must not cost what is measured: a new connection would be a new process of the server.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from deploy.local.stack import Stack


class Databases:
    """One kept connection to each database that was asked."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._kept: dict[str, asyncpg.Connection[asyncpg.Record]] = {}

    async def to(self, service: str) -> asyncpg.Connection[asyncpg.Record]:
        """The connection to a service's database (or to `postgres`)."""
        known = self._kept.get(service)
        if known is None or known.is_closed():
            url = self._stack.database_url(service, admin=True)
            known = await asyncpg.connect(url.replace("+asyncpg", ""))
            self._kept[service] = known
        return known

    async def rows(self, service: str, sql: str, *given: Any) -> list[asyncpg.Record]:
        """The rows of a statement."""
        return await (await self.to(service)).fetch(sql, *given)

    async def value(self, service: str, sql: str, *given: Any) -> Any:
        """The one value of a statement."""
        return await (await self.to(service)).fetchval(sql, *given)

    async def run(self, service: str, sql: str, timeout: float | None = None) -> None:
        """Statements without an answer."""
        await (await self.to(service)).execute(sql, timeout=timeout)

    async def close(self) -> None:
        """Let go."""
        for connection in self._kept.values():
            await connection.close()
        self._kept.clear()
