"""What the user is told before anything happens."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import preflight


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def test_an_old_python_is_named_with_what_to_do() -> None:
    (problem,) = preflight.python_problems((3, 9))
    assert "this is Python 3.9" in problem
    assert "3.11" in problem
    assert "PYTHON=" in problem


def test_a_missing_venv_module_is_named() -> None:
    (problem,) = preflight.python_problems((3, 11), "venv", "no_such_module")
    assert "lacks no_such_module" in problem
    assert "apt install python3.11-venv" in problem


@pytest.mark.parametrize(
    ("system", "machine", "libc", "said"),
    [
        ("Windows", "AMD64", "", "WSL"),
        ("Linux", "riscv64", "glibc", "riscv64"),
        ("Linux", "x86_64", "", "glibc"),
    ],
)
def test_a_platform_without_servers_is_named(
    system: str, machine: str, libc: str, said: str
) -> None:
    (problem,) = preflight.platform_problems(system, machine, libc)
    assert said in problem


@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "arm64"])
def test_the_supported_platforms_pass(machine: str) -> None:
    assert preflight.platform_problems("Linux", machine, "glibc") == []
    assert preflight.platform_problems("Darwin", machine, "") == []


def test_a_taken_port_is_named_with_its_owner_and_its_variable(
    taken_port: int, tmp_path: Path
) -> None:
    (problem,) = preflight.port_problems({"kafka": taken_port}, tmp_path)
    assert f"port {taken_port} (kafka) is taken by process {os.getpid()}" in problem
    assert "KC_KAFKA_PORT" in problem
    assert "KC_PORT_OFFSET" in problem


def test_a_port_of_our_own_copy_is_no_problem(tmp_path: Path) -> None:
    code = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); input()"
    )
    env = {**os.environ, "KC_RUN_ID": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as ours:
        assert ours.stdout is not None
        port = int(ours.stdout.readline())
        assert preflight.port_problems({"kafka": port}, tmp_path) == []
        assert preflight.port_problems({"kafka": port}, tmp_path / "other") != []
        ours.communicate(b"\n")


def test_too_little_space_is_named() -> None:
    (problem,) = preflight.space_problems(Path("/"), 10**9)
    assert "1000000000 MB are needed" in problem
    assert preflight.space_problems(Path("/"), 0) == []


def test_a_state_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (problem,) = preflight.folder_problems(tmp_path / "file" / "run", "KC_RUN")
    assert "is not a folder" in problem
    assert "KC_RUN" in problem
    assert preflight.folder_problems(tmp_path / "new" / "run", "KC_RUN") == []


def test_a_wrong_offset_ends_the_command_with_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.preflight", "up"],
        cwd=preflight.ROOT,
        env={**os.environ, "KC_PORT_OFFSET": "much"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Problem: KC_PORT_OFFSET='much' is not a whole number" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_network_is_named_when_something_has_to_be_fetched() -> None:
    environment = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9"}
    (problem,) = preflight.network_problems(environment)  # type: ignore[arg-type]
    assert "127.0.0.1:9 does not answer" in problem
    assert "have to be fetched" in problem
