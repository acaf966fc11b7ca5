"""Trying an offer before it is sent: the very same judgement, and nothing is kept."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import findings, pointers
from portal.backend import DOWN, Down, Refused, part
from portal.page import Page
from portal.pages import screen
from portal.pages.bookings import uuid_of
from portal.pages.courses import FORMATS
from portal.pages.submissions import SUBMISSIONS
from portal.words import N_

MOST = 256_000
NOTHING = N_("Fügen Sie ein Angebot ein, oder wählen Sie eine Datei.")
TOO_LARGE = N_("Der Text ist zu groß. Möglich sind 256 kB.")
NO_TEXT = N_("Die Datei ist kein Text in UTF-8.")


async def show(page: Page) -> Response:
    """The empty field, or what was submitted once (`?einreichung=`)."""
    text = ""
    if asked := page.query.get("einreichung"):
        submission = uuid_of(asked)
        if submission is None:
            raise page.missing()
        found = await page.api.get(f"{SUBMISSIONS}/{submission}")
        text = pointers.pretty(found["payload"] or "")
    return await _render(page, text)


async def check(page: Page) -> Response:
    """The verdict beside the text that it is about."""
    text, error = await _given(page)
    if error:
        return await _render(page, text, error=page.say(error))
    offer, fault = pointers.parsed(text)
    if fault is not None:
        return await _render(page, text, fault=fault)
    try:
        checked = await part(page.api.send("POST", "/api/catalog/offers/check", offer))
    except Refused as no:
        if no.status == 403:
            raise
        return await _render(page, text, error=no.detail)
    return await _render(page, text, checked=checked, offer=offer)


async def _given(page: Page) -> tuple[str, str]:
    """The text of the field, or of the file in its place; and what is wrong with it."""
    form = await page.form()
    text = str(form.get("angebot", ""))
    file = form.get("datei")
    if isinstance(file, UploadFile) and file.filename:
        try:
            text = (await file.read(MOST + 1)).decode("utf-8-sig")
        except UnicodeDecodeError:
            return text, NO_TEXT
    text = text.replace("\r\n", "\n")
    if not text.strip():
        return text, NOTHING
    return (text, TOO_LARGE) if len(text.encode()) > MOST else (text, "")


async def _render(
    page: Page,
    text: str,
    *,
    error: str = "",
    fault: pointers.Fault | None = None,
    checked: Any = None,
    offer: dict[str, Any] | None = None,
) -> Response:
    verdict = checked if checked and not isinstance(checked, Down) else None
    places = pointers.lines(text) if verdict else {}
    errors = [findings.shown(each) for each in verdict["errors"]] if verdict else []
    warnings = [findings.shown(each) for each in verdict["warnings"]] if verdict else []
    return await page.render(
        "provider/check.html",
        status=422 if error or fault else 200,
        text=text,
        error=error,
        fault=fault,
        verdict=verdict,
        errors=errors,
        warnings=warnings,
        line_of={
            each.pointer: pointers.line_of(each.pointer, places) for each in errors + warnings
        },
        checker_down=checked is DOWN,
        preview=_preview(verdict, offer) if verdict and offer else None,
    )


def _preview(verdict: dict[str, Any], offer: dict[str, Any]) -> dict[str, Any] | None:
    """The card as it would stand in the catalogue."""
    shown = verdict["preview"]
    if shown is None:
        return None
    hours = offer.get("workload_hours")
    return {
        **shown,
        "format": FORMATS.get(str(offer.get("format"))),
        "hours": hours if isinstance(hours, int) else None,
    }


def routes() -> list[BaseRoute]:
    """The address."""
    return [screen("/anbieter/pruefen", show, post=check, roles=("provider",))]
