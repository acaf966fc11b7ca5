"""Lists that grow: rows stay, the address says how many, the first new row is where it goes on."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from portal import longer

from .stand_in import Browser, Services
from .test_several import BOOKING, LIST, id_

MORE = {"HX-Request": "true", "HX-Trigger": "mehr"}


class Book:
    """A list of so many bookings, a page at a time, as enrolment gives it."""

    def __init__(self, count: int) -> None:
        self.rows = [
            {**BOOKING, "enrolment_id": id_(n), "title": f"Kurs {n}"} for n in range(1, count + 1)
        ]
        self.limits: list[int] = []
        self.others = Services()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != LIST:
            return self.others(request)
        limit, first = (int(request.url.params.get(name) or 0) for name in ("limit", "cursor"))
        self.limits.append(limit)
        last = first + limit
        return httpx.Response(
            200,
            json={
                "items": self.rows[first:last],
                "counts": {"confirmed": len(self.rows)},
                "next_cursor": str(last) if last < len(self.rows) else None,
            },
        )


def titles(text: str) -> list[int]:
    """The rows that are shown."""
    return [int(n) for n in re.findall(r">Kurs (\d+)</a>", text)]


def more(text: str) -> str | None:
    """Where the link to more rows leads, without a script."""
    found = re.search(r'id="mehr" href="([^"]+)"', text)
    return found[1].replace("&amp;", "&") if found else None


async def test_more_rows_stand_behind_those_before_also_without_a_script() -> None:
    browser = Browser(Book(60), "coordinator")
    first = (await browser.get("/buchungen?q=Kurs&stand=bestaetigt")).text
    assert titles(first) == [*range(1, 26)]
    assert more(first) == "/buchungen?q=Kurs&stand=bestaetigt&zeilen=50#neu"
    second = (await browser.get("/buchungen?q=Kurs&stand=bestaetigt&zeilen=50")).text
    assert titles(second) == [*range(1, 51)]
    before, after = second.split('id="neu"')
    assert titles(before)[-1] == 25
    assert titles(after)[0] == 26
    assert "autofocus" not in second, "a page that was opened begins at its beginning"
    third = (await browser.get("/buchungen?zeilen=75")).text
    assert titles(third) == [*range(1, 61)]
    assert more(third) is None


async def test_the_script_goes_to_the_first_new_row_only_when_more_were_asked_for() -> None:
    browser = Browser(Book(60), "coordinator")
    grown = (await browser.get("/buchungen?zeilen=50", MORE)).text
    (place,) = re.findall(r'id="k-([^"]+)" tabindex="-1" autofocus', grown)
    assert place == id_(26)
    live = (await browser.get("/buchungen?zeilen=50", {**MORE, "HX-Trigger": "liste"})).text
    assert "autofocus" not in live
    assert titles(live) == titles(grown), "what is fetched again shows as many"


async def test_a_service_is_asked_for_no_more_than_it_gives_at_once() -> None:
    book = Book(400)
    shown = (await Browser(book, "coordinator").get("/buchungen?zeilen=250")).text
    assert titles(shown) == [*range(1, 251)]
    assert max(book.limits) == longer.AT_ONCE


async def test_a_list_that_is_too_long_for_a_page_goes_on_with_another_and_back() -> None:
    browser = Browser(Book(longer.MOST + 30), "coordinator")
    whole = (await browser.get(f"/buchungen?q=K&zeilen={longer.MOST}")).text
    assert more(whole) == f"/buchungen?q=K&ab={longer.MOST}"
    rest = (await browser.get(f"/buchungen?q=K&ab={longer.MOST}")).text
    assert titles(rest)[0] == longer.MOST + 1
    assert 'href="/buchungen?q=K">Zum Anfang der Liste' in rest
    assert more(rest) == f"/buchungen?q=K&ab={longer.MOST}&zeilen=50#neu"


@pytest.mark.parametrize("typed", ["", "0", "7", "-50", "viel", "²", "99999999999", "26"])
async def test_whatever_the_address_says_it_is_whole_steps(typed: str) -> None:
    book = Book(60)
    answer = await Browser(book, "coordinator").get(f"/buchungen?zeilen={typed}")
    assert answer.status_code == 200
    assert len(titles(answer.text)) == 25


async def test_prices_for_the_own_municipality_are_shown_in_a_list_that_grows() -> None:
    offer: dict[str, Any] = {
        "offer_id": "o", "title": "Kurs", "provider_name": "P", "next_run": None,
        "format": "presence", "workload_hours": 0, "standard_cents": 44100, "member_cents": 35300,
    }  # fmt: skip
    found = {
        "items": [offer], "total": 1, "similar": False, "suggestion": None, "next_cursor": None,
        "facets": {"format": [], "provider": [], "skill": [], "free_only": 0},
    }  # fmt: skip
    own = {"name": "Kreis", "member_today": True, "member_since_on": "2026-02-01"}
    known = Services(
        {
            ("GET", "/api/catalog/offers"): found,
            ("GET", "/api/membership/organisations/me"): own,
        }
    )
    text = (await Browser(known, "employee", organisation=True).get("/kurse?zeilen=50", MORE)).text
    assert "353\xa0€</p>" in text
    assert "Mitglieder zahlen" not in text
