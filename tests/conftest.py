"""The whole platform for the tests that no single service can have, started once per test run."""

import os
from collections.abc import Iterator

import pytest

from deploy.local.seed import seed
from deploy.local.settings import Settings
from deploy.local.stack import Stack
from tests.platform import Platform


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Everything that `make up` starts, on ports and in a folder of its own.

    `KC_TEST_PLATFORM=1` takes the copy that the environment describes, as it stands.
    """
    if os.environ.get("KC_TEST_PLATFORM"):
        yield Platform(Stack(Settings.from_env()))
        return
    stack = Stack(Settings.for_tests("platform", KC_DURABLE="1"))  # it is killed: durability counts
    try:
        stack.up()
        seed(stack.settings)
        yield Platform(stack)
    finally:
        stack.clean()
