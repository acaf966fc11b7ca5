"""Booking for many: how far it is, and what came of it, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import drafts, enrolments
from portal.backend import Down, part
from portal.page import Page
from portal.pages import screen
from portal.pages.bulk_start import COORDINATOR
from portal.roster import SHOWN, Roster, Row, Verdict

JOBS = "/api/enrolment/jobs"
ORDER = {None: 0, "waitlisted": 1}
"""What needs a look comes first: who was not booked, then who waits."""


def settled(roster: Roster, verdicts: list[Verdict], answer: Mapping[str, Any]) -> Roster:
    """The list after the booking: its result, and the rows that still need a hand.

    The answer to a long list names a job, which knows its rows; here only their names are kept.
    """
    sent = sorted((each.row for each in verdicts if not each.bad), key=lambda row: row.number)
    said = answer["rows"] if "rows" in answer else [{"person_ref": row.ref} for row in sent]
    rows = [
        {"number": row.number, "name": row.name, "mail": row.mail, **each}
        for row, each in zip(sent, said, strict=True)
    ]
    left = [each.row for each in verdicts if each.bad]
    result = {
        "run_id": roster.run_id,
        "job_id": answer.get("job_id"),
        "rows": rows,
        "left": len(left),
    }
    return Roster(
        id=str(uuid4()),
        run_id=roster.run_id,
        rows=sorted(left, key=lambda row: row.number),
        cost_centre=roster.cost_centre,
        order_reference=roster.order_reference,
        all_or_nothing=roster.all_or_nothing and bool(answer.get("job_id")),
        result=result,
    )


async def result(page: Page) -> Response:
    """What came of it, as it stands now; of a long list how far it is."""
    roster = await drafts.roster(page)
    if not roster.result:
        return page.go("/buchungen/neu/termin")
    run = await page.api.get(f"/api/catalog/runs/{roster.result['run_id']}")
    job_id = roster.result.get("job_id")
    if job_id is None:
        now = await _now(page, roster.result["run_id"])
        return await _shown(
            page, roster, run, [(row, now.get(_id(row))) for row in roster.result["rows"]]
        )
    job = await page.api.get(f"{JOBS}/{job_id}", rows="false")
    if job["state"] == "working":
        return await page.render("bulk/progress.html", run=run, job=job)
    job = await page.api.get(f"{JOBS}/{job_id}")
    rows = [
        (kept | said, enrolments.of_row(said, job["created_at"]))
        for kept, said in zip(roster.result["rows"], job["rows"], strict=True)
    ]
    if job["state"] == "refused":
        await _give_back(page, roster)
    return await _shown(page, roster, run, rows, why=job.get("detail"))


async def _now(page: Page, run_id: str) -> dict[str | None, Any]:
    """The bookings of the run as they stand now; none where nobody can be asked."""
    found = await part(enrolments.several(page, run_id=run_id, limit=100))
    return (
        {} if isinstance(found, Down) else {each["enrolment_id"]: each for each in found["items"]}
    )


def _id(row: Mapping[str, Any]) -> str | None:
    return row.get("enrolment_id")


async def _give_back(page: Page, roster: Roster) -> None:
    """Nobody was booked: everybody stands in the list again, to be booked in another way."""
    if roster.result is None or roster.result.get("given_back"):
        return
    booked = [
        Row(row["number"], row["name"], row["mail"], row["person_ref"])
        for row in roster.result["rows"]
    ]
    roster.rows = sorted([*roster.rows, *booked], key=lambda row: row.number)
    roster.result["given_back"] = True
    await drafts.keep(page, roster)


async def _shown(
    page: Page,
    roster: Roster,
    run: Mapping[str, Any],
    rows: list[tuple[dict[str, Any], Any]],
    why: str | None = None,
) -> Response:
    states = [row.get("state") for row, _ in rows]
    given_back = bool(roster.result and roster.result.get("given_back"))
    before = roster.result["left"] if roster.result else 0
    first = sorted(rows, key=lambda pair: ORDER.get(pair[0].get("state"), len(ORDER)))
    return await page.render(
        "bulk/result.html",
        run=run,
        rows=[{"row": row, "booking": booking} for row, booking in first[:SHOWN]],
        total=len(rows),
        why=why if given_back else None,
        booked=sum(state not in (None, "waitlisted") for state in states),
        line=states.count("waitlisted"),
        failed=states.count(None) + before,
        left=len(roster.rows),
    )


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [screen("/buchungen/neu/ergebnis", result, roles=COORDINATOR)]
