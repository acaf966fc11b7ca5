"""What the failure tests share beside the platform."""

from collections.abc import Iterator

import pytest

from deploy.local.settings import Settings
from deploy.local.stack import Stack
from tests.failure.stand import Stand, a_stand


@pytest.fixture(scope="session")
def stand() -> Iterator[Stand]:
    """Three services behind proxies, on durable servers of their own."""
    stack = Stack(Settings.for_tests("stand", KC_DURABLE="1"), {"postgres", "kafka", "mailsink"})
    made = None
    try:
        made = a_stand(stack)
        yield made
    finally:
        if made is not None:
            made.close()
        stack.clean()
