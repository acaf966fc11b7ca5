"""Searching for a course."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import longer
from portal.page import Page
from portal.pages import screen
from portal.words import N_

FORMATS = {
    "hybrid": N_("Hybrid"),
    "presence": N_("In Präsenz"),
    "live_online": N_("Live online"),
    "on_demand": N_("Selbstlernkurs"),
}
SORTS = {
    "": ("relevance", N_("Bester Treffer")),
    "termin": ("start", N_("Nächster Termin")),
    "preis": ("price", N_("Niedrigster Preis")),
    "titel": ("title", N_("Titel")),
}
FREE_ONLY = N_("Nur mit freien Plätzen")
GERMAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})")
FACETS = (("format", "format"), ("kompetenz", "skill"), ("anbieter", "provider"))


def day_of(text: str) -> date | None:
    """A day as the date field sends it, or as a person types it: `14.1.27`."""
    try:
        typed = GERMAN_DAY.fullmatch(text.strip())
        if typed:
            day, month, year = (int(number) for number in typed.groups())
            return date(2000 + year if len(typed[3]) == 2 else year, month, day)
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


async def search(page: Page) -> Response:
    """Hits, their prices for the own employer, and filters with counts."""
    asked = {name: page.several(name) for name, _ in FACETS}
    asked["format"] = [name for name in asked["format"] if name in FORMATS]
    first, last = page.query.get("von", ""), page.query.get("bis", "")
    errors = period_errors(page, first, last)
    query, sort = page.query.get("q", "").strip()[:200], page.query.get("sortieren", "")
    place, free_only = page.query.get("ort", "").strip()[:100], page.query.get("frei") == "1"
    wanted = {
        "q": query,
        **{theirs: asked[ours] for ours, theirs in FACETS},
        "place": place,
        "free_only": "true" if free_only else None,
        "starts_after": (day_of(first) or "") if not errors else "",
        "starts_before": (day_of(last) or "") if not errors else "",
        "sort": SORTS.get(sort, SORTS[""])[0] if query or sort else None,
    }
    rows = await _hits(page, wanted)
    found = rows.found
    chips = _chips(page, asked, found["facets"]) + _single_chips(page, place, free_only)
    return await page.render(
        "courses/search.html",
        query=query,
        found=found,
        rows=rows,
        asked=asked,
        place=place,
        free_only=free_only,
        meant=_meant(page, found),
        first=first,
        last=last,
        sort=sort,
        errors=errors,
        name_of=lambda facet: label(facet, page.lang),
        formats=FORMATS,
        sorts=SORTS,
        chips=chips,
        active=len(chips) + bool(first) + bool(last),
    )


async def _hits(page: Page, wanted: Mapping[str, Any]) -> longer.Rows:
    async def ask(cursor: str | None, limit: int) -> dict[str, Any]:
        path = "/api/catalog/offers"
        found: dict[str, Any] = await page.api.get(path, **wanted, cursor=cursor, limit=limit)
        return found

    return await longer.read(page, ask)


def period_errors(page: Page, first: str, last: str) -> dict[str, str]:
    """What cannot be read of the fields `von` and `bis`."""
    errors = {}
    for name, text in (("von", first), ("bis", last)):
        if text and day_of(text) is None:
            errors[name] = page.say(N_("Das Datum ist nicht lesbar. Zum Beispiel: 14.1.2027"))
    begin, end = day_of(first), day_of(last)
    if not errors and begin and end and end < begin:
        errors["bis"] = page.say(N_("Das Datum liegt vor „Beginn ab“."))
    return errors


def _state(page: Page) -> dict[str, Any]:
    """The query as it is, without the place in the list."""
    names = [name for name in page.query if name not in ("ab", "zeilen")]
    return {name: page.several(name) for name in names}


def _address(state: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in state.items() if value}
    text = urlencode(kept, doseq=True)
    return "/kurse" + (f"?{text}" if text else "")


def _chips(
    page: Page, asked: Mapping[str, list[str]], facets: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """The active filters: their names, and the address without each."""
    chips = []
    for ours, theirs in FACETS:
        labels = {each["value"]: label(each, page.lang) for each in facets[theirs]}
        for value in asked[ours]:
            state = _state(page)
            state[ours] = [other for other in asked[ours] if other != value]
            word = page.say(FORMATS[value]) if ours == "format" else labels.get(value, value)
            chips.append((word, _address(state)))
    return chips


def _single_chips(page: Page, place: str, free_only: bool) -> list[tuple[str, str]]:
    """The same for the filters that have one value."""
    words = {"ort": place, "frei": page.say(FREE_ONLY) if free_only else ""}
    return [(word, _address({**_state(page), name: None})) for name, word in words.items() if word]


def _meant(page: Page, found: Mapping[str, Any]) -> tuple[str, str] | None:
    """Another spelling that finds more, and the address of the same search with it."""
    spelling = found.get("suggestion")
    return (spelling, _address({**_state(page), "q": spelling})) if spelling else None


def label(facet: Mapping[str, Any], lang: str) -> str:
    """The name of a facet's value: the catalogue knows it in several languages, or as it is."""
    names = facet.get("label") or {}
    return str(names.get(lang) or names.get("de") or facet["value"])


def routes() -> list[BaseRoute]:
    """The address."""
    return [screen("/kurse", search, public=True)]
