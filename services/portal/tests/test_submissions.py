"""Submissions of providers: the verdict in words, and what is said of one that changed nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from contracts.provider import OfferRecalled, OfferSubmitted

from .stand_in import Browser, Services, as_read

OWN, LIST = "/anbieter/einreichungen", "/api/catalog/submissions"
ID = "0194631e-7c1a-7d02-9a44-2f5d0c6b8e12"
WARNING = {"pointer": "/runs", "code": "no-runs", "detail": "has no runs"}
ERROR = {"pointer": "/title", "code": "missing", "detail": "is missing"}
SINCE = "2027-01-08T08:41:00Z"
ON_LIST, ON_PAGE = "Gleiche Fassung wie am 8. Januar 2027", "Am Angebot hat sich nichts geändert"


def submitted(**more: Any) -> dict[str, Any]:
    """An accepted submission that changed something."""
    return {
        "submission_id": ID, "offer_ref": "FUE-310", "provider_id": "hochschule",
        "type": OfferSubmitted.type, "received_at": "2027-01-13T15:02:00Z", "verdict": "accepted",
        "offer_id": ID, "errors": [], "warnings": [], "unchanged_since": None, **more,
    }  # fmt: skip


def provider(one: dict[str, Any], role: str = "provider") -> Browser:
    """Somebody who sees it in the list and alone."""
    answers = {
        ("GET", LIST): {"items": [one], "next_cursor": None},
        ("GET", f"{LIST}/{ID}"): {**one, "payload": "{}"},
    }
    return Browser(Services(answers), role)


async def seen(browser: Browser, path: str) -> str:
    """A page, as it is read."""
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return as_read(answer.text)


def badges(text: str) -> list[tuple[str, str, str]]:
    """Colour, icon and word of each."""
    return re.findall(
        r'<span class="kern-badge kern-badge--small k\w+-badge--(\w+)"><span class="kern-icon '
        r'kern-icon--(\w+)[^>]*></span><span class="kern-label kern-label--small">([^<]+)<',
        text,
    )


@pytest.mark.parametrize(
    ("more", "badge", "same"),
    [
        ({}, ("success", "check", "Angenommen"), False),
        ({"unchanged_since": SINCE}, ("neutral", "check", "Unverändert"), True),
        ({"warnings": [WARNING]}, ("warning", "warning", "Mit Hinweisen"), False),
        (
            {"warnings": [WARNING], "unchanged_since": SINCE},
            ("warning", "warning", "Mit Hinweisen"),
            True,
        ),
        ({"verdict": "rejected", "errors": [ERROR]}, ("danger", "danger", "Abgelehnt"), False),
    ],
)
async def test_a_verdict_has_its_word_in_the_list_and_alone(
    more: dict[str, Any], badge: tuple[str, str, str], same: bool
) -> None:
    browser = provider(submitted(**more))
    listed, alone = await seen(browser, OWN), await seen(browser, f"{OWN}/{ID}")
    assert set(badges(listed)) == {badge} == set(badges(alone))
    assert (ON_LIST in listed, ON_PAGE in alone) == (same, same)
    assert ("Das Angebot hat keinen Termin." in listed) == ("warnings" in more)
    assert ("Freitag, 8. Januar 2027, 9:41" in alone) == same


async def test_an_offer_that_was_withdrawn_before_has_no_version() -> None:
    browser = provider(submitted(type=OfferRecalled.type, unchanged_since=SINCE))
    listed, alone = await seen(browser, OWN), await seen(browser, f"{OWN}/{ID}")
    assert "Schon am 8. Januar 2027 zurückgezogen" in listed
    assert "Das Angebot ist schon zurückgezogen, seit Freitag, 8. Januar 2027, 9:41" in alone
    assert "Gleiche Fassung" not in listed + alone


async def test_the_office_reads_it_in_english() -> None:
    browser = provider(submitted(unchanged_since=SINCE), "office")
    alone = await seen(browser, f"/en{OWN}/{ID}")
    assert badges(alone) == [("neutral", "check", "Unchanged")]
    assert "Same version as on Friday 8 January 2027, 9:41" in alone
    assert "Nothing has changed about the offer." in alone


@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        ("", {}),
        ("abgelehnt", {"verdict": "rejected"}),
        ("angenommen", {"verdict": "accepted"}),
        ("unveraendert", {"unchanged": "true"}),
        ("erfunden", {}),
    ],
)
async def test_a_tab_asks_for_its_own(chosen: str, asked: dict[str, str]) -> None:
    services = Services({("GET", LIST): {"items": [], "next_cursor": None}})
    text = await seen(Browser(services, "provider"), f"{OWN}?ergebnis={chosen}")
    questions = [dict(each.url.params) for each in services.sent(LIST)]
    assert {**asked, "limit": "25"} in questions
    assert f'href="{OWN}?ergebnis=unveraendert"' in text
    if asked:
        assert f'href="{OWN}?ergebnis={chosen}" aria-current="page"' in text


async def test_a_catalogue_that_does_not_know_it_yet_stops_no_page() -> None:
    """While both are brought to a new version, either may be the first."""
    older = {name: value for name, value in submitted().items() if name != "unchanged_since"}
    browser = provider(older)
    listed, alone = await seen(browser, OWN), await seen(browser, f"{OWN}/{ID}")
    assert set(badges(listed + alone)) == {("success", "check", "Angenommen")}
