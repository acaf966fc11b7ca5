"""kill -9 (and SIGTERM) of any one process in the middle of the work: nothing is lost or doubled.

What would be seen without the protections: `libs/chassis/tests/test_protections.py`.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.client import Client, until
from tests.platform import Platform

BOOK = "/api/enrolment/enrolments"
SEATS, ASKED = 12, 20
SETTLED = {"confirmed", "waitlisted"}


class Bookers:
    """Clients that ask for seats and repeat what was not answered, with the same key."""

    def __init__(self, platform: Platform, run_id: str) -> None:
        self._platform, self._run_id = platform, run_id
        self.answers: dict[str, dict[str, Any]] = {}
        self.begun = threading.Event()

    def all(self) -> None:
        """Everybody asks, a few at a time."""
        with (
            self._platform.as_user("carla.coordinator") as carla,
            ThreadPoolExecutor(4) as pool,
        ):
            list(pool.map(lambda _: self._one(carla), range(ASKED)))

    def _one(self, carla: Client) -> None:
        key, person = str(uuid4()), str(uuid4())
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                answer = carla.ask(
                    "POST",
                    BOOK,
                    {"run_id": self._run_id, "person_ref": person},
                    {"Idempotency-Key": key},
                )
            except (httpx.HTTPError, OSError):
                time.sleep(0.2)
                continue
            self.begun.set()
            if answer.is_success:
                self.answers[key] = answer.json()
                return
            assert answer.status_code in (502, 503, 504, 404, 401, 429), answer.text
            time.sleep(0.2)
        raise AssertionError("a request was never answered")


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
    run_id = platform.a_run(capacity=SEATS)
    bookers = Bookers(platform, run_id)
    thread = threading.Thread(target=bookers.all)
    thread.start()
    assert bookers.begun.wait(30)
    platform.stack.kill(part, number)
    thread.join(120)
    platform.stack.up()
    assert len(bookers.answers) == ASKED
    ids = {answer["enrolment_id"] for answer in bookers.answers.values()}
    assert len(ids) == ASKED
    with platform.as_user("carla.coordinator") as carla:
        until(lambda: _all_settled(carla, ids), 60, "the end of all requests")
        states = Counter(_shown(carla, id_)["state"] for id_ in ids)
        assert states == {"confirmed": SEATS, "waitlisted": ASKED - SEATS}
        seats = carla.get(f"/api/enrolment/runs/{run_id}/seats")
        assert (seats["taken"], seats["waiting"]) == (SEATS, ASKED - SEATS)
    notices = until(lambda: _told_twice_each(platform, ids), 60, "two notices for each")
    assert set(Counter((n["cause_id"], n["recipient_ref"]) for n in notices).values()) == {1}
    assert len(notices) == 2 * ASKED


def _shown(carla: Client, id_: str) -> dict[str, Any]:
    shown: dict[str, Any] = carla.get(f"{BOOK}/{id_}")
    return shown


def _all_settled(carla: Client, ids: set[str]) -> bool:
    return all(_shown(carla, id_)["state"] in SETTLED for id_ in ids)


def _told_twice_each(platform: Platform, ids: set[str]) -> list[dict[str, Any]]:
    """The notices about these enrolments, once everybody has theirs (distinct records only)."""
    records = platform.read("notifications.notices")
    distinct = {dict(r.headers)["ce_id"]: json.loads(r.value) for r in records}
    found = [body for body in distinct.values() if body["about_id"] in ids]
    return found if len(found) >= 2 * len(ids) else []
