"""`make sql service=NAME query="SELECT …"`: looks into a database, changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

import asyncpg
from rich.console import Console
from rich.table import Table

from deploy.local.ports import PORTAL, SERVICES
from deploy.local.postgres import database_url
from deploy.local.settings import Settings


async def rows(settings: Settings, service: str, query: str) -> list[asyncpg.Record]:
    """What a query finds. PostgresError where it is refused, OSError where no server answers."""
    address = database_url(settings, service).replace("+asyncpg", "")
    connection = await asyncpg.connect(address, timeout=10)
    try:
        async with connection.transaction(readonly=True):
            return list(await connection.fetch(query, timeout=60))
    finally:
        await connection.close()


def main(arguments: Sequence[str], settings: Settings | None = None) -> int:
    """Run the command: a table, and how many rows there are."""
    parser = argparse.ArgumentParser(prog="sql", description=__doc__)
    parser.add_argument("service", choices=[*SERVICES, PORTAL])
    parser.add_argument("query", nargs="?", default="")
    given = parser.parse_args(arguments)
    if not given.query:
        print('Which query? make sql service=catalog query="SELECT …"', file=sys.stderr)
        return 1
    try:
        found = asyncio.run(rows(settings or Settings.from_env(), given.service, given.query))
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1
    table = Table(*(found[0].keys() if found else ()), box=None)
    for row in found:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 240, markup=False).print(table)
    print(f"{len(found)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
