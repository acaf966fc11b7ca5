"""What the failure tests share beside the platform."""

from collections.abc import Iterator

import pytest

from deploy.local.settings import Settings
from deploy.local.stack import Stack
from tests.failure.checker import check_answers
from tests.failure.stand import Stand, a_stand


@pytest.fixture(scope="session")
def stand() -> Iterator[Stand]:
    """Three services behind proxies, on durable servers of their own.

    After the last test the answers that `Bookers` got are held against what is stored: there is no
    catalogue and no gateway here, so the other invariants cannot be checked.
    """
    stack = Stack(Settings.for_tests("stand", KC_DURABLE="1"), {"postgres", "kafka", "mailsink"})
    made = None
    try:
        made = a_stand(stack)
        yield made
        check_answers(made)
    finally:
        if made is not None:
            made.close()
        stack.clean()
