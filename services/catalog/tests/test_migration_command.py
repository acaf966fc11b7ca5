"""The schema can be made by a command, before any replica starts."""

import asyncio
import os
import sys

from catalog.app import MIGRATIONS
from chassis.migrations import migrated
from chassis.testing import Servers, new_database


async def test_the_command_makes_the_schema_and_ends(servers: Servers) -> None:
    async with new_database(servers) as url:
        told = {
            "PATH": os.environ["PATH"],
            "KC_DATABASE_URL": url,
            "KC_PLAINTEXT": "database_url",
            "KC_ISSUER": "https://id.example",
            "KC_JWKS_URL": "https://id.example/certs",
        }
        command = [sys.executable, "-m", "chassis.migrations", "catalog"]
        made = await asyncio.create_subprocess_exec(*command, env=told)
        assert await asyncio.wait_for(made.wait(), 120) == 0
        await migrated(url, MIGRATIONS)
