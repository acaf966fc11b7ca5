"""Done, but answered with nothing: the answer is lost on each link, and the effect happens once.

Controls: under another key a repeat is no repeat (here); without the inbox a record that comes
twice takes effect twice (`libs/chassis/tests/test_protections.py`).
"""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.client import until
from tests.failure.bookers import BOOK, Bookers
from tests.failure.stand import Stand, StandClient

REQUESTED = "enrolment.enrolment-requested.v1"


def asked(stand: Stand, person: str) -> list[str]:
    """The ids of all requests for a person that were told."""
    told = stand.told("enrolment.enrolments").values()
    return [b["enrolment_id"] for b in told if b["person_ref"] == person and "requested_at" in b]


def book(carla: StandClient, run_id: str, person: str, key: str) -> httpx.Response:
    """Ask for a seat."""
    return carla.ask(
        "POST", BOOK, {"run_id": run_id, "person_ref": person}, {"Idempotency-Key": key}
    )


def answered(carla: StandClient, run_id: str, person: str, key: str) -> httpx.Response:
    """Repeat with the same key until it is answered with a success."""

    def once() -> httpx.Response | None:
        answer = book(carla, run_id, person, key)
        assert answer.is_success or answer.status_code == 503, answer.text
        return answer if answer.is_success else None

    return until(once, 60, "an answer")


def test_an_answer_that_the_client_never_got_is_given_again(stand: Stand) -> None:
    run_id, person, key = stand.a_run(3), str(uuid4()), str(uuid4())
    door = stand.programs["enrolment"].door
    with stand.as_user() as carla:
        before = door.dropped
        door.drop_answer_to(b"POST " + BOOK.encode())
        with pytest.raises(httpx.HTTPError):
            book(carla, run_id, person, key)
        assert door.dropped == before + 1
        first, second = (answered(carla, run_id, person, key) for _ in range(2))
        assert first.content == second.content
        assert first.headers["Idempotency-Replayed"] == "true"
        until(lambda: asked(stand, person), 60, "the request")
        assert asked(stand, person) == [first.json()["enrolment_id"]]


def test_control_under_another_key_a_repeat_is_a_second_request(stand: Stand) -> None:
    run_id = stand.a_run(3)
    person = str(uuid4())
    door = stand.programs["enrolment"].door
    with stand.as_user() as carla:
        door.drop_answer_to(b"POST " + BOOK.encode())
        with pytest.raises(httpx.HTTPError):
            book(carla, run_id, person, str(uuid4()))
        assert book(carla, run_id, person, str(uuid4())).status_code == 409


def test_a_commit_whose_answer_is_lost_is_found_by_the_same_key(stand: Stand) -> None:
    run_id, person, key = stand.a_run(3), str(uuid4()), str(uuid4())
    link = stand.programs["enrolment"].links["postgres"]
    with stand.as_user() as carla:
        before = link.dropped
        link.drop_answer_to(key.encode(), b"COMMIT")
        refused = book(carla, run_id, person, key)
        assert link.dropped == before + 1
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        found = answered(carla, run_id, person, key)
        assert found.headers["Idempotency-Replayed"] == "true"
        until(lambda: asked(stand, person), 60, "the request")
        assert asked(stand, person) == [found.json()["enrolment_id"]]


def test_a_record_whose_acknowledgement_is_lost_takes_effect_once(stand: Stand) -> None:
    bookers = Bookers(stand, stand.a_run(capacity=12))
    link = stand.programs["enrolment"].links["kafka"]
    before, sent_again = link.dropped, link.again
    link.drop_answer_to(REQUESTED.encode(), times=2)
    with bookers.at_work():
        until(lambda: link.dropped >= before + 1, 60, "the loss of an acknowledgement")
        until(lambda: link.again > sent_again, 60, "the same records once more")
    bookers.check()


@pytest.mark.parametrize("kind", ["postgres", "kafka"])
@pytest.mark.parametrize("mode", ["reset", "blackhole", "delay"])
def test_a_bad_link_is_waited_out(stand: Stand, kind: str, mode: Any) -> None:
    bookers = Bookers(stand, stand.a_run(capacity=12))
    link = stand.programs["enrolment"].links[kind]
    link.seconds, before = 0.1, link.hurt
    try:
        with bookers.at_work():
            link.fault(mode)
            time.sleep(3)
            felt = link.hurt - before
            link.fault("pass")
    finally:
        link.fault("pass")
    bookers.check()
    assert bookers.no_retry_after == 0
    assert felt > 0, "nobody was at this link"
    assert not (kind == "postgres" and mode == "reset") or bookers.refused[503] > 0
