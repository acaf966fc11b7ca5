"""Messages set aside: what a filter shows is tried and put back together, without a script, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.client import Client, until
from tests.browser.person import Person, beside
from tests.browser.test_pages import look
from tests.browser.world import World

Seat = Callable[..., Person]
LIST = "/betrieb/nachrichten?dienst=enrolment&topic=catalog.runs&grund="
PATH = "/api/enrolment/dead-letters"


def waiting_behind(world: World, otto: Client) -> str:
    """A good message that waits behind one that nobody can read, which is given up; its key."""
    key = str(uuid4())
    body = {"run_id": key, "offer_id": str(uuid4()), "cancelled_at": "2027-01-15T08:00:00Z"}
    for value in (b"{", json.dumps(body).encode()):
        named = [("ce_id", str(uuid4()).encode()), ("ce_type", b"catalog.run-cancelled.v1")]
        world.platform.send_raw("catalog.runs", key, value, named)

    def both() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = otto.get(f"{PATH}?key={key}")["items"]
        return found if len(found) == 2 else None

    first, _ = until(both, 60, "the messages set aside")
    otto.post(f"{PATH}/{first['id']}/discard", {"reason": "of a test"})
    return key


@pytest.mark.parametrize("script", [True, False])
def test_what_a_filter_shows_is_tried_and_then_put_back(
    seat: Seat, world: World, script: bool
) -> None:
    def prepare() -> str:
        with world.platform.as_user("otto.ops") as otto:
            return waiting_behind(world, otto)

    key = beside(prepare)
    otto = seat("otto.ops", java_script_enabled=script)
    otto.go(f"{LIST}&schluessel={key}" if not script else LIST)
    otto.press("Alle gefilterten erneut einspielen")
    assert otto.heading() == "Nachrichten erneut einspielen"
    otto.press("Probelauf starten")
    otto.reads("Der Probelauf ist fertig. Es wurde nichts geändert.")
    otto.reads("Würde verarbeitet")
    if script:
        otto.reads("Würde wieder zurückgestellt")
        look(otto, "de-otto-ops-einspielen-probelauf")
    button = otto.page.locator("main form .kern-btn--primary")
    button.click()
    otto.reads("Geben Sie eine Begründung an")
    otto.page.fill("#begruendung", "Der Absender ist repariert")
    button.click()
    otto.reads("Erneut eingespielte Nachrichten: 1")
    if script:
        look(otto, "de-otto-ops-einspielen-ergebnis")
    assert otto.said == [] or all("422" in line for line in otto.said)

    def settled() -> list[str]:
        with world.platform.as_user("otto.ops") as ops:
            (letter,) = ops.get(f"{PATH}?key={key}&state=replayed")["items"]
            acts = ops.get(f"{PATH}/{letter['id']}")["acts"]
        return [act["act"] for act in acts]

    assert beside(settled) == ["dry-run", "replay"]
