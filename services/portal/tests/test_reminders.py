"""Those who decide on a request can be reminded, once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from portal import states
from portal.sessions import Sealer

from .stand_in import KEY, NOW, PERSON, Browser, Services, problem

ID = str(uuid4())
PATH = f"/api/enrolment/enrolments/{ID}/approval/reminder"
WAITING: dict[str, Any] = {
    "enrolment_id": ID,
    "state": "awaiting_approval",
    "title": "Digitale Akte einführen",
    "offer_id": "o",
    "run_id": "r",
    "person_ref": str(PERSON),
    "starts_at": "2027-03-01T08:00:00Z",
    "ends_at": "2027-03-01T15:00:00Z",
    "held_until": "2027-01-18T16:15:00Z",
    "price": {"status": "fixed", "cents": 35300, "standard_cents": 44100},
    "cancellation": {"fee_now_cents": 0},
    "version": 3,
}


def said(answer: httpx.Response) -> list[str]:
    """What the next page says once."""
    return list(Sealer(KEY).open(answer.cookies["kc_meldung"]))


@pytest.mark.parametrize(
    ("state", "hours", "possible"),
    [
        ("awaiting_approval", None, True),
        ("awaiting_approval", 23, False),
        ("awaiting_approval", 24, True),
        ("requested", None, False),
        ("confirmed", None, False),
    ],
)
def test_the_button_is_there_while_a_reminder_is_possible(
    state: str, hours: int | None, possible: bool
) -> None:
    last = None if hours is None else (NOW - timedelta(hours=hours)).isoformat()
    assert states.may_remind({"state": state, "reminded_at": last}, NOW) is possible


async def test_who_asked_sees_the_button_and_after_it_when_it_was() -> None:
    for reminded_at, there in ((None, True), ("2027-01-15T08:00:00Z", False)):
        one = {**WAITING, **({"reminded_at": reminded_at} if reminded_at else {})}
        found = {"items": [one], "counts": {}}
        services = Services({("GET", "/api/enrolment/enrolments"): found})
        shown = (await Browser(services, "employee").get("/meine-kurse")).text
        assert ("An Freigabe erinnern" in shown) is there
        assert (
            'Erinnert am <time datetime="2027-01-15T08:00:00Z">15.01. 09:00' in shown
        ) is not there
        assert (f'name="schluessel" value="{ID}-3"' in shown) is there


async def test_a_reminder_is_sent_with_the_key_of_what_was_shown() -> None:
    services = Services({("POST", PATH): WAITING})
    browser = Browser(services, "employee")
    answer = await browser.post(f"/meine-kurse/{ID}/erinnern", schluessel=f"{ID}-3")
    assert (answer.status_code, answer.headers["location"]) == (303, "/meine-kurse")
    assert said(answer)[:2] == ["success", "Wir haben an die Freigabe erinnert."]
    (sent,) = services.sent(PATH)
    assert sent.headers["Idempotency-Key"] == f"{ID}-3"


async def test_a_second_one_says_when_it_is_possible_again() -> None:
    no = problem(409, "reminded-already", "In den letzten 24 Stunden wurde schon erinnert.")
    body = {**no.json(), "possible_from": "2027-01-16T08:00:00Z"}
    services = Services({("POST", PATH): httpx.Response(409, json=body)})
    answer = await Browser(services, "coordinator").post(f"/meine-kurse/{ID}/erinnern")
    assert answer.headers["location"] == "/buchungen"
    kind, title, text = said(answer)
    assert (kind, title) == ("warning", "In den letzten 24 Stunden wurde schon erinnert.")
    assert text == "Wieder möglich ab Samstag, 16. Januar, 9:00\xa0Uhr."
