"""Where costs are booked, changed for many at once: what is left empty stays as it is."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from .stand_in import Browser, Services, problem
from .test_several import LIST, asked, id_, rows, said

KNOWN = {"cost_centre": "11201", "order_reference": "B-7"}
FEE = {"state": "cancelled", "cancellation": {"fee_now_cents": 10590, "fee_cents": 10590}}
DEED = "kostenstelle"


def form_of(text: str) -> dict[str, list[str]]:
    """The fields of the form on a page, as a browser would send them unchanged."""
    form = text[text.index('name="tun"') :]
    form = form[: form.index("</form>")]
    fields: dict[str, list[str]] = {"tun": [DEED], "schluessel": ["of-the-form"]}
    for tag in re.findall(r"<input[^>]*>", form):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if found["type"] != "checkbox" or " checked" in tag:
            fields.setdefault(found["name"], []).append(found["value"])
    return fields


async def press(browser: Browser, path: str, text: str, **typed: str) -> httpx.Response:
    """Fill in the form of the page, and send it."""
    fields: dict[str, str | list[str]] = {**form_of(text)}
    fields |= {name.replace("_", "-"): value for name, value in typed.items()}
    return await browser.post(path, **fields)


def bodies(services: Services, *numbers: int) -> list[Any]:
    """What was asked of the service for these rows."""
    sent = [services.sent(f"{LIST}/{id_(number)}/accounting") for number in numbers]
    return [json.loads(request.content) for requests in sent for request in requests]


async def test_the_page_shows_the_present_codes_and_says_what_empty_means() -> None:
    services = rows(KNOWN, {}, FEE, {"state": "rejected", "cost_centre": "99"})
    text = (await Browser(services, "coordinator").get(asked(DEED, 1, 2, 3, 4))).text
    before, after = text.split("Das bleibt, wie es ist")
    assert "Kostenstelle von 3 Buchungen ändern" in before
    assert "11201" in before
    assert "Bestellung B-7" in before
    assert before.count("Leer lassen: Die bisherige bleibt, wie sie ist.") == 2
    assert 'name="kostenstelle-weg"' in before
    assert "Ihre Kommune zahlt" not in text
    assert "Abgelehnt" in after
    assert "99" in after


async def test_only_what_was_filled_in_is_sent_and_a_tick_takes_away() -> None:
    services = rows(KNOWN, KNOWN)
    browser, path = Browser(services, "coordinator"), asked(DEED, 1, 2)
    text = (await browser.get(path)).text
    done = await press(browser, path, text, kostenstelle=" 4711 ")
    assert done.headers["location"] == "/buchungen"
    assert said(done)[:2] == ["success", "2 Buchungen sind geändert."]
    assert bodies(services, 1, 2) == [{"cost_centre": "4711"}] * 2
    await press(browser, path, text, kostenstelle="4711", bestellnummer_weg="ja")
    assert bodies(services, 1)[1:] == [{"cost_centre": "4711", "order_reference": None}]


@pytest.mark.parametrize(
    ("typed", "field", "why"),
    [
        ({"kostenstelle": "für Mia"}, "kostenstelle", "Kostenstelle: Erlaubt sind Buchstaben"),
        ({"bestellnummer": "B" * 41}, "bestellnummer", "Bestellnummer: Erlaubt sind Buchstaben"),
        (
            {"bestellnummer": "B-8", "bestellnummer_weg": "ja"},
            "bestellnummer",
            "Bestellnummer: Bitte geben Sie entweder eine neue ein, oder entfernen Sie",
        ),
        ({}, "kostenstelle", "Bitte tragen Sie ein, was sich ändern soll."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_sent(
    typed: dict[str, str], field: str, why: str
) -> None:
    services = rows(KNOWN)
    browser, path = Browser(services, "coordinator"), asked(DEED, 1)
    answer = await press(browser, path, (await browser.get(path)).text, **typed)
    assert answer.status_code == 422
    assert f'<a class="kern-link kern-link--small" href="#{field}">{why}' in answer.text
    at_field = answer.text.split(f'id="{field}-e"')[1]
    assert why in at_field[:300]
    assert answer.text.count('aria-invalid="true"') == 1
    kept = form_of(answer.text)
    for name, value in typed.items():
        assert kept[name.replace("_", "-")] == [value]
    assert bodies(services, 1) == []


async def test_a_no_is_told_beside_its_row_and_the_others_are_changed() -> None:
    services = rows({}, {"title": "Vergaberecht"})
    no = problem(409, "ended-without-costs", "Diese Buchung ist ohne Kosten beendet.")
    services.answers["POST", f"{LIST}/{id_(2)}/accounting"] = no
    browser, path = Browser(services, "coordinator"), asked(DEED, 1, 2)
    answer = await press(browser, path, (await browser.get(path)).text, kostenstelle="4711")
    assert answer.status_code == 409
    assert "Eine Buchung ist geändert." in answer.text
    assert "Mia, Vergaberecht: Diese Buchung ist ohne Kosten beendet." in answer.text


async def test_what_may_not_have_arrived_is_sent_again_as_it_was_typed() -> None:
    services = rows({}, {})
    answer_of_two = services.answers.pop(("POST", f"{LIST}/{id_(2)}/accounting"))
    browser, path = Browser(services, "coordinator"), asked(DEED, 1, 2)
    text = (await browser.get(path)).text
    answer = await press(browser, path, text, kostenstelle="4711", bestellnummer_weg="ja")
    assert answer.status_code == 503
    assert "Ein Dienst antwortet gerade nicht." in answer.text
    services.answers["POST", f"{LIST}/{id_(2)}/accounting"] = answer_of_two
    again = await press(browser, path, answer.text)
    assert said(again)[:2] == ["success", "Eine Buchung ist geändert."]
    assert bodies(services, 2) == [{"cost_centre": "4711", "order_reference": None}] * 2
    assert len(bodies(services, 1)) == 1


async def test_other_values_after_a_step_back_are_a_deed_of_their_own() -> None:
    services = rows({})
    browser, path = Browser(services, "coordinator"), asked(DEED, 1)
    text = (await browser.get(path)).text
    for code in ("4711", "4712", "4711"):  # the last one must not be taken for the first one
        await press(browser, path, text, kostenstelle=code)
    sent = services.sent(f"{LIST}/{id_(1)}/accounting")
    assert len({request.headers["Idempotency-Key"] for request in sent}) == 3


async def test_fewer_than_were_shown_are_shown_again_with_what_was_typed() -> None:
    services = rows({}, {})
    browser, path = Browser(services, "coordinator"), asked(DEED, 1, 2)
    text = (await browser.get(path)).text
    one = services.answers["GET", f"{LIST}/{id_(2)}"]
    services.answers["GET", f"{LIST}/{id_(2)}"] = {**one, "state": "expired"}
    answer = await press(browser, path, text, kostenstelle="4711")
    assert answer.status_code == 409
    assert "Buchungen: 1 statt 2" in answer.text
    assert "Kostenstelle einer Buchung ändern" in answer.text
    assert form_of(answer.text)["kostenstelle"] == ["4711"]
    both = await press(browser, path, text, kostenstelle="für Mia")
    assert both.text.count("data-focus") == 1, "one thing to read first"
    assert bodies(services, 1, 2) == []


@pytest.mark.parametrize(
    ("change", "ticked"),
    [({}, True), (FEE, True), ({"state": "cancelled"}, False), ({"state": "expired"}, False)],
)
async def test_what_costs_something_can_be_ticked(change: dict[str, Any], ticked: bool) -> None:
    services = rows(change)
    one = services.answers["GET", f"{LIST}/{id_(1)}"]
    services.answers["GET", LIST] = {"items": [one], "counts": {one["state"]: 1}}
    text = (await Browser(services, "coordinator").get("/buchungen")).text
    assert (f'id="w-{id_(1)}"' in text) is ticked
    assert ('name="tun" value="kostenstelle">Kostenstelle ändern<' in text) is ticked
    assert 'name="auswahl"' not in (await Browser(services, "finance").get("/buchungen")).text
