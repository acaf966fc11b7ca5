"""Language, channel, quiet hours, and the calendar to subscribe to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal.backend import Refused
from portal.page import Flash, Page
from portal.pages import action, screen
from portal.words import N_

PREFERENCES = "/api/notifications/preferences"
CALENDAR = "/api/notifications/calendar"
LANGUAGES = (("de", "Deutsch"), ("en", "English"))
WAYS = (
    ("mail", N_("Per E-Mail und im Posteingang")),
    ("portal", N_("Nur im Posteingang")),
)
NOTHING = N_("keine")
SHOWN: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("sprache", N_("Sprache"), dict(LANGUAGES)),
    ("weg", N_("Wie möchten Sie benachrichtigt werden?"), dict(WAYS)),
    ("ruhe_von", N_("Ruhezeit von"), {}),
    ("ruhe_bis", N_("Ruhezeit bis"), {}),
)
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


async def show(
    page: Page,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    changed: bool = False,
) -> Response:
    """As it is kept, or as it was typed when something was wrong.

    `changed`: somebody saved something else meanwhile. It is shown beside what was typed, and
    whoever saves again has seen it.
    """
    kept, feed = await asyncio.gather(page.api.get(PREFERENCES), page.api.get(CALENDAR))
    now = {
        "sprache": kept["language"],
        "weg": kept["channel"],
        "ruhe_von": (kept["quiet_from"] or "")[:5],
        "ruhe_bis": (kept["quiet_to"] or "")[:5],
        "fassung": str(kept["version"]),
    }
    shown = {**(typed or now), **({"fassung": now["fassung"]} if changed else {})}
    return await page.render(
        "preferences.html",
        status=409 if changed else 422 if errors else 200,
        values=shown,
        errors=errors or {},
        changes=_differing(page, now, shown) if changed else None,
        feed=feed,
        languages=LANGUAGES,
        ways=WAYS,
    )


def _differing(
    page: Page, now: Mapping[str, str], typed: Mapping[str, str]
) -> list[tuple[str, str]]:
    """The fields in which what is kept is not what was typed: their labels, and both."""
    differing = []
    for name, label, words in SHOWN:
        said = [page.say(words.get(each[name], each[name]) or NOTHING) for each in (now, typed)]
        if said[0] != said[1]:
            text = page.say(N_("%(now)s (Ihre Eingabe: %(typed)s)"), now=said[0], typed=said[1])
            differing.append((page.say(label), text))
    return differing


async def save(page: Page) -> Response:
    """Keep it. What somebody changed meanwhile is not overwritten unseen."""
    form = await page.form()
    names = ("sprache", "weg", "ruhe_von", "ruhe_bis", "fassung")
    typed = {name: str(form.get(name, "")).strip() for name in names}
    errors = _errors(page, typed)
    if errors:
        return await show(page, typed, errors)
    body = {
        "language": typed["sprache"],
        "channel": typed["weg"],
        "quiet_from": typed["ruhe_von"] or None,
        "quiet_to": typed["ruhe_bis"] or None,
    }
    try:
        await page.api.send("PUT", PREFERENCES, body, headers={"If-Match": f'"{typed["fassung"]}"'})
    except Refused as no:
        if no.status == 412:
            return await show(page, typed, changed=True)
        return await show(page, typed, {"": no.detail} | _by_field(no))
    return page.go("/einstellungen", Flash("success", page.say(N_("Gespeichert."))))


FIELDS = {
    "/language": "sprache",
    "/channel": "weg",
    "/quiet_from": "ruhe_von",
    "/quiet_to": "ruhe_bis",
}


def _by_field(no: Refused) -> dict[str, Any]:
    return {
        FIELDS[each["pointer"]]: each["detail"] for each in no.errors if each["pointer"] in FIELDS
    }


def _errors(page: Page, typed: Mapping[str, str]) -> dict[str, str]:
    errors = {}
    for name in ("ruhe_von", "ruhe_bis"):
        if typed[name] and not TIME.fullmatch(typed[name]):
            errors[name] = page.say(N_("Die Uhrzeit ist nicht lesbar. Zum Beispiel: 20:00"))
    if not errors and bool(typed["ruhe_von"]) != bool(typed["ruhe_bis"]):
        missing = "ruhe_bis" if typed["ruhe_von"] else "ruhe_von"
        errors[missing] = page.say(N_("Geben Sie beide Uhrzeiten an, oder keine."))
    return errors


async def new_feed(page: Page) -> Response:
    """A new secret address; an earlier one stops working."""
    await page.api.send("POST", CALENDAR)
    return page.go("/einstellungen", Flash("success", page.say(N_("Die Kalenderadresse ist neu."))))


async def end_feed(page: Page) -> Response:
    """The address stops working."""
    await page.api.send("DELETE", CALENDAR)
    return page.go(
        "/einstellungen", Flash("success", page.say(N_("Die Kalenderadresse gilt nicht mehr.")))
    )


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [
        screen("/einstellungen", show, post=save),
        action("/einstellungen/kalender", new_feed),
        action("/einstellungen/kalender/ende", end_feed),
    ]
