"""The platform with Prometheus and the synthetic booking, apart from that of the other tests.

There all invariants are checked at the end, and a synthetic organisation is registered nowhere.
"""

from collections.abc import Iterator

import pytest

from deploy.local.seed import seed
from deploy.local.settings import Settings
from deploy.local.stack import Stack
from tests.operations.watched import Watched


@pytest.fixture(scope="session")
def watched() -> Iterator[Watched]:
    """Everything that `make up dashboards=1` starts, looked at more often."""
    settings = Settings.for_tests(
        "watched", KC_DASHBOARDS="1", KC_SCRAPE_SECONDS="2", KC_SYNTHETIC_SECONDS="10"
    )
    stack = Stack(settings)
    try:
        stack.up()
        seed(settings)
        yield Watched(stack)
    finally:
        stack.clean()
