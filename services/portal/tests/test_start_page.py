"""The first page: of all that waits, one button leads."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .stand_in import Browser, Services
from .test_several import BOOKING, LIST, id_

APPLICATIONS = "/api/membership/applications"
APPLIED = {
    "application_id": id_(9),
    "organisation_name": "Stadt",
    "filed_at": "2027-01-10T09:00:00Z",
}
WAITS = {
    **BOOKING,
    "enrolment_id": id_(1),
    "state": "awaiting_approval",
    "held_until": "2027-01-16T08:00:00Z",
}


def letters(count: int) -> dict[tuple[str, str], Any]:
    """So many messages that each service set aside."""
    names = ("catalog", "enrolment", "membership", "notifications")
    answer: dict[str, Any] = {"items": [], "open": {"invalid": count}, "next_cursor": None}
    return {("GET", f"/api/{name}/dead-letters"): answer for name in names}


@pytest.mark.parametrize(
    ("roles", "leads"),
    [
        (("office", "ops", "coordinator"), "Freigaben ansehen"),
        (("office", "ops"), "Anträge ansehen"),
        (("ops",), "Nachrichten ansehen"),
        (("employee",), "Suchen"),
    ],
)
async def test_one_button_leads(roles: tuple[str, ...], leads: str) -> None:
    waits = [] if roles == ("employee",) else [WAITS]
    found = {"items": waits, "counts": {"awaiting_approval": len(waits)}, "next_cursor": None}
    known = Services(
        {
            ("GET", LIST): found,
            ("GET", APPLICATIONS): {"items": [APPLIED], "next_cursor": None},
            **letters(2),
        }
    )
    text = (await Browser(known, *roles).get("/")).text
    button = r'kern-btn--primary"[^>]*>(?:<span class="kern-icon[^>]*></span>)?'
    assert re.findall(button + r'<span class="kern-label">([^<]+)', text) == [leads]
