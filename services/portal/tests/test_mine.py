"""My courses and an offered seat: what is said is what is so."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest
from portal import states
from portal.sessions import Sealer

from .stand_in import KEY, NOW, PERSON, Browser, Services, as_read
from .test_offer_page import course, run

ID, OFFER_ID = str(uuid4()), str(uuid4())
LIST = "/api/enrolment/enrolments"
ONE, SEATS = f"{LIST}/{ID}", "/api/enrolment/runs/march/seats"
MEMBER = {"code": "member-on-day", "member_since_on": "2026-02-01", "tier": 2}
PRICE: dict[str, Any] = {
    "status": "forecast",
    "cents": 35300,
    "standard_cents": 44100,
    "saving_cents": 8800,
    "kind": "member",
    "priced_for_on": "2027-01-10",
    "reason": MEMBER,
}


def enrolment(state: str, **changed: Any) -> dict[str, Any]:
    """One of the person's."""
    return {
        "enrolment_id": ID,
        "state": state,
        "title": "Digitale Akte einführen",
        "offer_id": OFFER_ID,
        "run_id": "march",
        "person_ref": str(PERSON),
        "requested_at": "2027-01-10T08:00:00Z",
        "starts_at": "2027-03-01T08:00:00Z",
        "ends_at": "2027-03-01T15:00:00Z",
        "price": PRICE,
        "cancellation": {"fee_now_cents": 0},
        "version": 3,
        **changed,
    }


OFFERED = enrolment("offered", offered_until="2027-01-18T16:15:00Z")


