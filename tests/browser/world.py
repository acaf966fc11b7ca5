"""What there is to see: a course with three dates, requests in every state, a line, notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from deploy.local.client import Client, until
from tests.platform import Platform

BOOK = "/api/enrolment/enrolments"


@dataclass(frozen=True)
class World:
    """Ids of what was made."""

    platform: Platform
    offer_id: str
    free_run: str
    full_run: str
    confirmed: str
    """Anna's certain seat."""
    offered: str
    """A seat that has become free for Anna."""


def build(platform: Platform) -> World:
    """Make it through the same routes that people use."""
    free = platform.a_run(capacity=20, title="Digitale Akte einführen")
    full = platform.a_run(capacity=1, title="Neu in der Führung: die ersten 100 Tage")
    with (
        platform.as_user("anna.employee") as anna,
        platform.as_user("carla.coordinator") as carla,
        platform.as_user("paul.approver") as paul,
    ):
        confirmed = _confirmed(anna, paul, platform.a_run(capacity=9, title="Datenschutz im Amt"))
        held = carla.post(BOOK, {"run_id": full, "person_ref": str(uuid4())}, wait=10)
        waiting = anna.post(BOOK, {"run_id": full}, wait=10)
        assert waiting["state"] == "waitlisted"
        carla.post(f"{BOOK}/{held['enrolment_id']}/cancellation")
        offered = str(waiting["enrolment_id"])
        until(lambda: _state(anna, offered) == "offered", 60, "the offered seat")
        until(lambda: anna.get("/api/notifications/notices")["unread"] >= 2, 60, "notices")
        offer_id = str(anna.get(f"/api/catalog/runs/{free}")["offer_id"])
    return World(platform, offer_id, free, full, confirmed, offered)


def _confirmed(anna: Client, paul: Client, run_id: str) -> str:
    asked = anna.post(BOOK, {"run_id": run_id}, wait=10)
    if asked["state"] == "awaiting_approval":
        paul.post(f"{BOOK}/{asked['enrolment_id']}/approval", {"decision": "approve"})
    return str(asked["enrolment_id"])


def _state(client: Client, enrolment_id: str) -> Any:
    return client.get(f"{BOOK}/{enrolment_id}")["state"]
