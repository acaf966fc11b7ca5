"""A list in which nothing is left names its filters; dates say their format."""

from __future__ import annotations

import re
from typing import Any

import pytest
from portal.pages.bookings import TABS

from .stand_in import Browser, Services
from .test_several import LIST

NOTHING: dict[str, Any] = {"items": [], "counts": {}, "next_cursor": None}
FORMAT = "Zum Beispiel: 14.1.2027"


def bookings() -> Browser:
    """A coordinator whose list is empty."""
    return Browser(Services({("GET", LIST): NOTHING}), "coordinator")


@pytest.mark.parametrize("tab", TABS[1:])
async def test_each_tab_says_what_there_is_none_of(tab: Any) -> None:
    text = (await bookings().get(f"/buchungen?stand={tab.name}")).text
    assert tab.none
    assert tab.none in text
    assert "Alle Buchungen anzeigen" in text


async def test_the_other_filters_are_named_as_they_were_typed() -> None:
    query = "q=Akte&von=1.3.27&bis=2027-03-31&termin=5c0d2a70-0000-4000-8000-000000000001"
    text = (await bookings().get(f"/buchungen?{query}")).text
    assert "Keine Buchung gefunden" in text
    named = "Ein Termin, Beginn ab 01.03.2027, Beginn bis 31.03.2027"
    assert f"Gefiltert nach: „Akte“, {named}" in text


async def test_without_a_filter_it_says_what_will_stand_there() -> None:
    assert "Noch keine Buchungen" in (await bookings().get("/buchungen")).text


async def test_an_inbox_without_unread_messages_leads_to_all() -> None:
    nothing = {"items": [], "unread": 0, "next_cursor": None}
    known = Services({("GET", "/api/notifications/notices"): nothing})
    text = (await Browser(known, "employee").get("/posteingang?ungelesen=1")).text
    assert "Keine ungelesene Nachricht" in text
    assert "Alle Nachrichten anzeigen" in text


@pytest.mark.parametrize(
    ("role", "path", "fields"),
    [
        ("coordinator", "/buchungen", 2),
        ("coordinator", "/kurse", 2),
        ("office", "/genossenschaft/mitglieder", 1),
    ],
)
async def test_a_field_for_a_day_says_its_format(role: str, path: str, fields: int) -> None:
    courses = {
        **NOTHING, "total": 0, "similar": False, "suggestion": None,
        "facets": {"format": [], "provider": [], "skill": [], "free_only": 0},
    }  # fmt: skip
    known = Services({("GET", LIST): NOTHING, ("GET", "/api/catalog/offers"): courses})
    text = (await Browser(known, role).get(path)).text
    assert text.count(FORMAT) == text.count('type="date"') == fields


async def test_a_day_that_cannot_be_read_stays_in_its_field() -> None:
    path = "/genossenschaft/mitglieder?am=32.13.&anlass=pruefung"
    text = (await Browser(Services(), "office").get(path)).text
    assert re.search(r'name="am" type="text" value="32\.13\."', text)
