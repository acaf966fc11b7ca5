"""One part is away for a while: what does not need it goes on, what needs it catches up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.client import Client, until
from tests.platform import Platform, an_offer

BOOK = "/api/enrolment/enrolments"


@contextmanager
def without(platform: Platform, part: str) -> Iterator[None]:
    """A part is stopped meanwhile."""
    platform.stack.stop(part)
    try:
        yield
    finally:
        platform.stack.start(part)
        platform.stack.up()


def ask(client: Client, run_id: str) -> dict[str, Any]:
    """Ask for a seat without waiting."""
    answer: dict[str, Any] = client.post(BOOK, {"run_id": run_id, "person_ref": str(uuid4())})
    return answer


def state(client: Client, enrolment: dict[str, Any]) -> str:
    """Its state now."""
    return str(client.get(f"{BOOK}/{enrolment['enrolment_id']}")["state"])


@pytest.mark.parametrize("part", ["membership", "kafka"])
def test_requests_are_accepted_and_priced_later(platform: Platform, part: str) -> None:
    run_id = platform.a_run(capacity=5)
    with platform.as_user("carla.coordinator") as carla:
        with without(platform, part):
            asked = ask(carla, run_id)
            assert asked["state"] == "requested"
            assert asked["price"]["status"] == "pending"
            assert asked["price"].get("cents") is None
        until(lambda: state(carla, asked) == "confirmed", 60, "the confirmation")


def test_without_its_database_a_service_says_so_and_goes_on_afterwards(
    platform: Platform,
) -> None:
    run_id = platform.a_run(capacity=5)
    with platform.as_user("carla.coordinator") as carla:
        carla.get(f"/api/enrolment/runs/{run_id}/seats")
        ref = f"OUT-{uuid4().hex[:8]}"
        with without(platform, "postgres"):
            refused = carla.ask("POST", BOOK, {"run_id": run_id, "person_ref": str(uuid4())})
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) >= 1
            assert refused.headers["Content-Type"] == "application/problem+json"
            platform.publish(an_offer(ref, 3))
        until(lambda: platform.verdict(ref), 60, "the verdict after the outage")
        asked = ask(carla, run_id)
        until(lambda: state(carla, asked) == "confirmed", 60, "the confirmation")
    assert platform.read("provider.offers.dead") == []


def test_the_catalogue_is_read_without_enrolment_and_mails_wait_for_their_server(
    platform: Platform,
) -> None:
    run_id = platform.a_run(capacity=5)
    with platform.as_user("anna.employee") as anna, platform.as_user("paul.approver") as paul:
        with without(platform, "mailsink"):
            asked = anna.post(BOOK, {"run_id": run_id}, wait=10)
            paul.post(f"{BOOK}/{asked['enrolment_id']}/approval", {"decision": "approve"})
        until(lambda: _sent(platform, asked), 90, "the mail after the outage")
        with without(platform, "enrolment"):
            assert anna.get("/api/catalog/offers?q=Vergaberecht")["items"]
            assert anna.ask("GET", f"{BOOK}/{asked['enrolment_id']}").status_code in (502, 503, 504)


def _sent(platform: Platform, asked: dict[str, Any]) -> bool:
    bodies = [json.loads(r.value) for r in platform.read("notifications.notices")]
    return any(
        b["about_id"] == asked["enrolment_id"]
        and b["kind"] == "seat-confirmed"
        and b["channel"] == "mail"
        for b in bodies
    )
