"""The list of members on a day. Each look is kept with its reason, so both are asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal.backend import part
from portal.page import Page
from portal.pages import screen
from portal.pages.courses import day_of
from portal.words import N_

HERE = "/genossenschaft/mitglieder"
REASONS = (
    ("jahresabschluss", N_("Jahresabschluss")),
    ("mitglied", N_("Anfrage eines Mitglieds")),
    ("dritte", N_("Anfrage Dritter mit berechtigtem Interesse")),
    ("pruefung", N_("Prüfung durch den Prüfungsverband")),
    ("versammlung", N_("Vorbereitung der Generalversammlung")),
    ("pflege", N_("Pflege der Mitgliederliste")),
)
"""The occasions; the word in the address is what is kept with the look."""


async def show(page: Page) -> Response:
    """The question, and the list once day and reason are given."""
    asked = {"am": page.query.get("am", ""), "anlass": page.query.get("anlass", "")}
    errors = _errors(page, asked) if page.query else {}
    found = await part(_list(page, asked)) if page.query and not errors else None
    return await page.render(
        "office/members.html",
        status=422 if errors else 200,
        asked=asked if page.query else {"am": page.now.date().isoformat(), "anlass": ""},
        errors=errors,
        found=found,
        occasions=[("", N_("Bitte wählen")), *REASONS],
        table=f"{HERE}/datei?{urlencode(asked)}",
        document=f"{HERE}/pdf?{urlencode(asked)}",
        may_look_up=page.has("office"),
    )


def _errors(page: Page, asked: dict[str, str]) -> dict[str, str]:
    errors = {}
    if day_of(asked["am"]) is None:
        errors["am"] = page.say(N_("Das Datum ist nicht lesbar. Zum Beispiel: 14.1.2027"))
    if asked["anlass"] not in dict(REASONS):
        errors["anlass"] = page.say(N_("Geben Sie an, warum Sie die Liste ansehen."))
    return errors


def _query(asked: dict[str, str]) -> dict[str, str]:
    day = day_of(asked["am"])
    return {"on": day.isoformat() if day else "", "reason": dict(REASONS)[asked["anlass"]]}


async def _list(page: Page, asked: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = await page.api.get("/api/membership/members", **_query(asked))
    return found


async def table(page: Page) -> Response:
    """The same list for a spreadsheet."""
    return await _file(page, "text/csv")


async def document(page: Page) -> Response:
    """The same list as a document."""
    return await _file(page, "application/pdf")


async def _file(page: Page, kind: str) -> Response:
    """The list as membership writes it; that keeps this look, too."""
    asked = {"am": page.query.get("am", ""), "anlass": page.query.get("anlass", "")}
    if _errors(page, asked):
        return page.go(HERE + (f"?{urlencode(asked)}" if page.query else ""))
    got = await page.api.raw("/api/membership/members", kind, **_query(asked))
    passed_on = ("content-type", "content-disposition")
    headers = {name: got.headers[name] for name in passed_on if name in got.headers}
    return Response(got.content, headers=headers)


def routes() -> list[BaseRoute]:
    """The addresses."""
    roles = ("office", "auditor")
    return [
        screen(HERE, show, roles=roles),
        screen(f"{HERE}/datei", table, roles=roles),
        screen(f"{HERE}/pdf", document, roles=roles),
    ]
