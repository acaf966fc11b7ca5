"""The contract between the parts (servers and services) and what starts and watches them."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Part:
    """One process that is started, watched and restarted.

    `command` and `env` are known before `prepare` ran: paths follow from versions. A process
    gets `env` and a small clean base (PATH of the system, HOME, language), nothing else.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], bool]
    """One quick probe: True as soon as the part does its work. It never sleeps or raises."""
    needs: frozenset[str] = frozenset()
    """Names of the parts that are ready before this one starts."""
    prepare: Callable[[], None] | None = None
    """Fetch, build, format: idempotent, in a thread of its own, beside other parts."""
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    """How long it may take to stop before it is killed."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """What `up` and `status` print, label -> address."""


def answers(url: str, timeout: float = 1.0) -> bool:
    """Whether a GET of `url` is answered with 2xx, without any proxy."""
    try:
        with _DIRECT.open(url, timeout=timeout) as answer:
            return 200 <= int(answer.status) < 300
    except (OSError, ValueError, urllib.error.URLError):
        return False


def listens(address: str, timeout: float = 0.5) -> bool:
    """Whether somebody accepts TCP connections on `HOST:PORT`."""
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), timeout=timeout):
            return True
    except OSError:
        return False
