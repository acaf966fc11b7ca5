"""The disk of PostgreSQL or of Kafka is full, and free again: nothing accepted is lost.

Seen on the way: PostgreSQL lives on and refuses with 53100 ("could not extend file", a class that
means an outage); the broker ends when its only log folder fails, and the supervisor starts it anew.
That PostgreSQL ends because its log finds no room was not brought about. The controls are those of
the chassis (`libs/chassis/tests/test_protections.py`): a full disk that is taken for a fault of the
message costs the message, and what is forgotten before it is sent is lost.
"""

from __future__ import annotations

import contextlib

import asyncpg

from deploy.local.client import until
from tests.failure.bookers import Bookers
from tests.failure.disk import on_a_small_disk
from tests.failure.servers import sql
from tests.failure.stand import Stand


def test_a_full_disk_of_the_database_is_answered_with_503_and_waited_out(stand: Stand) -> None:
    with on_a_small_disk(stand.stack, "postgres", spare_megabytes=24) as disk:
        bookers = Bookers(stand, stand.a_run(capacity=12))
        with bookers.at_work():
            disk.fill()
            try:
                until(lambda: _refuses(stand, bookers), 90, "refusals")
            finally:
                disk.free()
        bookers.check()
        assert bookers.no_retry_after == 0
        assert set(bookers.refused) == {503}
    log = (stand.stack.settings.logs / "postgres.log").read_text(errors="replace")
    assert "No space left on device" in log


def _refuses(stand: Stand, bookers: Bookers) -> bool:
    """Make the server need a new piece of its log, until it feels that there is no room."""
    with contextlib.suppress(asyncpg.PostgresError, OSError):
        sql(stand, "SELECT pg_switch_wal()")
    return bookers.refused[503] > 3


def test_a_full_disk_of_the_broker_refuses_nobody_and_everything_is_told_later(
    stand: Stand,
) -> None:
    with on_a_small_disk(stand.stack, "kafka", spare_megabytes=16) as disk:
        bookers = Bookers(stand, stand.a_run(capacity=12))
        with bookers.at_work():
            disk.fill()
            try:
                until(lambda: _waiting(stand) > 3, 60, "a growing outbox")
                before = bookers.asked
                until(lambda: bookers.asked > before + 4, 60, "answers without a broker")
            finally:
                disk.free()
        bookers.check()
        assert not bookers.refused
        until(lambda: _waiting(stand) == 0, 120, "an empty outbox")
    log = (stand.stack.settings.logs / "kafka.log").read_text(errors="replace")
    assert "No space left on device" in log


def _waiting(stand: Stand) -> int:
    """How many events stand in the outbox of enrolment."""
    return int(sql(stand, "SELECT count(*) AS n FROM outbox", database="enrolment")[0]["n"])
