"""Two replicas behind a real Traefik, with echoes in place of the services.

Without the second try, whoever meets the dead replica is refused until the gateway's next look:
that is seen in the control, which writes without an Idempotency-Key.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from deploy.local.client import until
from deploy.local.ports import REPLICA_STEP
from deploy.local.settings import LOOPBACK, Settings
from deploy.local.stack import Stack
from deploy.local.tests.echo_backend import ASKED, LEAVING, backends
from deploy.local.tests.free_ports import spare_settings

KEYED = {"Idempotency-Key": "k"}


@dataclass
class Pair:
    """A gateway with two echoes of one service, each of which can be ended."""

    client: httpx.Client
    ports: tuple[int, int]
    lives: tuple[ExitStack, ExitStack]

    def end(self, which: int) -> None:
        """As after kill -9: nobody listens any more."""
        self.lives[which].close()

    def asked(self, path: str) -> Counter[int]:
        """How often which replica was asked for this."""
        return Counter(port for port, seen in ASKED if seen == path)


def _free(settings: Settings) -> bool:
    with socket.socket() as second:
        try:
            second.bind((LOOPBACK, settings.ports["enrolment"] + REPLICA_STEP))
        except (OSError, OverflowError):
            return False
    return True


@contextmanager
def a_pair(run: Path) -> Iterator[Pair]:
    settings = replace(spare_settings(run), replicas=2)
    while not _free(settings):
        settings = replace(spare_settings(run), replicas=2)
    first = settings.ports["enrolment"]
    ports = (first, first + REPLICA_STEP)
    with ExitStack() as one, ExitStack() as other:
        one.enter_context(backends([ports[0]]))
        other.enter_context(backends([ports[1]]))
        with (
            Stack(settings, ["gateway", "gateway-pages"]),
            httpx.Client(base_url=settings.url("gateway"), timeout=20) as client,
        ):
            yield Pair(client, ports, (one, other))
    LEAVING.clear()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with a_pair(tmp_path) as made:
        yield made


def a_path() -> str:
    return f"/api/enrolment/{uuid4()}"


def test_both_replicas_are_asked_and_nothing_is_asked_twice(pair: Pair) -> None:
    path = a_path()
    for n in range(20):
        assert pair.client.request("GET" if n % 2 else "POST", path, headers=KEYED).is_success
    asked = pair.asked(path)
    assert set(asked) == set(pair.ports)
    assert asked.total() == 20


def test_an_answer_is_an_answer_however_late_or_bad_it_is(pair: Pair) -> None:
    for query in ("status=503", "status=500", "sleep=3"):
        path = a_path()
        pair.client.post(f"{path}?{query}", headers=KEYED)
        pair.client.get(f"{path}?{query}")
        assert pair.asked(path).total() == 2, query


def test_after_the_death_of_one_nothing_that_has_a_key_is_refused(pair: Pair) -> None:
    path = a_path()
    pair.client.post(path, headers=KEYED)
    pair.end(1)
    answers = [
        pair.client.request("GET" if n % 2 else "POST", path, headers=KEYED) for n in range(40)
    ]
    assert {answer.status_code for answer in answers} == {200}


def test_control_a_write_without_a_key_is_refused_when_it_meets_the_dead_one(pair: Pair) -> None:
    path = a_path()
    pair.client.post(path)
    pair.end(1)
    statuses = {pair.client.post(path).status_code for _ in range(6)}
    assert 502 in statuses


def test_a_replica_that_says_it_leaves_gets_no_more_requests(pair: Pair) -> None:
    LEAVING.add(pair.ports[0])

    def left_alone() -> bool:
        path = a_path()
        assert all(pair.client.get(path).is_success for _ in range(6))
        return pair.asked(path)[pair.ports[0]] == 0

    until(left_alone, 20, "requests for the other only")
    LEAVING.clear()
    until(lambda: not left_alone(), 20, "its return")


def test_without_any_replica_the_gateway_says_so_for_them(pair: Pair) -> None:
    LEAVING.update(pair.ports)
    path = a_path()
    until(lambda: pair.client.get(path).status_code == 503, 20, "the refusal")
    for method in ("GET", "POST"):
        answer = pair.client.request(method, path, headers={"Accept-Language": "de"})
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["code"] == "unavailable"
        assert answer.json()["status"] == 503
        assert "Gerade nicht" in answer.json()["detail"]
    LEAVING.clear()
    until(lambda: pair.client.get(path).is_success, 20, "their return")


def test_without_any_portal_people_are_told_to_come_again(pair: Pair) -> None:
    page = {"Accept": "text/html", "Accept-Language": "de"}
    until(lambda: pair.client.get("/kurse", headers=page).status_code == 503, 20, "the refusal")
    answer = pair.client.get("/kurse", headers=page)
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"].startswith("text/html")
    assert "Das geht gerade nicht" in answer.text
    private = pair.client.get("/metrics", headers=page)
    assert private.status_code == 404, "what nobody may see is not there, whoever is away"
