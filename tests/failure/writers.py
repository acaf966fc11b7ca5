"""Clients that write something to every service while it fails, and ask again what it answered."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from deploy.local.settings import ROOT
from tests.failure.bookers import NOT_NOW
from tests.platform import Platform, an_offer

FEED = ROOT / "deploy" / "local" / "demo" / "xikolo.json"
PATIENCE = 120  # seconds


@dataclass
class Written:
    """A write that somebody wants done once, and the answer to it."""

    user: str
    path: str
    body: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid4()))
    answer: Any = None


class Writers:
    """One write to every service but enrolment, and an offer, so that each has what to tell."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.ref = f"W-{uuid4().hex[:8]}"
        self.writes = [_an_organisation(), _a_contact(), _a_feed()]

    def all(self) -> None:
        """Everybody writes, at the same time."""
        self._platform.publish(an_offer(self.ref, 5))
        with ThreadPoolExecutor(len(self.writes)) as pool:
            list(pool.map(self._one, self.writes))

    def _one(self, write: Written) -> None:
        write.answer = self._ask(write)[1]

    def _ask(self, write: Written) -> tuple[bool, Any]:
        """Whether it was answered before, and the answer; repeated until there is one."""
        deadline = time.monotonic() + PATIENCE
        with self._platform.as_user(write.user) as client:
            while time.monotonic() < deadline:
                history = self._platform.history
                answer = history.ask(client, "POST", write.path, write.body, key=write.key)
                if answer is None:
                    time.sleep(0.2)
                    continue
                if answer.is_success:
                    return "Idempotency-Replayed" in answer.headers, answer.json()
                assert answer.status_code in NOT_NOW, answer.text
                time.sleep(0.2)
        raise AssertionError(f"{write.path} was never answered")

    def check(self) -> None:
        """What was answered stands, and is answered the same when it is asked for again."""
        for write in self.writes:
            assert self._ask(write) == (True, write.answer), write.path
        verdicts = {
            dict(record.headers)["ce_id"]: json.loads(record.value)
            for record in self._platform.read("catalog.verdicts")
        }
        mine = [v for v in verdicts.values() if v.get("offer_ref") == self.ref]
        assert len(mine) == 1


def _an_organisation() -> Written:
    code = f"gemeinde-{uuid4().hex[:8]}"
    body = {"code": code, "name": f"Gemeinde {code}", "employees": 40}
    return Written("olga.office", "/api/membership/organisations", body)


def _a_contact() -> Written:
    name = f"Punkt{uuid4().hex[:8]}"
    body = {"given_name": "Petra", "family_name": name, "mail": f"{name}@kreis.example"}
    return Written("carla.coordinator", "/api/notifications/contacts", body)


def _a_feed() -> Written:
    feed = json.loads(FEED.read_text(encoding="utf-8"))
    for course in feed["data"]:
        course["id"] = str(uuid4())
    body = {"source": f"quelle-{uuid4().hex[:8]}", "feed": feed}
    return Written("olga.office", "/api/catalog/imports/moochub", body)
