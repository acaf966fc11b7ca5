"""What the processes of a copy cost: CPU seconds and memory, by part."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from deploy.local.ports import PORTAL, SERVICES
from deploy.local.stack import Stack

ALL_SERVICES = (*SERVICES, PORTAL)
"""Every process of ours that stays up; the gateway, which is not ours, is shown beside them."""
ASIDE = ("keycloak", "mailsink")
"""Stand-ins for what the platform only talks to: shown, but not part of what an enrolment costs."""


@dataclass(frozen=True)
class Used:
    """CPU seconds by part between two moments, and those of the load client itself."""

    parts: Mapping[str, float]
    client: float
    seconds: float

    @property
    def counted(self) -> float:
        """CPU seconds of everything that belongs to the platform."""
        return sum(seconds for part, seconds in self.parts.items() if part not in ASIDE)

    def each(self, count: int) -> dict[str, float]:
        """Milliseconds by part for each of so many, the large ones first."""
        shares = {part: seconds / count * 1000 for part, seconds in self.parts.items()}
        ordered = sorted(shares.items(), key=lambda item: -item[1])
        return {part: round(share, 3) for part, share in ordered if share > 0.0005}


class Meter:
    """Reads the CPU from its making on."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._before, self._client = cpu_seconds(stack), time.process_time()
        self._began = time.perf_counter()

    def read(self) -> Used:
        """What was used since then."""
        after = cpu_seconds(self._stack)
        parts = {part: after[part] - self._before.get(part, 0.0) for part in after}
        return Used(
            parts=parts,
            client=time.process_time() - self._client,
            seconds=time.perf_counter() - self._began,
        )


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


def memory_mb(stack: Stack) -> dict[str, dict[str, float]]:
    """Memory of every part in MB: `pss` shares what is shared, `uss` is private alone."""
    found = {}
    for name, state in stack.states().items():
        if state.pid:
            sums = [_memory(process) for process in _family(state.pid)]
            found[name] = {
                "pss": sum(pss for pss, _ in sums) / 1e6,
                "uss": sum(uss for _, uss in sums) / 1e6,
            }
    return found


def _memory(process: psutil.Process) -> tuple[float, float]:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0.0, 0.0
    return float(getattr(full, "pss", full.uss)), float(full.uss)  # macOS has no PSS


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
