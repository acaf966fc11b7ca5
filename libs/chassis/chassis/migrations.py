"""Schema changes: Alembic, run at the start of every replica, one at a time.

Where replicas shall not change the schema (`KC_MIGRATE=false`) somebody runs
`python -m chassis.migrations SERVICE` before them, and they wait until the database is new enough.
"""

import asyncio
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chassis import commands, dead_letters, inbox, outbox, safety

ONE_AT_A_TIME = text("SELECT pg_advisory_lock(hashtext('migrations'))")


def chassis_tables(op: Any) -> None:
    """Create the tables that every service has. Called by its first migration."""
    for statement in (
        outbox.TABLE,
        inbox.TABLE,
        inbox.INDEX,
        commands.TABLE,
        commands.INDEX,
        dead_letters.TABLE,
        dead_letters.INDEX,
    ):
        op.execute(statement)


async def migrate(url: str, versions: Path) -> None:
    """Bring the database to the newest version.

    Raises:
        OSError: the database is not there (yet).
    """
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 5})
    try:
        async with engine.connect() as connection:
            await connection.execute(ONE_AT_A_TIME)
            await connection.commit()
            if await connection.run_sync(_current) != _newest(versions):
                await connection.run_sync(_upgrade, versions)
                await connection.commit()
    finally:
        await engine.dispose()


class OlderError(RuntimeError):
    """The database waits for somebody to bring it to the version that this code needs."""


async def migrated(url: str, versions: Path) -> None:
    """Look whether the database is new enough; a version that this code does not know is newer.

    Raises:
        OlderError: it is not.
        OSError: the database is not there (yet).
    """
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 5})
    try:
        async with engine.connect() as connection:
            current = await connection.run_sync(_current)
    finally:
        await engine.dispose()
    _, below = _revisions(versions)
    if not current or current & below:
        raise OlderError(f"the schema is at {sorted(current) or 'nothing'}")


def _newest(versions: Path) -> set[str]:
    """The revisions that no other one builds upon."""
    made, below = _revisions(versions)
    return made - below


def _revisions(versions: Path) -> tuple[set[str], set[str]]:
    """All revisions, and those that another one builds upon."""
    texts = [path.read_text(encoding="utf-8") for path in versions.glob("[!_]*.py")]
    made, below = (
        {name for each in texts for name in re.findall(rf'(?m)^{word}[^=]*= "(.*)"', each)}
        for word in ("revision", "down_revision")
    )
    return made, below


def _current(connection: Connection) -> set[str]:
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def _upgrade(connection: Connection, versions: Path) -> None:
    from alembic import command  # only where there is something to do: 10 MB, and a while
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")


def main(names: Sequence[str]) -> None:
    """Bring the database of one service to the newest version, and end."""
    name = names[0]
    settings = safety.checked(import_module(f"{name}.settings").Settings)
    package = Path(str(import_module(name).__file__)).parent
    asyncio.run(migrate(settings.database_url, package.parent / "migrations" / "versions"))


if __name__ == "__main__":
    main(sys.argv[1:])
