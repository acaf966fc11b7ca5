"""A provider's published offers: their runs, the emptiest first."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import formats, longer
from portal.backend import Down, Refused, part
from portal.page import Page
from portal.pages import screen

MOST_OFFERS = 100  # of one page: each is asked for with its runs
MOST_RUNS = 100  # of one question for seats


async def show(page: Page) -> Response:
    """The runs to come of some offers, with their seats as enrolment counts them."""
    rows = await longer.read(
        page,
        lambda cursor, limit: page.api.get(
            "/api/catalog/offers", provider="me", sort="start", cursor=cursor, limit=limit
        ),
        MOST_OFFERS,
    )
    offers = await asyncio.gather(*(_offer(page, each["offer_id"]) for each in rows.items))
    whole = [offer for offer in offers if offer]
    coming = [run for offer in whole for run in _coming(page, offer)]
    seats = await part(_seats(page, [run["run_id"] for run in coming]))
    new = {each["offer_id"] for each in rows.items[rows.new :]} if rows.new else set()
    runs = sorted(
        (filled(run, seats) for run in coming), key=lambda run: (run["share"], run["starts_at"])
    )
    with_runs = {run["offer_id"] for run in runs}
    return await page.render(
        "provider/offers.html",
        total=rows.found["total"],
        runs=runs,
        idle=[offer for offer in whole if offer["offer_id"] not in with_runs],
        seats_down=isinstance(seats, Down),
        # new ones stand among the others, the emptiest first
        rows=replace(rows, new=_place(runs, new)),
    )


def _place(runs: Sequence[Mapping[str, Any]], new: Container[str]) -> int:
    """The place of the first run of a new offer."""
    return next((place for place, run in enumerate(runs) if run["offer_id"] in new), 0)


async def _offer(page: Page, offer_id: str) -> dict[str, Any] | None:
    """An offer with its runs; none, if it was withdrawn meanwhile."""
    try:
        offer: dict[str, Any] = await page.api.get(f"/api/catalog/offers/{offer_id}")
    except Refused as no:
        if no.status != 404:
            raise
        return None
    return offer


def _coming(page: Page, offer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {**run, "title": offer["title"], "offer_id": offer["offer_id"]}
        for run in offer["runs"]
        if run["state"] == "scheduled" and formats.instant(run["ends_at"]) >= page.now
    ]


async def _seats(page: Page, run_ids: Sequence[str]) -> dict[str, Any]:
    """The seats by run."""
    parts = [run_ids[start : start + MOST_RUNS] for start in range(0, len(run_ids), MOST_RUNS)]
    answers = await asyncio.gather(
        *(page.api.get("/api/enrolment/seats", run_ids=",".join(ids)) for ids in parts)
    )
    return {each["run_id"]: each for answer in answers for each in answer["items"]}


def filled(run: Mapping[str, Any], seats: Mapping[str, Any] | Down) -> dict[str, Any]:
    """A run with what is booked, what is missing for its minimum, and how full it is.

    The catalogue's own count stands in for enrolment's; it may be a moment old.
    """
    counted = (seats.get(run["run_id"]) if seats else None) or run
    booked = max(0, counted["taken"] - counted["held"])
    capacity = max(1, counted["capacity"])
    return {
        **run,
        "decision_on": run.get("decision_on"),
        "booked": booked,
        "free": max(0, counted["capacity"] - counted["taken"]),
        "capacity": counted["capacity"],
        "waiting": counted["waiting"],
        "missing": max(0, run["min_participants"] - booked),
        "share": counted["taken"] / capacity,
    }


def routes() -> list[BaseRoute]:
    """The address."""
    return [screen("/anbieter/angebote", show, roles=("provider",))]
