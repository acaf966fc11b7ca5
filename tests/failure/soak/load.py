"""Clients that never rest: they book, cancel, accept and decide, and providers submit."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from deploy.local.client import Client
from tests.failure.facts.collect import TROUBLES
from tests.failure.history import History
from tests.platform import Platform, an_offer

BOOK = "/api/enrolment/enrolments"
COORDINATORS = ("carla.coordinator", "nora.coordinator", "carla.coordinator")
PATIENCE = 3600.0  # for one definite answer: nobody gives up before everything is healed
HEALED_SECONDS = 120.0  # after that, who still has no answer is told as a violation (I13)
POISON = 0.2  # of what providers send
DRAWN = (
    (0.57, "book"),
    (0.67, "bulk"),
    (0.81, "cancel"),
    (0.90, "answer"),
    (0.95, "decide"),
    (1.0, "again"),
)
REMEMBERED = 100  # finished writes of each client, one of which comes again
OTHER_BODY = 0.3  # of them with another body under the same key


@dataclass(frozen=True)
class Finished:
    """A write that has its definite answer. `done`: it was a success."""

    path: str
    body: Any
    key: str
    done: bool


class Load:
    """All clients. `stop` lets each finish what it has begun.

    `troubles` holds what they met beside parts that are away: there should be nothing.
    """

    def __init__(self, platform: Platform, history: History, seed: int, pause: float) -> None:
        self.history = history
        self.troubles: list[str] = []
        self._platform, self._seed, self._pause = platform, seed, pause
        self._stopping = threading.Event()
        self._runs: list[str] = []
        self._mine: dict[str, list[str]] = {name: [] for name in COORDINATORS}
        self._finished: defaultdict[str | None, list[Finished]] = defaultdict(list)
        work: list[Callable[[], None]] = [
            *(lambda n=n: self._book(n) for n in range(len(COORDINATORS))),
            self._provide,
        ]
        self._threads = [
            threading.Thread(target=self._guarded, args=(one,), daemon=True) for one in work
        ]

    def start(self, runs: int = 8) -> None:
        """Publish the first runs, then begin."""
        chance = random.Random(self._seed)
        self._publish([self._offer(chance) for _ in range(runs)])
        deadline = time.monotonic() + 120
        while len(self._runs) < runs:
            self._find_runs()
            if time.monotonic() > deadline:
                raise TimeoutError("the first runs were not published")
            time.sleep(0.5)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Nobody begins anything new; wait until everything has its answer."""
        self._stopping.set()
        deadline = time.monotonic() + HEALED_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                self.troubles.append(f"{thread.name} does not end")

    def _guarded(self, work: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                work()
            except TROUBLES:
                continue  # a part is away: the client begins anew
            except Exception as error:  # noqa: BLE001 - told at the end: a client must not die
                self.troubles.append(f"{type(error).__name__}: {error}"[:300])

    # -- coordinators

    def _book(self, number: int) -> None:
        name = COORDINATORS[number]
        chance = random.Random(f"{self._seed}/{number}")
        with (
            self._platform.as_user(name) as client,
            self._platform.as_user("anna.employee") as anna,
            self._platform.as_user("paul.approver") as paul,
        ):
            while not self._stopping.is_set():
                drawn = chance.random()
                kind = next(name for limit, name in DRAWN if drawn <= limit)
                run_id = chance.choice(self._runs[-16:])
                if kind == "decide":
                    self._ask_and_decide(anna, paul, run_id)
                else:
                    getattr(self, f"_{kind}_one")(client, name, run_id, chance)
                time.sleep(self._pause)

    def _insist(self, client: Client, path: str, body: Any = None) -> dict[str, Any]:
        key = str(uuid4())
        answer = self.history.insist(client, "POST", path, body, key=key, seconds=PATIENCE)
        self._finished[client.user].append(Finished(path, body, key, answer.is_success))
        told = answer.json()
        return told if answer.is_success and isinstance(told, dict) else {}

    def _book_one(self, client: Client, name: str, run_id: str, chance: random.Random) -> None:
        body = {"run_id": run_id, "person_ref": str(UUID(int=chance.getrandbits(128), version=4))}
        if made := self._insist(client, BOOK, body):
            self._mine[name].append(made["enrolment_id"])

    def _bulk_one(self, client: Client, name: str, run_id: str, chance: random.Random) -> None:
        people = [str(uuid4()) for _ in range(chance.randint(2, 8))]
        made = self._insist(client, f"{BOOK}/bulk", {"run_id": run_id, "people": people})
        ids = [row["enrolment_id"] for row in made.get("rows", []) if row.get("enrolment_id")]
        self._mine[name] += ids

    def _again_one(self, client: Client, name: str, run_id: str, chance: random.Random) -> None:
        """A finished write comes again: the same answer; with another body: a refusal (I12)."""
        if finished := self._finished[name][-REMEMBERED:]:
            one = chance.choice(finished)
            body = one.body
            if one.path == BOOK and one.done and chance.random() < OTHER_BODY:
                body = {**body, "person_ref": str(UUID(int=chance.getrandbits(128), version=4))}
            self.history.insist(client, "POST", one.path, body, key=one.key, seconds=PATIENCE)

    def _cancel_one(self, client: Client, name: str, run_id: str, chance: random.Random) -> None:
        if mine := self._mine[name]:
            id_ = mine.pop(chance.randrange(len(mine)))
            self._insist(client, f"{BOOK}/{id_}/cancellation")

    def _answer_one(self, client: Client, name: str, run_id: str, chance: random.Random) -> None:
        """Accept or decline what is offered."""
        shown = self.history.ask(client, "GET", f"{BOOK}?state=offered&limit=20", given_up=True)
        items = shown.json()["items"] if shown is not None and shown.is_success else []
        for one in items[:3]:
            step = "acceptance" if chance.random() < 0.8 else "decline"
            self._insist(client, f"{BOOK}/{one['enrolment_id']}/{step}")

    def _ask_and_decide(self, anna: Client, paul: Client, run_id: str) -> None:
        made = self._insist(anna, BOOK, {"run_id": run_id})
        waits = f"{BOOK}?state=awaiting_approval&limit=10"
        shown = self.history.ask(paul, "GET", waits, given_up=True)
        for one in shown.json()["items"] if shown is not None and shown.is_success else []:
            decision = {"decision": "approve"}
            self._insist(paul, f"{BOOK}/{one['enrolment_id']}/approval", decision)
        if made and len(self._mine[COORDINATORS[0]]) % 2:
            self._insist(anna, f"{BOOK}/{made['enrolment_id']}/cancellation")

    # -- providers

    def _provide(self) -> None:
        """Submit good, wrong and unreadable offers until the end."""
        chance = random.Random(f"{self._seed}/provider")
        while not self._stopping.is_set():
            self._publish([self._submission(chance) for _ in range(chance.randint(1, 4))])
            self._find_runs()
            self._stopping.wait(2 + 20 * self._pause)

    def _offer(self, chance: random.Random) -> dict[str, Any]:
        return an_offer(f"S-{chance.getrandbits(40):x}", chance.randint(3, 40))

    def _submission(self, chance: random.Random) -> dict[str, Any]:
        body = self._offer(chance)
        if chance.random() < POISON:
            wrong: dict[str, Any] = chance.choice(
                [{"price": "free"}, {"runs": None}, {"title": 7}, {"format": "seminar"}]
            )
            return body | wrong
        return body

    def _publish(self, bodies: list[dict[str, Any]]) -> None:
        """Until Kafka took it: the same ids again, so a repeat is a repeat."""
        ids = [str(uuid4()) for _ in bodies]
        while True:
            try:
                self._platform.publish(*bodies, ids=ids)
                if bodies and len(bodies) % 2:
                    self._platform.send_raw("provider.offers", f"x/{ids[0]}", b"\xff{", [])
                return
            except Exception:
                if self._stopping.is_set():
                    raise
                time.sleep(1)

    def _find_runs(self) -> None:
        records = self._platform.read("catalog.verdicts")
        for record in sorted(records, key=lambda r: r.timestamp):
            for run_id in json.loads(record.value).get("run_ids", {}).values():
                if run_id not in self._runs:
                    self._runs.append(str(run_id))
