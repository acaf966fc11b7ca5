"""Two of each service: they share the work, survive each other, and are replaced one by one.

What is seen without the protections stands beside them: requests that meet a dead replica, without
the gateway's second try, in `deploy/local/tests/test_gateway_replicas.py`; waiting only for own
commits in `libs/chassis/tests/test_waiting.py`; two relays at work at once in reliability 0 (5).
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from deploy.local.client import Client, until
from deploy.local.inventory import all_parts
from deploy.local.ports import SERVICES
from deploy.local.seed import seed
from deploy.local.settings import Settings
from deploy.local.stack import Stack
from deploy.local.token import token
from tests.failure.bookers import BOOK, Bookers
from tests.failure.checker import check_now
from tests.failure.places import Place
from tests.failure.replicas import Replicas
from tests.platform import Platform

PATIENCE = 120


@pytest.fixture(scope="module")
def replicas(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """A copy with two of each service, on the identity provider of the other copy.

    After the last test all invariants are checked here, too.
    """
    if platform.stack.settings.replicas > 1:
        yield Replicas(platform)
        return
    provider = str(platform.stack.settings.ports["keycloak"])
    settings = Settings.for_tests(
        "replicas",
        KC_REPLICAS="2",
        KC_DURABLE="1",
        KC_KEYCLOAK_PORT=provider,
        KC_FAULTS_DIR=str(tmp_path_factory.mktemp("replica-faults")),
    )
    stack = Stack(settings, {part.name for part in all_parts(settings)} - {"keycloak"})
    try:
        stack.up()
        seed(settings)
        found = Platform(stack)
        yield Replicas(found)
        stack.up()  # whatever a test left stopped or halted
        check_now(found, found.history)
    finally:
        stack.clean()


def test_two_replicas_share_partitions_requests_and_records(replicas: Replicas) -> None:
    until(replicas.share_all, PATIENCE, "halves of all partitions")
    parts = [part for service in SERVICES for part in replicas.names(service)]
    before = {part: (replicas.requests(part), replicas.records(part)) for part in parts}
    for _ in range(4):  # partitions go by run: with several of them both have something to do
        bookers = Bookers(replicas.platform, replicas.platform.a_run(capacity=4), asked=6)
        bookers.all()
        bookers.check(seats=4)
    with replicas.platform.as_user("carla.coordinator") as carla:
        for _ in range(4):
            for path in READS:
                carla.get(path)
    for part in parts:
        assert replicas.requests(part) > before[part][0], f"{part} was asked nothing"
        assert replicas.records(part) > before[part][1], f"{part} handled no record"


@pytest.mark.parametrize("number", [0, 1])
def test_either_half_of_the_processes_may_die_under_load(replicas: Replicas, number: int) -> None:
    dying = [replicas.names(service)[number] for service in SERVICES]
    run_id = replicas.platform.a_run(capacity=12)
    bookers = Bookers(replicas.platform, run_id, asked=40)
    with bookers.at_work():
        pids = [replicas.stack.kill(part, signal.SIGKILL) for part in dying]
        with ThreadPoolExecutor(len(dying)) as all_at_once:
            list(all_at_once.map(replicas.stack.stop, dying))  # not started anew: others are alone
    assert not any(psutil.pid_exists(pid) for pid in pids)
    try:
        bookers.check(seats=12)
        until(replicas.one_holds_all, PATIENCE, "all partitions with the others")
        for service in SERVICES:
            assert replicas.relays(service)[replicas.names(service)[1 - number]], service
    finally:
        with ThreadPoolExecutor(len(dying)) as all_at_once:
            list(all_at_once.map(replicas.stack.start, dying))
    until(replicas.share_all, PATIENCE, "halves of all partitions")


def test_one_that_is_frozen_in_the_middle_of_a_batch_is_replaced_and_does_no_harm_afterwards(
    replicas: Replicas,
) -> None:
    """Longer than its session: the other gets the same batch, while it still holds its own."""
    until(replicas.share_all, PATIENCE, "halves of all partitions")
    bookers = Bookers(replicas.platform, replicas.platform.a_run(capacity=12), asked=40)
    place = Place(replicas.platform, "enrolment", "delivery.before_mark")
    with bookers.at_work():
        place.arm(signal.SIGSTOP)
        frozen = place.hit()
        try:
            assert psutil.Process(frozen).status() == psutil.STATUS_STOPPED
            begun = replicas.behind("enrolment")
            assert begun, "it has committed what it was handling"
            until(lambda: replicas.is_alone("enrolment"), PATIENCE, "the end of its session")
            done = partial(replicas.has_reached, "enrolment", begun)
            until(done, PATIENCE, "the same batch at the other")
            assert psutil.Process(frozen).status() == psutil.STATUS_STOPPED, "it was not itself"
        finally:
            os.kill(frozen, signal.SIGCONT)
            place.disarm()
    bookers.check(seats=12)
    until(replicas.share_all, PATIENCE, "halves of all partitions again")
    assert psutil.pid_exists(frozen), "it goes on where it was"


def test_one_relay_of_two_is_at_work_and_the_other_takes_over(replicas: Replicas) -> None:
    def both() -> dict[str, bool] | None:
        relays = replicas.relays("enrolment")
        return relays if sorted(relays.values()) == [False, True] else None

    first = next(part for part, at_work in until(both, PATIENCE, "two relays").items() if at_work)
    other = next(part for part in replicas.names("enrolment") if part != first)
    run_id = replicas.platform.a_run(capacity=12)
    bookers = Bookers(replicas.platform, run_id, asked=20)
    with bookers.at_work():
        replicas.stack.kill(first)
        until(lambda: replicas.relays("enrolment").get(other), PATIENCE, "the other relay")
    until(lambda: replicas.is_ready(first), PATIENCE, f"{first} after its death")
    bookers.check(seats=12)
    until(both, PATIENCE, "two relays again")


def test_prefer_wait_is_answered_whichever_replica_settles(replicas: Replicas) -> None:
    asked, other = replicas.names("enrolment")
    until(replicas.share_all, PATIENCE, "halves of all partitions")
    run_id = replicas.platform.a_run(capacity=30)
    before = replicas.records(other, "membership.quotes")
    headers = {
        "Authorization": f"Bearer {token(replicas.stack.settings, 'carla.coordinator')}",
        "Prefer": "wait=25",
    }
    with httpx.Client(base_url=replicas.url(asked), timeout=60, trust_env=False) as direct:
        answers = [
            direct.post(
                BOOK,
                json={"run_id": run_id, "person_ref": str(uuid4())},
                headers={**headers, "Idempotency-Key": str(uuid4())},
            )
            for _ in range(24)
        ]
    assert {answer.json()["state"] for answer in answers} == {"confirmed"}
    assert {answer.headers["Preference-Applied"] for answer in answers} == {"wait=25"}
    assert replicas.records(other, "membership.quotes") > before, "the other settled none"


READS = (
    "/api/catalog/offers?q=Vergaberecht",
    "/api/membership/organisations/me",
    "/api/notifications/notices",
)


class Clients:
    """People who ask all the time, and once more when they were refused."""

    def __init__(self, platform: Platform, run_id: str) -> None:
        self._platform, self._run_id = platform, run_id
        self.enough = Event()
        self.first: Counter[str] = Counter()
        """What the first try was told, by status."""
        self.second: Counter[str] = Counter()
        self.lost: list[str] = []
        self.booked: set[str] = set()

    def ask_all_the_time(self, number: int) -> None:
        """One person: a booking, then something read, and so on."""
        with self._platform.as_user("carla.coordinator") as carla:
            while not self.enough.wait(0.05):  # the machine is for those who restart
                body = {"run_id": self._run_id, "person_ref": str(uuid4())}
                answer = self._once_more(carla, "POST", BOOK, body)
                if answer is not None:
                    self.booked.add(answer.json()["enrolment_id"])
                self._once_more(carla, "GET", READS[number % len(READS)])

    def _once_more(
        self, carla: Client, method: str, path: str, body: Any = None
    ) -> httpx.Response | None:
        key = {"Idempotency-Key": str(uuid4())}
        for tries in (self.first, self.second):
            try:
                answer = carla.ask(method, path, body, key)
            except httpx.TransportError as error:
                tries[type(error).__name__] += 1
            else:
                tries[str(answer.status_code)] += 1
                if answer.is_success:
                    return answer
                time.sleep(float(answer.headers.get("Retry-After", "1")))
        self.lost.append(path)
        return None


def test_a_rolling_restart_refuses_nothing_that_is_asked_once_more(replicas: Replicas) -> None:
    platform = replicas.platform
    run_id = platform.a_run(capacity=100_000)  # more than a fast machine books in this time
    clients = Clients(platform, run_id)
    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(clients.ask_all_the_time, number) for number in range(3)]
        try:
            for service in SERVICES:
                for part in replicas.names(service):
                    _replace(replicas, part)
        finally:
            clients.enough.set()
        for person in working:
            person.result(PATIENCE)
    assert clients.lost == [], (clients.first, clients.second)
    assert clients.first["200"] > 10
    with platform.as_user("carla.coordinator") as carla:
        seats = until(lambda: _all_seated(carla, run_id, len(clients.booked)), PATIENCE, "seats")
    assert seats["waiting"] == 0


def _all_seated(carla: Client, run_id: str, count: int) -> dict[str, Any] | None:
    seats: dict[str, Any] = carla.get(f"/api/enrolment/runs/{run_id}/seats")
    return seats if seats["taken"] == count else None


def _replace(replicas: Replicas, part: str) -> None:
    """SIGTERM; then it is back, ready, and asked by the gateway again."""
    old = replicas.stack.kill(part, signal.SIGTERM)
    until(lambda: not psutil.pid_exists(old), PATIENCE, f"the end of {part}")
    until(lambda: replicas.is_ready(part), PATIENCE, f"the return of {part}")
    until(lambda: replicas.requests(part) > 0, PATIENCE, f"requests for {part}")
