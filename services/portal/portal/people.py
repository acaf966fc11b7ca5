"""The names of people. Only notifications knows them; a list works without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portal.backend import Down, Refused, part
from portal.page import Page

CONTACTS = "/api/notifications/contacts"
AT_ONCE = 500

Names = Mapping[str, Mapping[str, Any]]
"""By reference: `name` and `department`. Who is not in it has no name (any more)."""


async def names(page: Page, refs: Iterable[str | None]) -> Names | Down:
    """The names of these people, or `DOWN` when nobody can be asked."""
    wanted = sorted({ref for ref in refs if ref})
    known: dict[str, Mapping[str, Any]] = {}
    for first in range(0, len(wanted), AT_ONCE):
        found = await part(_look_up(page, wanted[first : first + AT_ONCE]))
        if isinstance(found, Down):
            return found
        known |= {each["person_ref"]: each for each in found}
    return known


async def _look_up(page: Page, refs: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await page.api.send("POST", f"{CONTACTS}/lookup", {"refs": refs})
    return found


async def named_like(page: Page, words: str, most: int) -> list[dict[str, Any]]:
    """People of the own organisation whose name, address or department has these words.

    Only a coordinator may look for people; everybody else finds nobody.
    """
    if not words or not page.has("coordinator"):
        return []
    try:
        found = await part(page.api.get(CONTACTS, q=words, limit=most))
    except Refused:
        return []
    return [] if isinstance(found, Down) else list(found["items"])


async def departments(page: Page) -> list[str] | Down:
    """The departments of the own organisation, by name."""
    try:
        found = await part(page.api.get(f"{CONTACTS}/departments"))
    except Refused:  # an older notifications beside a newer portal knows no such route
        return []
    return found if isinstance(found, Down) else [each["department"] for each in found["items"]]


async def members(page: Page, department: str) -> Mapping[str, Any] | Down:
    """Who is in a department: `person_refs`, and `more` if it is too large to name everybody."""
    found: Mapping[str, Any] | Down = await part(
        page.api.get(f"{CONTACTS}/departments/members", department=department)
    )
    return found


def name_of(names: Names | Down, ref: str) -> str | None:
    """A name, or None."""
    known = {} if isinstance(names, Down) else names.get(ref, {})
    return known.get("name")
