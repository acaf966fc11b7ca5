"""What a fresh copy knows: the two organisations of the demo users, and the users' contacts.

It goes through the gateway with the tokens of those who may; run again it changes nothing.
Kreis Bergstraße applied, was admitted, subscribed four shares by the tier table and paid them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import httpx

from deploy.local.client import Client, RefusedError
from deploy.local.identity import realm_file
from deploy.local.settings import ROOT, Settings

MEMBER = "kreis-bergstrasse"
FOUNDED_ON = "2021-01-27"  # the cooperative was founded on this day (domain page 1)
SHARE_CENTS = 100_000


def seed(settings: Settings) -> None:
    """Register, admit and introduce. RefusedError if a service says no."""
    organisations = json.loads(
        (ROOT / "deploy" / "identity" / "organisations.json").read_text(encoding="utf-8")
    )
    with Client(settings, "olga.office") as office:
        for organisation in organisations:
            register(office, organisation)
            if organisation["code"] == MEMBER:
                _join(office, organisation["organisation_id"])
    for user in json.loads(realm_file(settings).read_text(encoding="utf-8"))["users"]:
        if "credentials" in user:  # the account of a machine has no name
            _introduce(settings, user)


def register(office: Client, organisation: dict[str, Any]) -> None:
    """Register an organisation, if it is not. What the office has changed since stays."""
    known = office.ask("GET", f"/api/membership/organisations/{organisation['organisation_id']}")
    if known.status_code == httpx.codes.NOT_FOUND:
        wanted = ("organisation_id", "code", "name", "employees")
        office.post("/api/membership/organisations", {name: organisation[name] for name in wanted})


def _join(office: Client, organisation_id: str) -> None:
    """Application, admission and the payment of every share, as far as they are missing."""
    shown = office.get(f"/api/membership/organisations/{organisation_id}")
    if not shown.get("member_today"):
        office.post(
            f"/api/membership/applications/{_application(office, organisation_id)}/admission",
            {"admitted_on": FOUNDED_ON},
        )
        shown = office.get(f"/api/membership/organisations/{organisation_id}")
    for number in range(shown["outstanding_cents"] // SHARE_CENTS):
        office.post(
            f"/api/membership/organisations/{organisation_id}/payments",
            {"amount_cents": SHARE_CENTS, "received_on": "2021-02-15"},
            key=f"seed-share-{number}-{shown['balance_cents']}",
        )


def _application(office: Client, organisation_id: str) -> str:
    """The open application, else a new one."""
    for application in office.get("/api/membership/applications?state=applied")["items"]:
        if application["organisation_id"] == organisation_id:
            return str(application["application_id"])
    made = office.post(
        "/api/membership/applications",
        {
            "organisation_id": organisation_id,
            "satzung_shown_at": "2021-01-11T09:00:00Z",
            "declared_at": "2021-01-18T10:30:00Z",
            "accepts_payment_duty": True,
            "signatory": {
                "name": "Katharina Beispiel",
                "mail": "landratsamt@kreis-bergstrasse.example",
                "function": "Landrätin",
            },
        },
    )
    return str(made["application_id"])


def _introduce(settings: Settings, user: dict[str, Any]) -> None:
    """The contact of a demo user, written with the user's own token."""
    with Client(settings, user["username"]) as me:
        try:
            me.put(
                f"/api/notifications/contacts/{user['id']}",
                {
                    "given_name": user["firstName"],
                    "family_name": user["lastName"],
                    "mail": user["email"],
                    "language": "de",
                },
            )
        except RefusedError as refused:
            if refused.status != 403:  # machines and offices without an organisation need none
                raise


def main(_: Sequence[str] = ()) -> int:
    """Run the seed on the copy of the environment."""
    seed(Settings.from_env())
    return 0


if __name__ == "__main__":
    sys.exit(main())
