"""Settings of a copy that is in nobody's way."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from deploy.local import ports
from deploy.local.settings import LOOPBACK, Settings


def spare_settings(run: Path, **extra: str) -> Settings:
    """A copy with its state in `run` and a free port for each part."""
    with ExitStack() as held:
        doors = [held.enter_context(socket.socket()) for _ in ports.BASE]
        for door in doors:
            door.bind((LOOPBACK, 0))
        free = {name: door.getsockname()[1] for name, door in zip(ports.BASE, doors, strict=True)}
    return replace(Settings.from_env(), run=run, ports=free, replicas=1, extra=extra)
