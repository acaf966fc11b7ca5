"""Lists that grow: `zeilen` in an address says how many rows are shown, `ab` where they begin.

"Weitere anzeigen" leads to the same list with more rows; with a script only the list is swapped and
the address replaced. So a reload, the way back and a live part show what was there before. A list
that has become too long for one page goes on with a page that begins where it ended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from portal.page import Page

STEP = 25
MOST = 500
AT_ONCE = 100
"""So many rows every service gives in one answer."""

Ask = Callable[[str | None, int], Awaitable[dict[str, Any]]]
"""Rows of a service from a cursor on, and how many: `items`, `next_cursor`, and what else it says
of the whole list."""


@dataclass(frozen=True)
class Rows:
    """The rows of a list that a page shows, and how to see others."""

    found: dict[str, Any]
    """The first answer with the `items` of all of them."""
    new: int
    """The place of the first row that was not there before more were asked for; 0: all were."""
    more: str | None = None
    """The address that shows more."""
    grows: bool = True
    """Whether `more` shows these rows, too."""
    begin: str | None = None
    """The address of the whole list, where this page begins within it."""

    @property
    def items(self) -> list[dict[str, Any]]:
        """The rows themselves."""
        items: list[dict[str, Any]] = self.found["items"]
        return items


NONE = Rows({"items": []}, 0)
"""Stands where nobody could be asked."""


async def read(page: Page, ask: Ask, most: int = MOST) -> Rows:
    """As many rows as the address asks for."""
    wanted, cursor = asked_for(page, most), page.query.get("ab") or None
    found = await ask(cursor, min(wanted, AT_ONCE))
    items, next_ = list(found["items"]), found.get("next_cursor")
    for before in range(AT_ONCE, wanted, AT_ONCE):
        if not next_:
            break
        further = await ask(next_, min(wanted - before, AT_ONCE))
        items += further["items"]
        next_ = further.get("next_cursor")
    grows = wanted + STEP <= most
    place: dict[str, str | int | None] = {"ab": cursor, "zeilen": wanted + STEP}
    return Rows(
        found={**found, "items": items},
        new=wanted - STEP,
        more=address(page, **(place if grows else {"ab": next_})) if next_ else None,
        grows=grows,
        begin=address(page) if cursor else None,
    )


def asked_for(page: Page, most: int = MOST) -> int:
    """How many rows the address asks for: whole steps."""
    typed = page.query.get("zeilen", "")
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else STEP
    return max(STEP, min(most, number // STEP * STEP))


def address(page: Page, **place: str | int | None) -> str:
    """This page under its filters, at another place of its list."""
    kept = [
        (name, value)
        for name, value in page.request.query_params.multi_items()
        if value and name not in ("ab", "zeilen")
    ]
    query = urlencode(kept + [(name, value) for name, value in place.items() if value])
    path: str = page.request.state.path
    return path + (f"?{query}" if query else "")
