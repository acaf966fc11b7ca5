"""What a turn between two processes costs on this machine: one byte there, one byte back.

At low rates nearly everything that the platform does is such turns (a request to Kafka, a
statement, a wake-up of the next service), each from rest: what they cost there is the machine's,
and on virtual ones many times what they cost at full load. `low_load` and `latency` are to be read
beside it.
"""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import time

from tests.load.bench import Bench
from tests.load.figure import Figure

TURNS, RESTED, REST_SECONDS = 5000, 400, 0.005
ECHO = """
import socket, sys
line = socket.socket(fileno=int(sys.argv[1]))
while byte := line.recv(1):
    line.send(byte)
"""


def measure(_bench: Bench) -> list[Figure]:
    """In a row, and with a rest before each."""
    ours, theirs = socket.socketpair()
    words = [sys.executable, "-c", ECHO, str(theirs.fileno())]
    echo = subprocess.Popen(words, pass_fds=[theirs.fileno()])
    theirs.close()
    try:
        _turns(ours, 1, 0.0)  # it has started
        at_once = _turns(ours, TURNS, 0.0)
        rested = _turns(ours, RESTED, REST_SECONDS)
    finally:
        ours.close()
        echo.wait(10)
    note = "CPU of one side of a turn between two processes"
    return [
        Figure("a turn, one after the other", at_once, "us", note=note),
        Figure("a turn after 5 ms of rest", rested, "us", note=note),
    ]


def _turns(line: socket.socket, count: int, rest: float) -> float:
    """Microseconds of CPU for each turn."""
    before = _used()
    for _ in range(count):
        if rest:
            time.sleep(rest)
        line.send(b"x")
        line.recv(1)
    return (_used() - before) / count * 1e6


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
