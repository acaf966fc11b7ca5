"""The page of a course: what is chosen, what is free, and what became of a request."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from portal.sessions import Sealer

from .stand_in import KEY, PERSON, Browser, Services, problem

ID = str(uuid4())
OFFER, SEATS, ASK = f"/api/catalog/offers/{ID}", "/api/enrolment/seats", "/api/enrolment/enrolments"
ORGANISATION = "/api/membership/organisations/me"
MINE = str(uuid4())


def run(name: str, **changed: Any) -> dict[str, Any]:
    """A date of the course."""
    return {
        "run_id": name,
        "starts_at": "2027-03-01T08:00:00Z",
        "ends_at": "2027-03-01T15:00:00Z",
        "location": "Fulda",
        "format": "presence",
        "state": "scheduled",
        "bookable": True,
        "booking_closes_at": "2027-02-20T22:59:00Z",
        "capacity": 9,
        "free_seats": 4,
        "taken": 5,
        "held": 0,
        "waiting": 0,
        "min_participants": 0,
        "standard_cents": 44100,
        "member_cents": 35300,
        "cancellation_policy": [
            {"days_before": 14, "percent": 0},
            {"days_before": 0, "percent": 50},
        ],
        **changed,
    }


def course(**changed: Any) -> dict[str, Any]:
    """A course with two dates; the second one is dearer and begins in June."""
    june = {"starts_at": "2027-06-01T08:00:00Z", "ends_at": "2027-06-01T15:00:00Z"}
    return {
        "offer_id": ID,
        "title": "Digitale Akte einführen",
        "provider_name": "Hochschule",
        "workload_hours": 8,
        "format": "presence",
        "language": "de",
        "state": "published",
        "standard_cents": 44100,
        "member_cents": 35300,
        "description_html": "<p>Text</p>",
        "skills": [],
        "runs": [run("march"), run("june", **june, standard_cents=50000, member_cents=40000)],
        **changed,
    }


def seats(**free: int) -> dict[str, Any]:
    """What enrolment counts."""
    counted = {"capacity": 9, "taken": 0, "held": 0, "waiting": 2}
    return {"items": [{**counted, "run_id": name, "free": n} for name, n in free.items()]}


def known(**changed: Any) -> Services:
    """Services that know the course and its seats."""
    return Services({("GET", OFFER): course(**changed), ("GET", SEATS): seats(march=4, june=4)})


def element(text: str, id_: str) -> str:
    """The page from an element on."""
    return text[text.index(f'id="{id_}"') :]


def made(state: str, **more: Any) -> dict[str, Any]:
    """The answer to a request."""
    facts = {key: run("march")[key] for key in ("starts_at", "ends_at", "location")}
    return {"enrolment_id": MINE, "state": state, "title": "Digitale Akte", **facts, **more}


async def test_another_date_brings_its_own_price_days_and_fees() -> None:
    text = (await Browser(known(), "employee").get(f"/kurse/{ID}")).text
    choice = re.search(r'<input[^>]*value="june"[^>]*>', text)
    assert choice is not None
    assert 'hx-select="#gewaehlt"' in choice[0]
    assert 'hx-select-oob="#absagen"' in choice[0]
    assert 'hx-replace-url="true"' in choice[0]
    services = known()
    services.answers["GET", ORGANISATION] = {
        "name": "Fulda", "member_today": True, "member_since_on": "2026-01-01",
    }  # fmt: skip
    browser = Browser(services, "employee", organisation=True)
    for target in ("gewaehlt", "buchung"):  # a piece has no frame, but a price
        headers = {"HX-Request": "true", "HX-Target": target}
        piece = (await browser.get(f"/kurse/{ID}?termin=june", headers)).text
        assert "400\xa0€" in element(piece, "gewaehlt")
        assert "18. Mai 2027" in element(piece, "absagen")
        assert "200\xa0€" in element(piece, "absagen")


async def test_the_button_follows_what_is_free() -> None:
    services = known()
    browser = Browser(services, "employee")
    box = element((await browser.get(f"/kurse/{ID}?termin=june")).text, "gewaehlt")
    assert 'data-live="seats:june"' in box
    assert f'hx-get="/kurse/{ID}?termin=june"' in box
    assert 'name="angebot" value="frei"' in box
    services.answers["GET", SEATS] = seats(march=4, june=0)
    box = element((await browser.get(f"/kurse/{ID}?termin=june")).text, "gewaehlt")
    assert 'name="angebot" value="warteliste"' in box
    assert "Auf die Warteliste" in box


async def test_who_asked_for_a_seat_that_has_just_gone_reads_so() -> None:
    services = known()
    waiting = {**made("waitlisted"), "offer_id": ID, "run_id": "march", "place": 3}
    waiting |= {"person_ref": str(PERSON), "price": {"status": "pending"}, "cancellation": {}}
    services.answers["POST", ASK] = waiting
    services.answers["GET", f"{ASK}/{MINE}"] = waiting
    browser = Browser(services, "employee")
    form = {"termin": "march", "schluessel": "k"}
    answer = await browser.post(f"/kurse/{ID}", **form, angebot="frei")
    assert answer.headers["location"] == f"/meine-kurse/{MINE}/warteliste"
    text = (await browser.get(answer.headers["location"])).text
    assert "Der letzte Platz ist gerade vergeben worden" in text
    assert "Es wurde nichts gebucht. Sie stehen auf Platz 3 der Warteliste, ohne Kosten." in text
    for way in (f"/meine-kurse/{MINE}/absagen", f"/kurse/{ID}?termin=june", "/meine-kurse"):
        assert f'href="{way}"' in text
    # who chose the line is told nothing else
    answer = await browser.post(f"/kurse/{ID}", **form, angebot="warteliste")
    assert answer.headers["location"] == "/meine-kurse"
    # and later, with a seat, the page is over
    services.answers["GET", f"{ASK}/{MINE}"] = {**waiting, "state": "offered"}
    assert (await browser.get(f"/meine-kurse/{MINE}/warteliste")).status_code == 303


async def test_who_chose_the_line_and_got_a_seat_reads_so_first() -> None:
    services = known()
    services.answers["POST", ASK] = made("confirmed")
    answer = await Browser(services, "employee").post(
        f"/kurse/{ID}", termin="march", angebot="warteliste"
    )
    kind, title, text = Sealer(KEY).open(answer.cookies["kc_meldung"])
    assert (kind, title) == ("info", "Es war doch noch ein Platz frei.")
    assert text.startswith("Ihr Platz ist gebucht.")


async def test_after_a_no_the_date_is_still_chosen() -> None:
    services = known()
    services.answers["POST", ASK] = problem(409, "already-enrolled", "Schon angefragt.")
    answer = await Browser(services, "employee").post(f"/kurse/{ID}", termin="june")
    assert answer.status_code == 409
    chosen = re.search(r"<input[^>]*checked[^>]*>", answer.text)
    assert chosen is not None
    assert 'value="june"' in chosen[0]
    assert "1. Juni 2027" in element(answer.text, "gewaehlt")


async def test_without_enrolment_a_text_stands_where_the_button_was() -> None:
    services = known()
    del services.answers["GET", SEATS]
    text = (await Browser(services, "employee").get(f"/kurse/{ID}?termin=june")).text
    assert "Anfragen ist gerade nicht möglich. Wir merken uns Ihre Auswahl." in text
    assert "Platz anfragen" not in text
    # the form only puts the choice into the address, also without a script
    form = re.search(r'<form[^>]*id="buchung"[^>]*>', text)
    assert form is not None
    assert 'method="get"' in form[0]
    assert f'action="/kurse/{ID}"' in form[0]
    box = re.search(r'<div class="kc-down"[^>]*>', text)
    assert box is not None
    assert f'hx-get="/kurse/{ID}" hx-trigger="every 15s" hx-target="#buchung"' in box[0]
    assert 'hx-include="[name=termin]:checked"' in box[0]


@pytest.mark.parametrize("path", ["/kurse/abc", f"/kurse/{ID}"])
async def test_no_course_and_no_id_are_the_same_page(path: str) -> None:
    services = Services({("GET", OFFER): problem(404, "not-found", "Nicht da.")})
    answer = await Browser(services, "employee").get(path)
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in answer.text
    assert "Überall abmelden" in answer.text


@pytest.mark.parametrize(
    ("format_", "cents", "mode", "category"),
    [
        ("presence", 44100, "onsite", "Paid"),
        ("hybrid", 44100, "blended", "Paid"),
        ("live_online", 0, "online", "Free"),
        ("on_demand", 0, "online", "Free"),
    ],
)
async def test_search_engines_read_how_and_for_what(
    format_: str, cents: int, mode: str, category: str
) -> None:
    services = known(standard_cents=cents, runs=[run("march", format=format_)])
    text = (await Browser(services, "employee").get(f"/kurse/{ID}")).text
    data = json.loads(text.partition('application/ld+json">')[2].partition("</script>")[0])
    assert data["hasCourseInstance"][0]["courseMode"] == mode
    assert data["offers"]["category"] == category


async def test_a_part_says_that_it_is_retried_only_where_it_is() -> None:
    start = (await Browser(Services(), "employee").get("/")).text
    assert start.count("Wir versuchen es von selbst wieder.") == 2
    assert start.count('hx-trigger="every 15s" hx-target="#heute" hx-select="#heute"') == 2
    services = Services({("GET", "/api/membership/applications"): {"items": []}})
    path = "/genossenschaft/mitglieder?am=2027-01-15&anlass=pruefung"
    members = (await Browser(services, "office").get(path)).text
    assert "Die Mitgliederliste ist gerade nicht abrufbar." in members
    assert "von selbst" not in members
