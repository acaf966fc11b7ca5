"""The whole platform for the tests that no single service can have, started once per test run."""

import os
from collections.abc import Iterator

import pytest

from deploy.local.seed import seed
from deploy.local.settings import Settings
from deploy.local.stack import Stack
from tests.failure.checker import check_now
from tests.platform import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Everything that `make up` starts, on ports and in a folder of its own.

    After the last test all invariants are checked, whatever was done (`tests.failure.checker`), and
    with them every answer that `Bookers` and `Writers` got.
    Its services can be made to die at places of their code (`chassis.faults`).
    `KC_TEST_PLATFORM=1` takes the copy that the environment describes, as it stands.
    """
    if os.environ.get("KC_TEST_PLATFORM"):
        yield Platform(Stack(Settings.from_env()))
        return
    settings = Settings.for_tests(
        "platform",
        KC_DURABLE="1",  # it is killed: durability counts
        KC_FAULTS_DIR=str(tmp_path_factory.mktemp("faults")),
    )
    stack = Stack(settings)
    try:
        stack.up()
        seed(stack.settings)
        found = Platform(stack)
        yield found
        stack.up()  # whatever a test left stopped or halted
        check_now(found, found.history)
    finally:
        stack.clean()
