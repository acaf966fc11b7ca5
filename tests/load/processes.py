"""What the processes of a copy cost: CPU seconds and memory, by part."""

from __future__ import annotations

import psutil

from deploy.local.stack import Stack


def cpu_seconds(stack: Stack) -> dict[str, float]:
    """CPU seconds that every part (with its children) has used since it began."""
    return {name: _cpu(state.pid) for name, state in stack.states().items() if state.pid}


def _cpu(pid: int) -> float:
    """PostgreSQL's backends come and go: what ended children used is counted by their parent."""
    total = 0.0
    for process in _family(pid):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if process.pid == pid:
            total += times.children_user + times.children_system
    return total


def memory_mb(stack: Stack) -> dict[str, float]:
    """Private memory (USS) of every part in MB."""
    return {
        name: sum(_uss(process) for process in _family(state.pid)) / 1e6
        for name, state in stack.states().items()
        if state.pid
    }


def _uss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().uss)
    except psutil.Error:
        return 0.0


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