class Mine(Services):
    """Services that list the one enrolment in its state, or in any."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != LIST:
            return super().__call__(request)
        one = self.answers["GET", ONE]
        asked = request.url.params.get_list("state")
        there = not asked or one["state"] in asked
        return httpx.Response(200, json={"items": [one] if there else [], "counts": {}})


def mine(one: dict[str, Any]) -> Services:
    """Services that know one enrolment."""
    return Mine({("GET", ONE): one, ("GET", SEATS): {"waiting": 0, "free": 0}})


async def listed(one: dict[str, Any], path: str = "/meine-kurse") -> str:
    """The page with it, without the instants for machines."""
    text = (await Browser(mine(one), "employee").get(path)).text
    return as_read(text)


@pytest.mark.parametrize(
    ("state", "kind", "said"),
    [
        ("confirmed", "success", "Der Platz ist gebucht."),
        ("awaiting_approval", "success", "Gebucht ist er, sobald Ihre Kommune ihn freigibt."),
        ("requested", "success", "Gebucht ist er, sobald der Preis feststeht."),
        ("expired", "warning", "Der Platz ist nicht mehr für Sie reserviert."),
    ],
)
async def test_after_a_yes_the_page_says_what_it_has_led_to(
    state: str, kind: str, said: str
) -> None:
    services = mine(OFFERED)
    services.answers["POST", f"{ONE}/acceptance"] = enrolment(state)
    answer = await Browser(services, "employee").post(
        f"/platz/{ID}", antwort="annehmen", schluessel="k"
    )
    found = Sealer(KEY).open(answer.cookies["kc_meldung"])
    assert found[0] == kind
    assert found[1].endswith(said)
    (sent,) = services.sent(f"{ONE}/acceptance")
    assert sent.headers["Prefer"] == "wait=4"
    assert sent.headers["Idempotency-Key"] == "k"


async def test_the_price_of_an_offered_seat_is_a_forecast_with_its_reason() -> None:
    text = (await Browser(mine(OFFERED), "employee").get(f"/platz/{ID}")).text
    assert "353\xa0€" in text
    assert "Verbindlich wird der Preis am Tag der Buchung." in text
    assert " fest." not in text
    assert "Mitgliedspreis: Ihre Kommune ist seit 1. Februar 2026 Mitglied." in text
    assert "oder Ihre Kommune gibt ihn noch frei" in text
    by_coordinator = (await Browser(mine(OFFERED), "coordinator").get(f"/platz/{ID}")).text
    assert "gibt ihn noch frei" not in by_coordinator


async def test_a_price_stands_with_its_reason() -> None:
    booked = enrolment("confirmed", price={**PRICE, "status": "fixed"})
    text = await listed(booked)
    assert "Preis: 353\xa0€." in text
    assert "Mitgliedspreis: Ihre Kommune ist seit 1. Februar 2026 Mitglied." in text
    over = (await Browser(mine(booked), "employee").get(f"/platz/{ID}")).text
    assert "Der Preis steht seit 10. Januar 2027 fest." in over


async def test_nothing_to_pay_is_free_of_charge() -> None:
    price = {**PRICE, "status": "fixed", "cents": 0}
    booked = enrolment("confirmed", price=price)
    for text in (await listed(booked), await listed(booked, f"/platz/{ID}")):
        assert "Kostenlos" in text
        assert ">0\xa0€" not in text
        assert "Preis: 0" not in text


async def test_a_course_that_was_called_off_stays_with_other_dates() -> None:
    off = enrolment("cancelled", ended_reason="run-cancelled")
    services = mine(off)
    cancelled, full = run("march", state="cancelled"), run("april", free_seats=0)
    offer = course(runs=[cancelled, full, run("june")])
    services.answers["GET", f"/api/catalog/offers/{OFFER_ID}"] = offer
    browser = Browser(services, "employee")
    text = (await browser.get("/meine-kurse")).text
    assert "Der Anbieter hat abgesagt. Es entstehen keine Kosten. Diese Termine passen" in text
    assert f'href="/kurse/{OFFER_ID}?termin=june"' in text
    assert "termin=march" not in text
    assert "termin=april" not in text
    assert "Aktuell (1)" in text
    del services.answers["GET", f"/api/catalog/offers/{OFFER_ID}"]  # the catalogue is away
    text = (await browser.get("/meine-kurse")).text
    assert "Diese Termine passen" not in text
    assert "Andere Kurse suchen" in text


async def test_what_the_provider_called_off_long_ago_is_past() -> None:
    then = {"starts_at": "2026-03-01T08:00:00Z", "ends_at": "2026-03-01T15:00:00Z"}
    off = enrolment("cancelled", ended_reason="run-cancelled", **then)
    assert "Der Anbieter hat abgesagt" not in await listed(off)
    assert "Der Anbieter hat abgesagt" in await listed(off, "/meine-kurse/vergangen")


@pytest.mark.parametrize(
    ("state", "more", "said"),
    [
        ("cancelled", {"ended_at": "2027-01-14T09:00:00Z"}, "Abgesagt am 14. Januar 2027."),
        ("cancelled", {}, "Der Platz ist abgesagt."),
        (
            "expired",
            {"ended_reason": "hold-expired", "ended_at": "2027-01-14T09:00:00Z"},
            "Die Frist endete am Donnerstag, 14. Januar, 10:00\xa0Uhr. Der Platz ist nicht mehr",
        ),
        ("expired", {"ended_reason": "offer-expired"}, "Die Frist ist abgelaufen. Der Platz ist"),
        ("expired", {"ended_reason": "offer-declined"}, "Sie haben den Platz weitergegeben."),
        ("expired", {"ended_reason": "run-started"}, "Der Kurs hat begonnen, bevor ein Platz"),
        ("expired", {"ended_reason": "offer-withdrawn"}, "nimmt keine Anmeldungen mehr an."),
    ],
)
async def test_what_has_ended_says_how_and_when(
    state: str, more: dict[str, Any], said: str
) -> None:
    assert said in await listed(enrolment(state, **more), "/meine-kurse/vergangen")


def test_a_seat_that_was_passed_on_did_not_run_out() -> None:
    one = enrolment("expired", ended_reason="offer-declined")
    assert states.look(states.of(one, NOW)).word == "Weitergegeben"
