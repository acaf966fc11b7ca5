"""Figures of the chassis: counted after the commit, and how long connections are waited for."""

import asyncio

import pytest
from chassis.database import Database
from chassis.testing import TestApp
from prometheus_client import REGISTRY
from sqlalchemy.exc import TimeoutError as PoolTimeout

from libs.chassis.tests.conftest import Settings


def waits(name: str, at_most: str) -> float:
    """How many connections of a service were there within so many seconds."""
    labels = {"service": name, "le": at_most}
    return REGISTRY.get_sample_value("kc_pool_wait_seconds_bucket", labels) or 0.0


async def test_what_is_to_be_counted_is_counted_after_the_commit_or_never(app: TestApp) -> None:
    counted: list[str] = []
    async with app.db.transaction() as tx:
        tx.afterwards(lambda: counted.append("committed"))
        assert counted == []
    assert counted == ["committed"]
    with pytest.raises(ArithmeticError):
        await _undone(app, counted)
    assert counted == ["committed"]


async def _undone(app: TestApp, counted: list[str]) -> None:
    async with app.db.transaction() as tx:
        tx.afterwards(lambda: counted.append("rolled back"))
        raise ArithmeticError


async def test_the_wait_for_a_connection_is_measured_also_where_none_comes(app: TestApp) -> None:
    settings = Settings(
        database_url=app.db.url, issuer="i", jwks_url="j", pool_size=2, pool_wait_ms=300
    )
    db = Database(settings, "scarce")
    try:
        async with db.reading(), db.reading():
            with pytest.raises(PoolTimeout):
                async with db.reading():
                    pass
        assert waits("scarce", "+Inf") == 3
        assert waits("scarce", "0.25") == 2
    finally:
        await asyncio.shield(db.close())
