"""The words for the states of an enrolment (design: section 4). One place for the whole portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal import formats
from portal.words import N_

LATE = timedelta(minutes=1)
BETWEEN_REMINDERS = timedelta(hours=24)  # so often the service lets remind


@dataclass(frozen=True)
class Look:
    """Badge colour, icon (KERN's or ours, by its class) and word."""

    badge: str
    icon: str
    word: str


LOOKS = {
    "requested": Look("info", "kern-icon--autorenew", N_("Angefragt")),
    "price_late": Look("warning", "kern-icon--warning", N_("Preis in Klärung")),
    "awaiting_approval": Look("info", "kc-icon--clock", N_("Wartet auf Freigabe")),
    "waitlisted": Look("neutral", "kc-icon--line", N_("Warteliste")),
    "offered": Look("warning", "kc-icon--clock", N_("Platz angeboten")),
    "confirmed": Look("success", "kern-icon--success", N_("Bestätigt")),
    "rejected": Look("danger", "kern-icon--danger", N_("Abgelehnt")),
    "cancelled": Look("neutral", "kern-icon--close", N_("Storniert")),
    "cancelled_by_provider": Look("danger", "kern-icon--danger", N_("Kurs fällt aus")),
    "expired": Look("neutral", "kc-icon--clock", N_("Frist abgelaufen")),
    "passed_on": Look("neutral", "kern-icon--close", N_("Weitergegeben")),
}
OPEN = ("requested", "awaiting_approval", "waitlisted", "offered", "confirmed")
ENDED = ("rejected", "cancelled", "expired")
BY_PROVIDER = ("run-cancelled", "offer-withdrawn")


def of(enrolment: Mapping[str, Any], now: datetime) -> str:
    """The state as it is shown: it tells more than the service's where people see a difference."""
    state = str(enrolment["state"])
    if state == "requested" and enrolment["price"]["status"] == "pending":
        late = now - formats.instant(enrolment["requested_at"]) > LATE
        return "price_late" if late else state
    if state == "cancelled" and enrolment.get("ended_reason") in BY_PROVIDER:
        return "cancelled_by_provider"
    if state == "expired" and enrolment.get("ended_reason") == "offer-declined":
        return "passed_on"
    return state


def may_remind(enrolment: Mapping[str, Any], now: datetime) -> bool:
    """Whether those who decide can be reminded (again)."""
    if enrolment["state"] != "awaiting_approval":
        return False
    last = enrolment["reminded_at"]
    return last is None or now - formats.instant(last) >= BETWEEN_REMINDERS


def may_cost(enrolment: Mapping[str, Any]) -> bool:
    """Whether the employer pays for it, or may yet: then its cost centre matters."""
    return enrolment["state"] in OPEN or bool(enrolment["cancellation"]["fee_cents"])


def look(name: str) -> Look:
    """How a state looks. A state that is not known yet is shown by its name."""
    return LOOKS.get(name) or Look("neutral", "kern-icon--info", name)
