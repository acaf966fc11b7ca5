"""Many rows at once: repeated before it is done, done once for each, told row by row."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest
from portal.pages.several import MOST
from portal.sessions import Sealer

from .stand_in import KEY, PERSON, Browser, Services, problem

LIST = "/api/enrolment/enrolments"
ROUTES = ("cancellation", "acceptance", "approval", "approval/reminder", "accounting")
NAMES = "/api/notifications/contacts/lookup"
BOOKING: dict[str, Any] = {
    "state": "confirmed",
    "title": "Digitale Akte einführen",
    "offer_id": "o",
    "run_id": "r",
    "person_ref": "p",
    "requested_at": "2027-01-10T08:00:00Z",
    "starts_at": "2027-03-01T08:00:00Z",
    "ends_at": "2027-03-01T15:00:00Z",
    "price": {"status": "fixed", "cents": 35300, "standard_cents": 44100},
    "cancellation": {"fee_now_cents": 10590},
    "version": 3,
}


def id_(number: int) -> str:
    """The reference of a row."""
    return str(UUID(int=number))


def rows(*changes: dict[str, Any]) -> Services:
    """Services that know so many bookings, numbered from 1."""
    answers: dict[tuple[str, str], Any] = {("POST", NAMES): [{"person_ref": "p", "name": "Mia"}]}
    for number, change in enumerate(changes, 1):
        one = {**BOOKING, "enrolment_id": id_(number), **change}
        answers["GET", f"{LIST}/{id_(number)}"] = one
        for route in ROUTES:
            answers["POST", f"{LIST}/{id_(number)}/{route}"] = one
    return Services(answers)


def asked(deed: str, *numbers: int, path: str = "/buchungen/mehrere") -> str:
    """The address that the form of a list leads to."""
    picked = [("tun", deed), *(("auswahl", id_(number)) for number in numbers)]
    return f"{path}?{urlencode(picked)}"


def hidden(text: str) -> list[tuple[str, str]]:
    """The hidden fields of the form on a page."""
    form = text[text.index('<form class="kc-actions"') :]
    form = form[: form.index("</form>")]
    return re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)


async def send(browser: Browser, path: str, text: str, **changed: str) -> httpx.Response:
    """Press the button of the page."""
    fields: dict[str, Any] = {}
    for name, value in hidden(text):
        fields.setdefault(name, []).append(value)
    return await browser.post(path, **{**fields, **changed})


def said(answer: httpx.Response) -> list[str]:
    """What the next page says once."""
    return list(Sealer(KEY).open(answer.cookies["kc_meldung"]))


async def test_the_page_repeats_what_will_happen_and_what_it_costs() -> None:
    browser = Browser(rows({}, {}, {"state": "rejected"}), "coordinator")
    text = (await browser.get(asked("absagen", 1, 2, 3))).text
    assert "2 Buchungen absagen, 211,80\xa0€" in text
    assert "Ihre Kommune zahlt zusammen 211,80\xa0€." in text
    before, after = text.split("Das bleibt, wie es ist")
    assert "Bestätigt" in before
    assert "Abgelehnt" in after


async def test_each_is_done_once_under_a_key_of_its_own() -> None:
    services = rows({}, {})
    browser, path = Browser(services, "coordinator"), asked("absagen", 1, 2)
    text = (await browser.get(path)).text
    for _ in range(2):  # a double click
        answer = await send(browser, path, text)
        assert answer.headers["location"] == "/buchungen"
        assert said(answer)[:2] == ["success", "2 Buchungen sind abgesagt."]
    keys = [
        [sent.headers["Idempotency-Key"] for sent in services.sent(f"{LIST}/{id_(n)}/cancellation")]
        for n in (1, 2)
    ]
    assert all(first == second for first, second in keys)
    assert keys[0] != keys[1]


async def test_another_sum_than_the_one_that_was_read_is_shown_first() -> None:
    services = rows({}, {})
    browser, path = Browser(services, "coordinator"), asked("absagen", 1, 2)
    text = (await browser.get(path)).text
    one = services.answers["GET", f"{LIST}/{id_(1)}"]
    services.answers["GET", f"{LIST}/{id_(1)}"] = {**one, "cancellation": {"fee_now_cents": 35300}}
    answer = await send(browser, path, text)
    assert answer.status_code == 409
    assert "Inzwischen hat sich etwas geändert" in answer.text
    assert "Summe: 458,90\xa0€ statt 211,80\xa0€" in answer.text
    assert "Buchungen:" not in answer.text, "what is as it was is not named"
    assert "2 Buchungen absagen, 458,90\xa0€" in answer.text
    assert services.sent(f"{LIST}/{id_(2)}/cancellation") == []


async def test_a_no_is_told_beside_its_row_and_the_others_are_done() -> None:
    services = rows({}, {"title": "Vergaberecht"})
    no = problem(409, "run-started", "Der Kurs hat begonnen.")
    services.answers["POST", f"{LIST}/{id_(2)}/cancellation"] = no
    browser, path = Browser(services, "coordinator"), asked("absagen", 1, 2)
    answer = await send(browser, path, (await browser.get(path)).text)
    assert answer.status_code == 409
    assert "Eine Buchung ist abgesagt." in answer.text
    assert "Mia, Vergaberecht: Der Kurs hat begonnen." in answer.text


async def test_what_may_not_have_arrived_is_sent_again_under_its_key() -> None:
    services = rows({}, {})
    del services.answers["POST", f"{LIST}/{id_(2)}/cancellation"]
    browser, path = Browser(services, "coordinator"), asked("absagen", 1, 2)
    answer = await send(browser, path, (await browser.get(path)).text)
    assert answer.status_code == 503
    assert "Ein Dienst antwortet gerade nicht." in answer.text
    ended = {**BOOKING, "enrolment_id": id_(2), "state": "cancelled"}
    services.answers["GET", f"{LIST}/{id_(2)}"] = ended  # it had arrived
    services.answers["POST", f"{LIST}/{id_(2)}/cancellation"] = ended
    again = await send(browser, path, answer.text)
    assert said(again)[:2] == ["success", "Eine Buchung ist abgesagt."]
    keys = {
        sent.headers["Idempotency-Key"] for sent in services.sent(f"{LIST}/{id_(2)}/cancellation")
    }
    assert len(keys) == 1
    assert len(services.sent(f"{LIST}/{id_(1)}/cancellation")) == 1


async def test_offered_seats_are_accepted_and_reminders_sent_only_where_it_is_possible() -> None:
    offered = {"state": "offered", "offered_until": "2027-01-16T08:00:00Z"}
    waiting = {"state": "awaiting_approval", "held_until": "2027-01-16T08:00:00Z"}
    browser = Browser(rows(offered, waiting, {}), "coordinator")
    assert (
        "Einen Platz annehmen, 353,00\xa0€" in (await browser.get(asked("annehmen", 1, 2, 3))).text
    )
    text = (await browser.get(asked("erinnern", 1, 2, 3))).text
    assert "An eine Freigabe erinnern" in text
    assert "Ihre Kommune zahlt" not in text


async def test_requests_are_approved_but_never_the_own_one() -> None:
    waiting = {"state": "awaiting_approval", "held_until": "2027-01-16T08:00:00Z"}
    services = rows(waiting, {**waiting, "person_ref": str(PERSON)})
    browser, path = (
        Browser(services, "approver"),
        asked("freigeben", 1, 2, path="/freigaben/mehrere"),
    )
    text = (await browser.get(path)).text
    assert "Eine Anfrage freigeben, 353,00\xa0€" in text
    assert (await send(browser, path, text)).headers["location"] == "/freigaben"
    (sent,) = services.sent(f"{LIST}/{id_(1)}/approval")
    assert sent.content == b'{"decision":"approve"}'
    assert services.sent(f"{LIST}/{id_(2)}/approval") == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (asked("absagen"), "Bitte wählen Sie zuerst mindestens eine Zeile aus."),
        (asked("verschenken", 1), "Bitte wählen Sie zuerst mindestens eine Zeile aus."),
        ("/buchungen/mehrere?tun=absagen&auswahl=x", "Bitte wählen Sie zuerst"),
        (asked("absagen", *range(MOST + 1)), f"Bitte wählen Sie höchstens {MOST} Zeilen aus."),
    ],
)
async def test_nothing_or_too_much_leads_back_to_the_list(path: str, why: str) -> None:
    answer = await Browser(rows(), "coordinator").get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/buchungen")
    assert said(answer)[1].startswith(why)


async def test_rows_of_somebody_else_are_not_there() -> None:
    services = rows({})
    services.answers["GET", f"{LIST}/{id_(1)}"] = problem(404, "not-found", "Nicht da.")
    text = (await Browser(services, "coordinator").get(asked("absagen", 1))).text
    assert "Diese Buchungen gibt es nicht" in text


async def test_only_a_coordinator_acts_on_bookings() -> None:
    assert (await Browser(rows({}), "finance").get(asked("absagen", 1))).status_code == 403
