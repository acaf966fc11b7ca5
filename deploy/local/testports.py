"""Free ports for test runs that go on at the same time."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

from deploy.local.ports import BASE, DASHBOARDS, REPLICA_STEP, SERVICES
from deploy.local.settings import LOOPBACK

# Below the ports that systems give to outgoing connections (Linux: from 32768)
OFFSETS = range(12_010, 22_400, 163)  # no two ports differ by a multiple of 163
_held: list[int] = []  # open files, closed when the process ends


def reserve() -> int:
    """An offset whose ports are all free, held until this process ends. OSError if none is."""
    folder = Path(tempfile.gettempdir()) / f"kc-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for offset in random.sample(OFFSETS, len(OFFSETS)):
        file = os.open(folder / str(offset), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        if all(_free(port + offset) for port in _ports()):
            _held.append(file)
            return offset
        os.close(file)
    raise OSError("No free ports were found for a test run.")


def _ports() -> list[int]:
    single = {**BASE, **DASHBOARDS}
    return [*single.values(), *(BASE[service] + REPLICA_STEP for service in SERVICES)]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
