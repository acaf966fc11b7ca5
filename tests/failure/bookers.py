"""Load for the failure tests: people who ask for seats until they are answered, and the verdict."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from deploy.local.client import Client, until
from tests.platform import Platform

BOOK = "/api/enrolment/enrolments"
SEATS, ASKED, AT_MOST = 12, 20, 120
PAUSE = 0.1  # seconds between two requests of one client, while a fault is going on
SETTLED = {"confirmed", "waitlisted"}
NOT_NOW = (502, 503, 504, 404, 401, 429)
"""What a client may be told meanwhile: the gateway has no service (404, 502, 504), a service no
database or no keys (503)."""


class Bookers:
    """Clients that ask for seats and repeat what was not answered, with the same key.

    What they asked and were told stands in the history of the platform (I10 to I13, I39).
    """

    def __init__(self, platform: Platform, run_id: str, asked: int = ASKED) -> None:
        self._platform, self._run_id, self._asked = platform, run_id, asked
        self.at_most = AT_MOST
        """They stop asking then, for every answer is looked at in the end."""
        self.answers: dict[str, dict[str, Any]] = {}
        self.refused: Counter[int] = Counter()
        """How often which status was answered before the success."""
        self.no_retry_after = 0
        """How many 503 did not say when to come again."""
        self.begun = threading.Event()

    def all(self) -> None:
        """Everybody asks, a few at a time."""
        with (
            self._platform.as_user("carla.coordinator") as carla,
            ThreadPoolExecutor(4) as pool,
        ):
            list(pool.map(lambda _: self._one(carla), range(self._asked)))

    def _go_on(self, over: threading.Event) -> None:
        """One of the clients: asks again and again, for another person each time."""
        with self._platform.as_user("carla.coordinator") as carla:
            while not over.wait(PAUSE) or len(self.answers) < self._asked:
                if len(self.answers) < self.at_most:
                    self._one(carla)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """They ask meanwhile: entered when the first is answered, left when everybody is."""
        over = threading.Event()
        with ThreadPoolExecutor(4) as pool:
            clients = [pool.submit(self._go_on, over) for _ in range(4)]
            try:
                assert self.begun.wait(60), "nobody was answered"
                yield
            finally:
                over.set()
        for client in clients:
            client.result()

    @property
    def asked(self) -> int:
        """How many requests were answered with a success."""
        return len(self.answers)

    def _one(self, carla: Client) -> None:
        key, person = str(uuid4()), str(uuid4())
        body = {"run_id": self._run_id, "person_ref": person}
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            answer = self._platform.history.ask(carla, "POST", BOOK, body, key=key)
            if answer is None:
                time.sleep(0.2)
                continue
            self.begun.set()
            if answer.is_success:
                self.answers[key] = answer.json()
                return
            assert answer.status_code in NOT_NOW, answer.text
            self.refused[answer.status_code] += 1
            if answer.status_code == 503 and "Retry-After" not in answer.headers:
                self.no_retry_after += 1
            time.sleep(0.2)
        raise AssertionError("a request was never answered")

    def check(self, seats: int = SEATS) -> None:
        """Nothing is lost and nothing doubled: seats, line and notices are exact."""
        platform, ids = self._platform, self.ids
        assert len(ids) == self.asked >= self._asked
        with platform.as_user("carla.coordinator") as carla:
            until(lambda: _all_settled(carla, ids), 120, "the end of all requests")
            states = Counter(_shown(carla, id_)["state"] for id_ in ids)
            waiting = max(self.asked - seats, 0)
            expected = {"confirmed": min(seats, self.asked), "waitlisted": waiting}
            assert states == Counter(expected)
            shown = carla.get(f"/api/enrolment/runs/{self._run_id}/seats")
            assert (shown["taken"], shown["waiting"]) == (expected["confirmed"], waiting)
        notices = until(lambda: _told_twice_each(platform, ids), 120, "two notices for each")
        assert set(Counter((n["cause_id"], n["recipient_ref"]) for n in notices).values()) == {1}
        assert len(notices) == 2 * self.asked

    @property
    def ids(self) -> set[str]:
        """The enrolments that were made."""
        return {answer["enrolment_id"] for answer in self.answers.values()}


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
