"""The first page: what waits for me comes first."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import enrolments, formats, people, states
from portal.backend import Down, part
from portal.page import Page
from portal.pages import PEOPLE, dead_letters, screen, submissions
from portal.pages.dead_letters import SERVICES

SHOWN = 5


async def start(page: Page) -> Response:
    """By the strongest role of the person."""
    if not page.signed_in:
        return page.go("/kurse")
    (own, open_, known), provider, office, letters = await asyncio.gather(
        _requests(page),
        part(_rejected(page)),
        part(_applications(page)),
        _set_aside(page),
    )
    mine = own or []
    return await page.render(
        "start.html",
        retried="heute",
        own=own,
        offered=[each for each in mine if each["state"] == "offered"],
        dates=_dates(page, mine),
        asked=[
            each
            for each in mine
            if each["state"] in ("requested", "awaiting_approval", "waitlisted")
        ][:SHOWN],
        deciders=people.deciders(page, mine, known),
        to_decide=open_,
        names=known,
        rejected=provider,
        applications=office,
        set_aside=sum(count for count in letters.values() if isinstance(count, int)),
        silent=[name for name, count in letters.items() if isinstance(count, Down)],
        has_courses=page.has(*PEOPLE),
    )


def _dates(page: Page, mine: list[dict[str, Any]]) -> list[dict[str, Any]]:
    coming = [
        each
        for each in mine
        if each["state"] == "confirmed" and formats.instant(each["ends_at"]) >= page.now
    ]
    return sorted(coming, key=lambda each: str(each["starts_at"]))[:SHOWN]


async def _requests(
    page: Page,
) -> tuple[list[dict[str, Any]] | Down | None, dict[str, Any] | Down | None, people.Names | Down]:
    """Own requests, those to decide on, and the names of all whom they concern."""
    own, open_ = await asyncio.gather(part(_own(page)), part(_to_decide(page)))
    persons = (each["person_ref"] for each in (open_ or {"items": []})["items"])
    return own, open_, await people.names(page, persons, own=own or ())


async def _own(page: Page) -> list[dict[str, Any]] | None:
    """What the person has open."""
    if not page.has(*PEOPLE):
        return None
    found = await enrolments.several(
        page, person_ref=str(page.actor.person_ref), state=list(states.OPEN), limit=100
    )
    return list(found["items"])


async def _to_decide(page: Page) -> dict[str, Any] | None:
    """What a coordinator or an approver has to look at."""
    if not page.has("coordinator", "approver"):
        return None
    due = ["awaiting_approval", "offered"] if page.has("coordinator") else ["awaiting_approval"]
    found = await enrolments.several(page, state=due, sort="deadline", limit=SHOWN)
    total = sum(found["counts"].get(state, 0) for state in due)
    return {**found, "total": total}


async def _rejected(page: Page) -> list[dict[str, Any]] | None:
    if not page.has("provider"):
        return None
    return (await submissions.open_refusals(page))[:SHOWN]


async def _applications(page: Page) -> list[dict[str, Any]] | None:
    if not page.has("office"):
        return None
    found = await page.api.get("/api/membership/applications", state="applied", limit=SHOWN)
    return list(found["items"])


async def _set_aside(page: Page) -> dict[str, int | Down]:
    """How many messages each service has set aside, for operations."""
    if not page.has("ops"):
        return {}
    counts = await asyncio.gather(*(part(dead_letters.count(page, name)) for name in SERVICES))
    return dict(zip(SERVICES, counts, strict=True))


def routes() -> list[BaseRoute]:
    """The address."""
    return [screen("/", start, public=True)]
