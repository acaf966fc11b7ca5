"""Schema changes: Alembic, run at the start of every replica, one at a time."""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chassis import commands, dead_letters, inbox, outbox

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


def _newest(versions: Path) -> set[str]:
    """The revisions that no other one builds upon."""
    texts = [path.read_text(encoding="utf-8") for path in versions.glob("[!_]*.py")]
    made, below = (
        {name for each in texts for name in re.findall(rf'(?m)^{word}[^=]*= "(.*)"', each)}
        for word in ("revision", "down_revision")
    )
    return made - below


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
