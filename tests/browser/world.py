"""What there is to see: a course with three dates, requests in every state, a line, notices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import uuid4

from deploy.local.client import Client, until
from tests.platform import Platform, an_offer

BOOK = "/api/enrolment/enrolments"


@dataclass(frozen=True)
class Seen:
    """Ids that stand in addresses."""

    offer_id: str
    free_run: str
    confirmed: str
    """Anna's certain seat."""
    offered: str
    """A seat that has become free for Anna."""
    to_call_off: str
    to_accept: str
    """The same for what somebody does: the others stay as they are, to be looked at."""
    asked: str
    """A request of Anna that somebody has to decide on."""
    application: str
    organisation: str
    rejected: str
    """A submission of Pia's that was rejected."""
    unchanged: str
    """One that was accepted and changed nothing."""
    letter: str
    """A message that was set aside, as `service/id`."""


@dataclass(frozen=True)
class World:
    """The platform, and what was made on it."""

    platform: Platform
    seen: Seen


def build(platform: Platform) -> World:
    """Make it through the same ways that people and providers use."""
    free = platform.a_run(capacity=20, title="Digitale Akte einführen")
    full = platform.a_run(capacity=1, title="Neu in der Führung: die ersten 100 Tage")
    another = platform.a_run(capacity=1, title="Konflikte im Team lösen")
    kept = platform.a_run(capacity=9, title="Datenschutz im Amt")
    left = platform.a_run(capacity=9, title="E-Rechnung in der Kämmerei")
    decided = platform.a_run(capacity=5, title="Leichte Sprache in Bescheiden")
    with (
        platform.as_user("anna.employee") as anna,
        platform.as_user("carla.coordinator") as carla,
        platform.as_user("paul.approver") as paul,
        platform.as_user("olga.office") as olga,
        platform.as_user("pia.provider") as pia,
        platform.as_user("otto.ops") as otto,
    ):
        organisation, application = _applicant(olga)
        seen = Seen(
            offer_id=str(anna.get(f"/api/catalog/runs/{free}")["offer_id"]),
            free_run=free,
            confirmed=_confirmed(anna, paul, kept),
            offered=_offered(anna, carla, full),
            to_call_off=_confirmed(anna, paul, left),
            to_accept=_offered(anna, carla, another),
            asked=str(anna.post(BOOK, {"run_id": decided}, wait=10)["enrolment_id"]),
            application=application,
            organisation=organisation,
            rejected=_rejected(platform),
            unchanged=_unchanged(platform, pia),
            letter=_letter(platform, otto),
        )
        until(lambda: anna.get("/api/notifications/notices")["unread"] >= 2, 60, "notices")
    return World(platform, seen)


def _confirmed(anna: Client, paul: Client, run_id: str) -> str:
    asked = anna.post(BOOK, {"run_id": run_id}, wait=10)
    if asked["state"] == "awaiting_approval":
        paul.post(f"{BOOK}/{asked['enrolment_id']}/approval", {"decision": "approve"})
    return str(asked["enrolment_id"])


def _offered(anna: Client, carla: Client, run_id: str) -> str:
    """Anna waits for the only seat, and whoever has it calls it off."""
    held = carla.post(BOOK, {"run_id": run_id, "person_ref": str(uuid4())}, wait=10)
    waiting = anna.post(BOOK, {"run_id": run_id}, wait=10)
    assert waiting["state"] == "waitlisted"
    carla.post(f"{BOOK}/{held['enrolment_id']}/cancellation")
    mine = f"{BOOK}/{waiting['enrolment_id']}"
    until(lambda: anna.get(mine)["state"] == "offered", 60, "the offered seat")
    return str(waiting["enrolment_id"])


def _applicant(olga: Client) -> tuple[str, str]:
    """A town that wants to join."""
    made = olga.post(
        "/api/membership/organisations",
        {"code": f"stadt-{uuid4().hex[:8]}", "name": "Stadt Musterhausen", "employees": 320},
    )
    filed = olga.post(
        "/api/membership/applications",
        {
            "organisation_id": made["organisation_id"],
            "satzung_shown_at": "2026-11-13T09:00:00Z",
            "declared_at": "2026-11-20T09:00:00Z",
            "accepts_payment_duty": True,
            "signatory": {
                "name": "Maria Muster",
                "mail": "rathaus@musterhausen.example",
                "function": "Bürgermeisterin",
            },
        },
    )
    return str(made["organisation_id"]), str(filed["application_id"])


def _rejected(platform: Platform) -> str:
    ref = f"BAD-{uuid4().hex[:6]}"
    (submission,) = platform.publish(an_offer(ref, 5, format="online", workload_hours=-3))
    until(lambda: platform.verdict(ref), 60, "the verdict")
    return submission


def _unchanged(platform: Platform, pia: Client) -> str:
    """Her newest offer, once more as it is."""
    path = "/api/catalog/submissions"
    last = pia.get(f"{path}?verdict=accepted&limit=1")["items"][0]
    sent = json.loads(pia.get(f"{path}/{last['submission_id']}")["payload"])
    (again,) = platform.publish(sent)
    until(lambda: pia.ask("GET", f"{path}/{again}").is_success, 60, "the verdict")
    assert pia.get(f"{path}/{again}")["unchanged_since"]
    return again


def _letter(platform: Platform, otto: Client) -> str:
    """Something on a topic that no service can read."""
    platform.send_raw("catalog.runs", str(uuid4()), b"{no json", [("ce_id", b"x")])
    path = "/api/enrolment/dead-letters"
    found = until(lambda: otto.get(path)["items"], 60, "the message set aside")
    return f"enrolment/{found[0]['id']}"
