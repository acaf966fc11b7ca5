"""kill -9 (and SIGTERM) of any one process in the middle of the work: nothing is lost or doubled.

What would be seen without the protections: `libs/chassis/tests/test_protections.py`.
"""

from __future__ import annotations

import signal

import pytest

from tests.failure.bookers import SEATS, Bookers
from tests.platform import Platform


@pytest.mark.parametrize(
    ("part", "number"),
    [
        ("enrolment", signal.SIGKILL),
        ("membership", signal.SIGKILL),
        ("notifications", signal.SIGKILL),
        ("catalog", signal.SIGKILL),
        ("kafka", signal.SIGKILL),
        ("postgres", signal.SIGKILL),
        ("mailsink", signal.SIGKILL),
        ("gateway", signal.SIGKILL),
        ("enrolment", signal.SIGTERM),
        ("notifications", signal.SIGTERM),
    ],
)
def test_an_ended_process_loses_and_doubles_nothing(
    platform: Platform, part: str, number: signal.Signals
) -> None:
    bookers = Bookers(platform, platform.a_run(capacity=SEATS))
    with bookers.at_work():
        platform.stack.kill(part, number)
    platform.stack.up()
    bookers.check()
