"""Far too many at once: the short form of `make overload`, on a booking process of its own.

The process stands beside the platform's, on the same database, with tight limits, so that a crowd
of any machine is too much for it. The control is the same process without limits: nobody is told
no, and everybody waits for all who came before.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.local import environment, testports
from deploy.local.client import until
from deploy.local.parts import answers
from deploy.local.ports import BASE
from deploy.local.settings import LOOPBACK
from tests.load.arrivals import Call
from tests.load.crowd import Crowd
from tests.load.overload import Report
from tests.load.stage import Stage
from tests.platform import Platform

LIMIT = 32
PROTECTED = {"KC_MAX_IN_FLIGHT": str(LIMIT), "KC_MIN_IN_FLIGHT": "8"}
UNPROTECTED = {"KC_MAX_IN_FLIGHT": "0", "KC_MAX_WAITING_WRITES": "1000000", "KC_PATIENCE_MS": "0"}
AT_ONCE, COUNT = 20_000.0, 2500


@contextmanager
def a_process(platform: Platform, limits: dict[str, str], log: Path) -> Iterator[str]:
    """A further process of the booking service; its address."""
    part = platform.stack.parts["enrolment"]
    port = BASE["enrolment"] + testports.reserve()
    env = {**environment.clean(platform.stack.settings), **part.env, **limits}
    with log.open("w") as file:
        process = subprocess.Popen(
            list(part.command),
            env={**env, "KC_PORT": str(port)},
            cwd=platform.stack.settings.root,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    address = f"{LOOPBACK}:{port}"
    try:
        until(lambda: answers(f"http://{address}/health/ready"), 180, "the further process")
        yield address
    finally:
        process.terminate()
        process.wait(60)


def a_rush(crowd: Crowd) -> Stage:
    """All at once, or as quickly as the client can."""
    return crowd.book("rush", AT_ONCE, COUNT / AT_ONCE)


def test_a_rush_is_refused_early_and_loses_nothing(platform: Platform, tmp_path: Path) -> None:
    with a_process(platform, PROTECTED, tmp_path / "log") as address:
        crowd = Crowd(platform, runs=2, address=address)
        rush = a_rush(crowd)
        assert len(rush.calls) == COUNT
        assert {call.status for call in rush.calls} == {202, 503}, rush.statuses
        assert {call.code for call in rush.refused} <= {"overloaded", "too-late"}, rush.statuses
        assert rush.unsound == [], "refusals without Retry-After, or no problem documents"
        assert rush.accepted, "nobody was served"
        at_the_door = sum(call.code == "overloaded" for call in rush.refused)
        assert crowd.figure("kc_requests_shed_total") >= at_the_door > 0
        assert crowd.figure("kc_requests_in_flight_limit") <= LIMIT
        until(lambda: crowd.figure("kc_requests_in_flight") == 0, 60, "the end of all work")
        until(lambda: _all_served(crowd.book("calm", 10, 2)), 120, "a calm in which all are served")
    assert crowd.settled_within(180) is not None
    assert crowd.violations() == []


def test_control_without_limits_nobody_is_refused_and_everybody_waits(
    platform: Platform, tmp_path: Path
) -> None:
    with a_process(platform, UNPROTECTED, tmp_path / "log") as address:
        crowd = Crowd(platform, runs=2, address=address)
        waited = a_rush(crowd)
    with a_process(platform, PROTECTED, tmp_path / "log") as address:
        served = a_rush(Crowd(platform, runs=2, address=address))
    assert waited.refused == []
    assert len(waited.accepted) > 4 * len(served.accepted)
    assert waited.p(99) > served.p(99), "the queue was longer and yet quicker"


def a_stage(name: str, refused: float = 0.02, **changes: Any) -> Stage:
    """Ten seconds in which half of the requests are refused, so late after they were due."""
    calls = [
        Call("x", n / 10, ended=n / 10 + took, status=status, code=code)
        for n in range(100)
        for took, status, code in ((0.1, 202, ""), (refused, 503, "overloaded"))
    ]
    queues = {"kc_requests_in_flight": 300.0, "memory_mb": 100.0}
    return Stage(name, 20, 10, calls, {**queues, **changes})


def missed(*stages: Stage, **changes: Any) -> list[str]:
    """The aims that such a run does not meet, the stages of it that are not given being good."""
    calm = [Call("x", n / 10, ended=n / 10 + 0.1, status=202) for n in range(100)]
    good = {name: a_stage(name) for name in ("2 x C", "4 x C")}
    good |= {name: Stage(name, 10, 10, calm) for name in ("0.5 x C", "1 x C after the fault")}
    good |= {stage.name: stage for stage in stages}
    told: dict[str, Any] = {"base": {"memory_mb": 100.0}, "settled_seconds": 1.0, **changes}
    return [aim for aim, _, met in Report(10, list(good.values()), **told).aims() if not met]


def test_every_aim_of_an_overload_run_can_be_met_and_missed() -> None:
    late = [
        Call("x", n / 10, ended=n / 10 + (0.4 if n < 95 else 0.1), status=202) for n in range(200)
    ]
    assert missed() == []
    assert missed(a_stage("4 x C", refused=0.06)) == ["p99 of refused at 4 x C <= 50 ms"]
    full = {"kc_requests_in_flight": 1025.0}
    assert missed(a_stage("2 x C", **full)) == ["requests at work at 2 x C <= 1024"]
    assert missed(a_stage("2 x C", **full), replicas=2) == []
    assert missed(a_stage("2 x C", memory_mb=131.0)) == ["memory at 2 x C <= 130 % of base"]
    after = Stage("1 x C after the fault", 10, 20, late)
    assert missed(after) == []
    after.calls[101].ended += 1
    assert missed(after) == ["normal in 1 x C after the fault within 10 s"]
    assert missed(violations=["somebody is lost"]) == ["lost or doubled"]


def _all_served(stage: Stage) -> bool:
    return len(stage.accepted) == len(stage.calls)


@pytest.mark.parametrize("code", ["", "unavailable", "overloaded"])
def test_the_checker_sees_what_was_lost_and_what_was_doubled(platform: Platform, code: str) -> None:
    crowd = Crowd(platform, runs=1)
    stage = crowd.book("few", 5, 1)
    assert len(stage.accepted) == 5
    assert crowd.violations() == []
    told = crowd.calls[0]
    told.status, told.code = 503, code
    assert len(crowd.violations()) == (code == "overloaded"), "only that refusal is a promise"
    told.status, told.name = 202, "somebody-else"
    assert len(crowd.violations()) == 1
