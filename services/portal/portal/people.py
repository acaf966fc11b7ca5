"""The names of people. Only notifications knows them; a list works without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portal.backend import DOWN, Down, Refused, part
from portal.page import Page

CONTACTS = "/api/notifications/contacts"
AT_ONCE = 500

Names = Mapping[str, Mapping[str, Any]]
"""By reference: `name`, `department`, and whether the person `decides` on requests. Who is not in
it has no name (any more), or none that the reader may know."""


async def names(
    page: Page, refs: Iterable[str | None], own: Sequence[Mapping[str, Any]] = ()
) -> Names | Down:
    """The names of these people, or `DOWN` when nobody can be asked.

    `own`: requests of the person; who decides on them, or has rejected them, is among the names.
    """
    waits = any(map(_waits, own))
    wanted = sorted({ref for ref in (*refs, *map(_rejected_by, own)) if ref})
    known: dict[str, Mapping[str, Any]] = {}
    for first in range(0, max(len(wanted), int(waits)), AT_ONCE):
        asked = {"refs": wanted[first : first + AT_ONCE], **({"deciders": True} if waits else {})}
        try:
            found = await part(_look_up(page, asked))
        except Refused:
            if not own:
                raise
            return DOWN  # an older notifications beside a newer portal tells nobody who decides
        if isinstance(found, Down):
            return found
        known |= {each["person_ref"]: each for each in found}
    return known


async def _look_up(page: Page, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await page.api.send("POST", f"{CONTACTS}/lookup", asked)
    return found


def _waits(request: Mapping[str, Any]) -> bool:
    return bool(request["state"] == "awaiting_approval")


def _rejected_by(request: Mapping[str, Any]) -> str | None:
    return request["decided_by_ref"] if request["state"] == "rejected" else None


def deciders(page: Page, own: Sequence[Mapping[str, Any]], known: Names | Down) -> dict[str, str]:
    """Who decides on requests of the person, or has rejected them: a name by enrolment.

    Who is not known is not in it, nor who may decide beside others: a page does without. Nobody
    decides on an own request.
    """
    if isinstance(known, Down):
        return {}
    able = [
        each["name"]
        for ref, each in known.items()
        if each.get("decides") and ref != str(page.actor.person_ref)
    ]
    only = able[0] if len(able) == 1 else None
    by = {
        each["enrolment_id"]: only if _waits(each) else name_of(known, _rejected_by(each) or "")
        for each in own
    }
    return {enrolment_id: name for enrolment_id, name in by.items() if name}


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
