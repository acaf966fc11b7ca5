"""Booking for many: nobody agrees to another sum than the one that was read; nothing is lost."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
from portal.drafts import BOOKING, LAST
from portal.pages.bulk_check import BULK
from portal.roster import Roster, Row

from .stand_in import Browser, Services

RUN: dict[str, Any] = {
    "run_id": "r",
    "title": "Digitale Akte einführen",
    "starts_at": "2027-03-01T08:00:00Z",
    "ends_at": "2027-03-01T15:00:00Z",
    "location": None,
    "cancellation_policy": [],
    "member_cents": 35300,
    "standard_cents": 44100,
}
ORGANISATION = {"name": "Kreis", "member_today": True, "member_since_on": "2026-02-01"}
CONTACTS = "/api/notifications/contacts"
HERE = "/buchungen/neu/pruefen"


class Drafts:
    """What one person has begun, and for how long each is kept."""

    def __init__(self, roster: Roster) -> None:
        self.kept: dict[str, Any] = {BOOKING: roster.kept()}
        self.days: dict[str, int | None] = {}

    async def draft(self, _person: object, name: str) -> dict[str, Any] | None:
        return self.kept.get(name)

    async def keep_draft(
        self, _person: object, name: str, body: dict[str, Any], days: int | None = None
    ) -> None:
        self.kept[name], self.days[name] = body, days

    async def drop_draft(self, _person: object, name: str) -> None:
        self.kept.pop(name, None)


class Booking:
    """Two people whose seats cost so much each, now."""

    def __init__(self, roster: Roster, member_cents: int = 35300) -> None:
        self.member_cents, self.booked = member_cents, list[httpx.Request]()
        self.drafts = Drafts(roster)
        self.known = Services(
            {
                ("GET", "/api/catalog/runs/r"): RUN,
                ("GET", "/api/membership/organisations/me"): ORGANISATION,
                ("POST", f"{CONTACTS}/resolve"): [{"mail": "n@kreis.example", "people": []}],
                ("POST", CONTACTS): {"person_ref": "new", "name": "Nora Neu"},
            }
        )

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != BULK:
            return self.known(request)
        price = {"status": "pending", "standard_cents": 44100, "member_cents": self.member_cents}
        body = json.loads(request.content)
        row = {"code": "held", "state": "confirmed", "price": price, "enrolment_id": "e"}
        if not request.url.params.get("dry_run"):
            self.booked.append(request)
        return httpx.Response(200, json={"rows": [row for _ in body["people"]]})


def two() -> Roster:
    """Two known people."""
    rows = [Row(1, "Anna", "", "ref-1"), Row(2, "Max", "", "ref-2")]
    return Roster(run_id="r", rows=rows)


def seen_by(booking: Booking) -> Browser:
    """With an organisation, so that prices are known."""
    return Browser(booking, "coordinator", sessions=booking.drafts, organisation=True)


def shown(text: str) -> str:
    """What the form carries of what was read."""
    found = re.search(r'name="gezeigt" value="([^"]+)"', text)
    assert found is not None
    return found[1]


async def test_a_dearer_sum_is_shown_beside_the_old_one_and_asked_again() -> None:
    booking = Booking(two())
    browser = seen_by(booking)
    page = await browser.get(HERE)
    assert "2 Plätze für zusammen 706,00\xa0€" in page.text
    booking.member_cents = 40000
    answer = await browser.post(HERE, tun="buchen", gezeigt=shown(page.text))
    assert answer.status_code == 409
    assert "Summe: 800,00\xa0€ statt 706,00\xa0€" in answer.text
    assert "Gebucht ist noch nichts." in answer.text
    assert booking.booked == []
    again = await browser.post(HERE, tun="buchen", gezeigt=shown(answer.text))
    assert again.headers["location"] == "/buchungen/neu/ergebnis"
    assert len(booking.booked) == 1


async def test_the_reason_stands_beside_the_price() -> None:
    text = (await seen_by(Booking(two())).get(HERE)).text
    assert "Kreis ist seit 1. Februar 2026 Mitglied der Genossenschaft." in text


async def test_what_was_entered_last_is_kept_for_the_next_booking_of_another_year() -> None:
    booking = Booking(two())
    browser = seen_by(booking)
    gezeigt = shown((await browser.get(HERE)).text)
    typed = {"kostenstelle": "11201", "bestellnummer": "B-7"}
    await browser.post(HERE, tun="buchen", gezeigt=gezeigt, **typed)
    assert booking.drafts.kept[LAST] == {"cost_centre": "11201", "order_reference": "B-7"}
    assert (booking.drafts.days[LAST] or 0) > 365
    assert booking.drafts.days[BOOKING] is None, "the list itself is not kept so long"


async def test_somebody_new_is_recorded_with_the_department() -> None:
    booking = Booking(Roster(run_id="r", rows=[Row(1, "Nora Neu", "n@kreis.example")]))
    browser = seen_by(booking)
    assert 'id="amt-1"' in (await browser.get(HERE)).text
    typed = {"name-1": "Nora Neu", "mail-1": "n@kreis.example", "amt-1": "Bauamt"}
    await browser.post(HERE, tun="erfassen:1", **typed)
    (sent,) = booking.known.sent(CONTACTS)
    assert json.loads(sent.content) == {
        "given_name": "Nora", "family_name": "Neu", "mail": "n@kreis.example",
        "department": "Bauamt",
    }  # fmt: skip


async def test_a_list_is_thrown_away_only_after_it_was_asked() -> None:
    booking = Booking(two())
    browser = seen_by(booking)
    page = await browser.get("/buchungen/neu/verwerfen")
    assert "Ihre Liste mit 2 Personen wird gelöscht." in page.text
    assert BOOKING in booking.drafts.kept
    assert (await browser.post("/buchungen/neu/verwerfen")).headers["location"] == "/buchungen"
    assert BOOKING not in booking.drafts.kept
    nothing = await browser.get("/buchungen/neu/verwerfen")
    assert nothing.headers["location"] == "/buchungen/neu/termin"


async def test_a_text_that_is_no_address_costs_nobody_else_the_answer() -> None:
    rows = [
        Row(1, "Nora", "n@kreis.example"),
        Row(2, "Lang", "l@" + "x" * 400),
        Row(3, "Null", "n\x00@kreis.example"),
    ]
    booking = Booking(Roster(run_id="r", rows=rows))
    answer = await seen_by(booking).get(HERE)
    assert answer.status_code == 200
    asked = [json.loads(each.content) for each in booking.known.sent(f"{CONTACTS}/resolve")]
    assert asked == [{"mails": ["n@kreis.example"]}]
    assert answer.text.count("Diese Person kennen wir in Ihrer Organisation nicht.") >= 3
