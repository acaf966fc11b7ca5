"""Duplicate, reordered and old delivery: whatever comes again changes nothing, in no service.

How often each service met a repeat is counted by itself, so it is seen that all of it came.

Without the protection each of them takes effect once more. That control stands in `test_soak.py`,
on a copy of its own (the effects stay): six marks are deleted from the inbox of `membership`, their
requests are sent again by `again.send`, and each of the six has two prices instead of one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.local.client import Client, until
from deploy.local.ports import SERVICES
from tests.failure.again import (
    Told,
    back_to_the_start,
    by_keys,
    outcomes,
    send,
    state,
    taken_by,
)
from tests.failure.bookers import BOOK, Bookers
from tests.failure.facts.collect import converge
from tests.failure.facts.model import Record
from tests.failure.writers import Writers
from tests.platform import Platform

PATIENCE = 120


@pytest.fixture(scope="module")
def told(platform: Platform) -> list[Record]:
    """What bookings, a cancellation, an accepted offer and other writes told; all of it settled."""
    telling = Told(platform)
    bookers, writers = Bookers(platform, platform.a_run(capacity=4), asked=6), Writers(platform)
    writers.all()
    bookers.all()
    bookers.check(seats=4)
    with platform.as_user("carla.coordinator") as carla:
        carla.post(f"{BOOK}/{_one(carla, bookers, 'confirmed')}/cancellation")
        offered = until(lambda: _one(carla, bookers, "offered"), PATIENCE, "an offer")
        carla.post(f"{BOOK}/{offered}/acceptance")
        until(lambda: _one(carla, bookers, "offered") is None, PATIENCE, "the accepted seat")
    assert converge(platform, PATIENCE) is not None
    return telling.records()


def _one(carla: Client, bookers: Bookers, wanted: str) -> str | None:
    states = {id_: carla.get(f"{BOOK}/{id_}")["state"] for id_ in sorted(bookers.ids)}
    return next((id_ for id_, state in states.items() if state == wanted), None)


def _repeats(platform: Platform) -> dict[str, int]:
    return {service: outcomes(platform.stack, service, "repeated") for service in SERVICES}


@pytest.mark.parametrize("order", ["by keys", "backwards"])
def test_what_is_sent_again_in_another_order_changes_nothing(
    platform: Platform, told: list[Record], order: str
) -> None:
    before, met = state(platform), _repeats(platform)
    send(platform, by_keys(told, seed=4) if order == "by keys" else told[::-1])
    assert converge(platform, PATIENCE) is not None
    after = _repeats(platform)
    for service in SERVICES:
        assert after[service] - met[service] >= taken_by(service, told) > 0, service
    assert before.changes_to(state(platform)) == {}


def test_the_whole_history_read_again_changes_nothing(
    platform: Platform, told: list[Record]
) -> None:
    before, stack = state(platform), platform.stack
    with ThreadPoolExecutor(len(SERVICES)) as all_at_once:
        list(all_at_once.map(stack.stop, SERVICES))
        for service in SERVICES:
            back_to_the_start(platform, service)
        list(all_at_once.map(stack.start, SERVICES))
    assert converge(platform, PATIENCE) is not None
    for service, repeats in _repeats(platform).items():
        assert repeats >= taken_by(service, told), service
    assert before.changes_to(state(platform)) == {}
