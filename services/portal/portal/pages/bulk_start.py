"""Booking for many: which date, and whom."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import drafts, formats, people, sheets
from portal.backend import Down, part
from portal.page import Flash, Page
from portal.pages import action, screen
from portal.pages.bookings import uuid_of
from portal.pages.offer import seats_of, with_seats
from portal.roster import MOST, Roster, Row, rows_of
from portal.words import N_

COORDINATOR = ("coordinator",)
FOUND = 10
SHOWN = 25
LARGEST_FILE = 200_000

Errors = dict[str, str]


async def choose(page: Page) -> Response:
    """Search for a course, then choose one of its dates."""
    query = page.query.get("q", "").strip()[:200]
    offer_id = uuid_of(page.query.get("kurs"))
    begun = await drafts.roster(page)
    chosen = await page.api.get(f"/api/catalog/offers/{offer_id}") if offer_id else None
    runs: list[dict[str, Any]] = []
    if chosen:
        seats = await part(seats_of(page, chosen["runs"]))
        runs = [with_seats(page, run, seats) for run in chosen["runs"]]
    found = None
    if not chosen:
        found = await page.api.get("/api/catalog/offers", q=query, limit=FOUND)
    return await page.render(
        "bulk/run.html",
        query=query,
        found=found,
        offer=chosen,
        runs=[run for run in runs if run["open"]],
        begun=begun if begun.rows else None,
        given=begun.run_id,
    )


async def ask_discard(page: Page) -> Response:
    """What is lost, before it is."""
    begun = await drafts.roster(page)
    if not begun.rows:
        return page.go("/buchungen/neu/termin")
    return await page.render("bulk/discard.html", count=len(begun.rows))


async def discard(page: Page) -> Response:
    """Throw the list away."""
    await drafts.drop(page)
    return page.go("/buchungen", Flash("info", page.say(N_("Die Liste ist verworfen."))))


async def whom(page: Page, errors: Errors | None = None, given: Roster | None = None) -> Response:
    """Three ways to say whom: pick, paste, or a file."""
    roster = given or await drafts.roster(page)
    run_id = uuid_of(page.query.get("termin")) or roster.run_id
    if run_id is None:
        return page.go("/buchungen/neu/termin")
    run = await page.api.get(f"/api/catalog/runs/{run_id}")
    listed = {row.ref for row in roster.rows if row.ref}
    return await page.render(
        "bulk/people.html",
        status=422 if errors else 200,
        run=run,
        seats=await part(page.api.get(f"/api/enrolment/runs/{run_id}/seats")),
        found=await part(page.api.get(people.CONTACTS, q=roster.query, limit=SHOWN)),
        listed=listed,
        roster=roster,
        errors=errors or {},
    )


async def take(page: Page) -> Response:
    """Put people on the list. Whatever was typed is kept, also when something is wrong with it."""
    form = await page.form()
    roster = await drafts.roster(page)
    roster.run_id = uuid_of(_text(form, "termin")) or roster.run_id
    roster.text, roster.query = _text(form, "liste"), ""
    errors: Errors = {}
    picked = await _picked(page, form)
    if isinstance(picked, Down):
        errors[""] = page.say(N_("Namen sind gerade nicht abrufbar."))
        picked = []
    roster.add(picked)
    if _text(form, "tun") == "suchen":
        roster.query = _text(form, "q")[:100]
        await drafts.keep(page, roster)
        return page.go("/buchungen/neu/personen")
    file = await _file(page, form, errors)
    new = rows_of(sheets.cells(roster.text, sheets.separator_of(roster.text)))
    if file:
        roster.file, from_file = file
        roster.rows = [row for row in roster.rows if not row.from_file]
        new += from_file
    _put(page, roster, new, errors)
    await drafts.keep(page, roster)
    if errors:
        return await whom(page, errors, roster)
    return page.go("/buchungen/neu/pruefen")


def _put(page: Page, roster: Roster, new: list[Row], errors: Errors) -> None:
    """Put typed rows on the list, unless it would become too long for one booking."""
    before = list(roster.rows)
    roster.add(new)
    if len(roster.rows) > MOST:
        n, roster.rows = len(roster.rows), before
        text = N_(
            "Die Liste hätte %(n)s Personen. Eine Buchung fasst %(most)s: teilen Sie sie auf."
        )
        errors["liste" if roster.text else "datei"] = page.say(
            text, n=formats.number(n, page.lang), most=formats.number(MOST, page.lang)
        )
    elif not roster.rows and not errors:
        errors["liste"] = page.say(N_("Bitte nennen Sie mindestens eine Person."))
    elif not errors:
        roster.text = ""


async def _picked(page: Page, form: FormData) -> list[Row] | Down:
    """Who was ticked, with names."""
    refs = [ref for ref in (uuid_of(str(each)) for each in form.getlist("person")) if ref]
    known = await people.names(page, refs)
    if isinstance(known, Down):
        return known
    return [Row(0, known[ref].get("name") or "", "", ref) for ref in refs if ref in known]


async def _file(
    page: Page, form: FormData, errors: Errors
) -> tuple[dict[str, str], list[Row]] | None:
    """What was uploaded, and the rows in it."""
    given = form.get("datei")
    if not isinstance(given, UploadFile) or not given.filename:
        return None
    content = await given.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        errors["datei"] = page.say(N_("Die Datei ist größer als 200 KB. Bitte teilen Sie sie auf."))
        return None
    if b"\0" in content and sheets.encoding_of(content) != "utf-16":
        errors["datei"] = page.say(
            N_("Das ist keine CSV-Datei. Speichern Sie die Tabelle als CSV.")
        )
        return None
    return as_read(given.filename, content)


def as_read(
    name: str, content: bytes, encoding: str = "", separator: str = ""
) -> tuple[dict[str, str], list[Row]]:
    """A file, how it was understood, and its people."""
    sheet = sheets.read(content, encoding, separator)
    rows = rows_of(sheet.lines)
    for row in rows:
        row.from_file = True
    kept = {"name": name, "encoding": sheet.encoding, "separator": sheet.separator}
    return {**kept, "lines": str(len(rows)), "raw": base64.b64encode(content).decode()}, rows


async def read_again(page: Page) -> Response:
    """Read the file in another way than we thought."""
    form = await page.form()
    roster = await drafts.roster(page)
    if roster.file:
        content = base64.b64decode(roster.file["raw"])
        asked = (_text(form, "zeichensatz"), _text(form, "trennzeichen"))
        roster.file, rows = as_read(roster.file["name"], content, *asked)
        roster.rows = [row for row in roster.rows if not row.from_file]
        errors: Errors = {}
        _put(page, roster, rows, errors)
        await drafts.keep(page, roster)
        if errors:
            return await whom(page, errors, roster)
    return page.go("/buchungen/neu/pruefen")


def _text(form: FormData | Mapping[str, Any], name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [
        screen("/buchungen/neu/termin", choose, roles=COORDINATOR),
        screen("/buchungen/neu/verwerfen", ask_discard, post=discard, roles=COORDINATOR),
        screen("/buchungen/neu/personen", whom, post=take, roles=COORDINATOR),
        action("/buchungen/neu/datei", read_again, roles=COORDINATOR),
    ]
