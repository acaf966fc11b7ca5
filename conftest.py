"""The real servers of a test run, started once and ended by the run that started them.

In this order: addresses given by `KC_TEST_POSTGRES` and `KC_TEST_KAFKA`; containers, where a
Docker engine answers; otherwise `deploy/local`. Everything else is the same for all three.
"""

import contextlib
import gc
import os
import warnings
from collections.abc import Iterator

import pytest
from chassis.testing import Servers

from deploy.local.settings import Settings
from deploy.local.stack import Stack

PURE_PLACES = ("libs/", "services/", "tests/architecture/", "tests/packaging/")
POSTGRES_IMAGE, KAFKA_IMAGE = "postgres:18", "apache/kafka:4.3.1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs no server: `make test args="-m pure"` runs it alone."""
    for item in items:
        named = set(getattr(item, "fixturenames", ()))
        if item.nodeid.startswith(PURE_PLACES) and not named & {"servers", "issuer"}:
            item.add_marker("pure")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Kafka."""
    given = os.environ.get("KC_TEST_POSTGRES"), os.environ.get("KC_TEST_KAFKA")
    if given[0] and given[1]:
        yield Servers(given[0], given[1])
    elif docker_answers():
        with _containers() as found:
            yield found
    else:
        stack = Stack(Settings.for_tests("servers"), {"postgres", "kafka"})
        try:
            stack.up()
            yield Servers(
                stack.database_url("postgres", admin=True), stack.settings.address("kafka")
            )
        finally:
            stack.clean()


def docker_answers() -> bool:
    """Whether containers can be used here. `KC_TEST_BACKEND=local` says not to try."""
    if os.environ.get("KC_TEST_BACKEND") == "local":
        return False
    with warnings.catch_warnings():  # a failed try leaves its socket to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        answers = _docker_pings()
        gc.collect()
    return answers


def _docker_pings() -> bool:
    import docker

    try:
        client = docker.from_env(timeout=3)
    except docker.errors.DockerException:
        return False
    with contextlib.closing(client):
        try:
            return bool(client.ping())
        except (docker.errors.DockerException, OSError):
            return False


@contextlib.contextmanager
def _containers() -> Iterator[Servers]:
    from testcontainers.community.kafka import KafkaContainer
    from testcontainers.community.postgres import PostgresContainer

    with (
        PostgresContainer(POSTGRES_IMAGE, driver=None) as postgres,
        KafkaContainer(KAFKA_IMAGE).with_kraft() as kafka,
    ):
        yield Servers(postgres.get_connection_url(), kafka.get_bootstrap_server())
