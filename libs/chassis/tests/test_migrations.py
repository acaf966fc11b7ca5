"""Who changes a schema, and who waits for it."""

import shutil
from pathlib import Path

import pytest
from chassis.migrations import OlderError, migrate, migrated
from chassis.testing import Servers, new_database
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"
ONE_MORE = '''
"""One more."""

revision = "0003"
down_revision = "0002_dead_letter_acts"


def upgrade() -> None:
    """Nothing to do."""
'''


async def test_a_replica_that_may_not_change_the_schema_waits_until_somebody_did(
    servers: Servers, tmp_path: Path
) -> None:
    newer = shutil.copytree(MIGRATIONS, tmp_path / "newer", ignore=shutil.ignore_patterns("__*"))
    (newer / "0003_one_more.py").write_text(ONE_MORE)
    async with new_database(servers) as url:
        with pytest.raises(OlderError, match="nothing"):
            await migrated(url, MIGRATIONS)
        await migrate(url, MIGRATIONS)
        await migrated(url, MIGRATIONS)
        with pytest.raises(OlderError, match="0002_dead_letter_acts"):
            await migrated(url, newer)
        await migrate(url, newer)
        await migrated(url, newer)


async def test_a_replica_works_on_a_schema_that_is_newer_than_itself(servers: Servers) -> None:
    async with new_database(servers) as url:
        await migrate(url, MIGRATIONS)
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
        await engine.dispose()
        await migrated(url, MIGRATIONS)
