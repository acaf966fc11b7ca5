"""Processes of a copy, found without trusting any file: by the mark in their environment."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Collection, Iterable
from pathlib import Path

import psutil

from deploy.local.environment import MARK

GONE = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError)
PATIENCE = 8.0  # seconds between asking to end and ending


def ours(run: Path) -> list[psutil.Process]:
    """All living processes of the copy whose state folder is `run`."""
    return [process for process in psutil.process_iter() if _belongs(process, run)]


def _belongs(process: psutil.Process, run: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.environ().get(MARK) == str(run):
            return True
        # a server process of PostgreSQL overwrites its environment, but lives in its data folder
        data = str(run / "postgres" / "data")
        return process.name() == "postgres" and process.cwd() == data
    except GONE:
        return False


def end(processes: Iterable[psutil.Process], patience: float = PATIENCE) -> None:
    """Ask all of them to end, then kill what is left. Returns when they are gone."""
    remaining = list(processes)
    for process in remaining:
        _signal(process, signal.SIGINT if _is_postmaster(process) else signal.SIGTERM)
        _signal(process, signal.SIGCONT)  # one that was halted could not end otherwise
    _, remaining = psutil.wait_procs(remaining, timeout=patience)
    for process in remaining:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(remaining, timeout=5)


def end_all(run: Path, keep: Collection[int] = (), patience: float = PATIENCE) -> int:
    """End every process of a copy except `keep` (pids). Returns how many there were.

    Looks again until nothing is found: what was just being started is found by the second look.
    The supervisor dies first, at once, so that it restarts nothing.
    """
    count = 0
    deadline = time.monotonic() + 3 * patience + 5
    while time.monotonic() < deadline:
        found = [process for process in ours(run) if process.pid not in keep]
        if not found:
            break
        count += len(found)
        for process in found:
            if _is_supervisor(process):
                _signal(process, signal.SIGKILL)
        end(found, patience)
    return count


def _signal(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(*GONE):
        process.send_signal(number)


def _is_supervisor(process: psutil.Process) -> bool:
    with contextlib.suppress(*GONE):
        return "supervisor.supervisord" in process.cmdline()
    return False


def _is_postmaster(process: psutil.Process) -> bool:
    with contextlib.suppress(*GONE):
        return process.name() == "postgres"
    return False


def sweep_tests(root: Path) -> None:
    """End and remove what killed test runs left: `.run/test-<name>-<pid>` whose owner is dead."""
    for folder in (root / ".run").glob("test-*-*"):
        owner = folder.name.rsplit("-", 1)[1]
        if owner.isdigit() and not _alive(int(owner), folder):
            end_all(folder, patience=2)
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int, folder: Path) -> bool:
    """Whether the owner lives: a process with its pid that is older than its folder."""
    try:
        return psutil.Process(pid).create_time() <= folder.stat().st_ctime + 1
    except (psutil.Error, OSError):
        return False


def wake(pid: int) -> None:
    """Let a process go on that somebody halted (SIGSTOP)."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGCONT)


def kill_group(pid: int) -> None:
    """End what does not answer any more, with its children."""
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def descendants(pid: int) -> set[int]:
    """Children of a process, and theirs."""
    with contextlib.suppress(psutil.Error):
        return {child.pid for child in psutil.Process(pid).children(recursive=True)}
    return set()
