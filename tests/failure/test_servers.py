"""PostgreSQL and Kafka are stopped hard, hurt and held up under load.

All of it on the stand: what is answered meanwhile is 503 with `Retry-After`, and afterwards every
seat, line and notice is exact. `test_control_...` here shows that the injector works (there really
is no connection left); no test here takes a protection out.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil
import pytest

from deploy.local.client import until
from tests.failure.bookers import BOOK, Bookers
from tests.failure.servers import full_server, no_connection_left, sql
from tests.failure.stand import Stand

THEIRS = (
    "FROM pg_stat_activity WHERE usename = ANY(ARRAY['enrolment', 'membership', 'notifications'])"
)


def all_backends(stand: Stand) -> list[int]:
    """The server processes that work for the services."""
    return [row["pid"] for row in sql(stand, "SELECT pid " + THEIRS)]


def backends(stand: Stand, service: str) -> list[int]:
    """The server processes that work for a service, as the server numbers them."""
    rows = sql(stand, "SELECT pid FROM pg_stat_activity WHERE application_name = $1", service)
    return [row["pid"] for row in rows]


def loaded(stand: Stand) -> Bookers:
    """Clients with a run of their own."""
    return Bookers(stand, stand.a_run(capacity=12))


def test_a_postgres_that_stops_at_once_loses_nothing(stand: Stand) -> None:
    bookers = loaded(stand)
    with bookers.at_work():
        pid = stand.stack.kill("postgres", signal.SIGQUIT)
        until(lambda: not psutil.pid_exists(pid), 60, "the end of the server")
    assert stand.stack.pid("postgres") != pid
    bookers.check()
    assert bookers.no_retry_after == 0


def test_a_connection_that_the_server_ends_loses_nothing(stand: Stand) -> None:
    bookers = loaded(stand)
    with bookers.at_work():
        ended = {
            row["pid"] for row in sql(stand, "SELECT pid, pg_terminate_backend(pid) " + THEIRS)
        }
        assert len(ended) > 3
        until(lambda: not ended & set(all_backends(stand)), 60, "the end of the connections")
    bookers.check()
    assert bookers.no_retry_after == 0


def test_a_server_process_that_is_killed_loses_nothing(stand: Stand) -> None:
    """The server then throws out everybody and recovers, as after a crash."""
    bookers = loaded(stand)
    before = sql(stand, "SELECT pg_postmaster_start_time() AS at")
    with bookers.at_work():
        inner = set(backends(stand, "enrolment"))
        victim = next(p for p in _children(stand) if _namespaced(p.pid) in inner)
        victim.kill()
        until(lambda: not victim.is_running(), 60, "the end of the process")
    assert sql(stand, "SELECT pg_postmaster_start_time() AS at") == before
    log = (stand.stack.settings.logs / "postgres.log").read_text(errors="replace")
    assert "terminated by signal 9" in log
    bookers.check()
    assert bookers.no_retry_after == 0


def _children(stand: Stand) -> list[psutil.Process]:
    return psutil.Process(stand.stack.pid("postgres")).children(recursive=True)


def _namespaced(pid: int) -> int:
    """The pid as the process itself knows it: a user namespace keeps it, a pid namespace not."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return int(line.split()[-1])


def test_without_a_free_connection_the_answer_is_503_until_there_is_one(stand: Stand) -> None:
    bookers = loaded(stand)
    with bookers.at_work(), no_connection_left(stand, "enrolment"), stand.as_user() as carla:
        until(lambda: bookers.refused[503] > 3, 60, "refusals")
        assert backends(stand, "enrolment") == []
        refused = carla.ask("POST", BOOK, {"run_id": str(uuid4()), "person_ref": str(uuid4())})
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        assert carla.ask("GET", f"{BOOK}/{uuid4()}").status_code == 503
    bookers.check()
    assert bookers.no_retry_after == 0
    assert set(bookers.refused) <= {503}


def test_when_the_server_is_full_the_answer_is_503_until_there_is_room(stand: Stand) -> None:
    bookers = loaded(stand)
    with bookers.at_work(), stand.as_user() as carla, full_server(stand):
        until(lambda: bookers.refused[503] > 3, 60, "refusals")
        assert carla.ask("GET", f"{BOOK}/{uuid4()}").status_code == 503
    bookers.check()
    assert bookers.no_retry_after == 0
    assert set(bookers.refused) <= {503}


def test_control_a_client_without_patience_is_refused_by_the_server(stand: Stand) -> None:
    """The injector: there is really no connection left, for nobody."""
    with full_server(stand), pytest.raises(asyncpg.TooManyConnectionsError):
        sql(stand, "SELECT 1")


@pytest.mark.parametrize("seconds", [6, 14])
def test_a_broker_that_stands_still_holds_up_no_request(stand: Stand, seconds: int) -> None:
    """Longer than the session timeout too: the group is formed anew afterwards."""
    bookers = loaded(stand)
    pid = stand.stack.pid("kafka")
    with bookers.at_work():
        os.kill(pid, signal.SIGSTOP)
        try:
            halted = psutil.Process(pid)
            until(lambda: halted.status() == psutil.STATUS_STOPPED, 5, "a broker that stands still")
            deadline = time.monotonic() + seconds
            before = bookers.asked
            until(lambda: bookers.asked > before + 8, 60, "answers without a broker")
            time.sleep(max(0.0, deadline - time.monotonic()))
        finally:
            os.kill(pid, signal.SIGCONT)
    assert stand.stack.pid("kafka") == pid
    bookers.check()
    assert not bookers.refused
    _in_order(stand, bookers.ids)


def test_a_broker_that_is_restarted_gently_holds_up_no_request(stand: Stand) -> None:
    bookers = loaded(stand)
    bookers.at_most = 1000  # a broker takes its time to stop
    with bookers.at_work():
        stand.stack.stop("kafka")
        before = bookers.asked
        until(lambda: bookers.asked > before + 8, 60, "answers without a broker")
        stand.stack.start("kafka")
    bookers.check()
    assert not bookers.refused
    _in_order(stand, bookers.ids)


def _in_order(stand: Stand, ids: set[str]) -> None:
    """First copies of the seat events of an enrolment carry versions that only grow."""
    seen: set[bytes] = set()
    versions: dict[str, list[int]] = {}
    for record in sorted(stand.read("enrolment.seats"), key=lambda r: (r.partition, r.offset)):
        headers = dict(record.headers)
        key = record.key.decode()
        if key in ids and headers["ce_id"] not in seen and "ce_aggregateversion" in headers:
            seen.add(headers["ce_id"])
            versions.setdefault(key, []).append(int(headers["ce_aggregateversion"]))
    assert set(versions) == ids
    assert all(v == sorted(set(v)) for v in versions.values()), versions
