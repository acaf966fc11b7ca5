"""The catalogue at work, and builders with good defaults."""

from collections.abc import AsyncIterator

import pytest
from catalog.app import build
from chassis.testing import Servers, TestApp, running
from chassis.testing_issuer import Issuer


@pytest.fixture(scope="package")
async def app(servers: Servers, issuer: Issuer) -> AsyncIterator[TestApp]:
    """The catalogue, on a database of its own; feeds of this machine may be read."""
    async with running(build, servers, issuer, feed_networks=["127.0.0.0/8"]) as test:
        yield test
