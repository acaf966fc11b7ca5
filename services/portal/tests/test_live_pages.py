"""Live pages as the server writes them: what the script finds there, and what stands in for it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from portal.roster import Roster
from portal.sessions import Sealer

from .stand_in import KEY, PERSON, Browser, Services
from .test_long_lists import RUN, Drafts

NOTICES = ("GET", "/api/notifications/notices")
ENROLMENTS = ("GET", "/api/enrolment/enrolments")
ID = str(uuid4())
OFFERED: dict[str, Any] = {
    "enrolment_id": ID,
    "state": "offered",
    "title": "Recht & Ordnung",
    "offer_id": "o",
    "run_id": "r",
    "person_ref": str(PERSON),
    "starts_at": "2027-03-01T08:00:00Z",
    "ends_at": "2027-03-01T15:00:00Z",
    "offered_until": "2027-01-16T09:00:00Z",
    "price": {"status": "fixed", "cents": 35300},
    "cancellation": {},
    "version": 3,
}
KNOWN: dict[tuple[str, str], Any] = {
    NOTICES: {"items": [], "unread": 3, "next_cursor": None},
    ENROLMENTS: {"items": [OFFERED], "counts": {}},
    (ENROLMENTS[0], f"{ENROLMENTS[1]}/{ID}"): OFFERED,
    ("GET", "/api/enrolment/runs/r/seats"): {"waiting": 0},
}
LIVE = ("/", "/meine-kurse", "/posteingang", f"/platz/{ID}")


def without_script(page: str) -> str:
    """What a page shows to who has no script, beside the rest."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return main.partition("<noscript>")[2].partition("</noscript>")[0]


@pytest.mark.parametrize("path", LIVE)
async def test_without_a_script_a_live_page_has_a_link_to_itself(path: str) -> None:
    page = await Browser(Services(KNOWN), "employee").get(path)
    assert page.status_code == 200
    assert f'href="{path}">Aktualisieren</a>' in without_script(page.text)


async def test_the_count_of_messages_can_be_asked_for_alone_on_every_page() -> None:
    services = Services(dict(KNOWN))
    browser = Browser(services, "employee")
    page = (await browser.get("/hilfe")).text
    assert 'data-live="notice" hx-get="/posteingang/anzahl"' in page
    assert 'data-say="Posteingang, 3 neue Nachrichten"' in page
    services.answers[NOTICES] = {**KNOWN[NOTICES], "unread": 4}
    piece = (await browser.get("/posteingang/anzahl")).text
    assert "<html" not in piece
    assert '<span class="kc-inbox__count" aria-hidden="true">4</span>' in piece


@pytest.mark.parametrize("path", ["/", "/meine-kurse", f"/platz/{ID}"])
async def test_a_deadline_is_a_silent_timer_and_its_state_is_said_once(path: str) -> None:
    page = (await Browser(Services(KNOWN), "employee").get(path)).text
    timer = 'role="timer" aria-live="off" data-what="Recht &amp; Ordnung"'
    assert page.count('role="timer"') == page.count(timer) == 1
    assert 'data-say="Recht &amp; Ordnung: Platz angeboten"' in page
    assert page.count('role="status" data-news') == 1


async def test_a_piece_that_is_fetched_leaves_what_is_said_once_to_the_next_page() -> None:
    """Its news may come while the answer to a form is on its way."""
    browser = Browser(Services(KNOWN), "employee")
    said = Sealer(KEY).seal(["success", "Der Platz ist gebucht.", ""]).decode()
    browser._client.cookies.set("kc_meldung", said)
    for path in ("/posteingang/anzahl", "/meine-kurse"):
        piece = await browser._client.get(path, headers={"HX-Request": "true"})
        assert "kc_meldung" not in piece.headers.get("set-cookie", "")
    page = await browser.get("/meine-kurse")
    assert "Der Platz ist gebucht." in page.text
    assert 'kc_meldung=""' in page.headers["set-cookie"]


async def test_an_instant_is_written_for_machines_too() -> None:
    page = (await Browser(Services(KNOWN), "employee").get(f"/platz/{ID}")).text
    shown = "Samstag, 16. Januar 2027, 10:00\xa0Uhr"
    assert f'Reserviert bis <time datetime="2027-01-16T09:00:00Z">{shown}</time>' in page


async def test_who_is_looked_for_does_not_stand_in_an_address() -> None:
    contacts = ("GET", "/api/notifications/contacts")
    services = Services(
        {
            contacts: {"items": [], "next_cursor": None},
            ("POST", f"{contacts[1]}/lookup"): [],
            ("GET", "/api/catalog/runs/r"): {**RUN, "offer_id": "o"},
        }
    )
    drafts: Any = Drafts(Roster(run_id="r"))
    browser = Browser(services, "coordinator", sessions=drafts)
    answer = await browser.post("/buchungen/neu/personen", q=" Meier ", tun="suchen")
    assert (answer.status_code, answer.headers["location"]) == (303, "/buchungen/neu/personen")
    page = (await browser.get("/buchungen/neu/personen")).text
    assert services.sent(contacts[1])[-1].url.params["q"] == "Meier"
    assert "Keine Person zu „Meier“." in page
    await browser.post("/buchungen/neu/personen", q="Meier", tun="weiter")
    assert Roster.of(drafts.kept).query == ""
