"""The search page: its filters in the address, and another spelling where nothing is found."""

from typing import Any

from services.portal.tests.stand_in import Browser, Services

OFFERS = "/api/catalog/offers"
FOUND: dict[str, Any] = {
    "items": [], "total": 0, "similar": False, "suggestion": None, "next_cursor": None,
    "facets": {"format": [], "provider": [], "skill": [], "free_only": 7},
}  # fmt: skip


def services(**more: Any) -> Services:
    return Services({("GET", OFFERS): {**FOUND, **more}})


async def test_free_seats_and_place_are_asked_for_and_can_be_taken_away() -> None:
    known = services()
    page = await Browser(known, "employee").get("/kurse?q=Akte&frei=1&ort=K%C3%B6ln")
    (asked,) = known.sent(OFFERS)
    wished = asked.url.params
    assert (wished["free_only"], wished["place"], wished["q"]) == ("true", "Köln", "Akte")
    assert 'name="frei" value="1" checked' in page.text
    assert 'value="Köln"' in page.text
    assert "Filter (2 aktiv)" in page.text
    assert 'href="/kurse?q=Akte&amp;frei=1">Köln' in page.text
    assert 'href="/kurse?q=Akte&amp;ort=K%C3%B6ln">Nur mit freien Plätzen' in page.text


async def test_what_is_not_ticked_is_not_asked_for() -> None:
    known = services()
    page = await Browser(known, "employee").get("/kurse?frei=nein")
    (asked,) = known.sent(OFFERS)
    assert "free_only" not in asked.url.params
    assert "place" not in asked.url.params
    assert 'name="frei" value="1">' in page.text
    assert '<span class="kc-check__n">7</span>' in page.text


async def test_another_spelling_is_a_link_to_the_same_search_with_it() -> None:
    known = services(suggestion="Excel <für> alle", similar=True)
    page = await Browser(known, "employee").get("/en/kurse?q=Exel&frei=1&ab=x")
    link = 'href="/en/kurse?q=Excel+%3Cf%C3%BCr%3E+alle&amp;frei=1">Excel &lt;für&gt; alle</a>?'
    assert link in page.text
    assert "Did you mean" in page.text


async def test_without_another_spelling_nothing_is_said_of_it() -> None:
    page = await Browser(services(), "employee").get("/kurse?q=gibtesnicht")
    assert "Meinten Sie" not in page.text
    assert "Kein Kurs zu „gibtesnicht“" in page.text
