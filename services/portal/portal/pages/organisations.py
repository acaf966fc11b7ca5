"""Organisations: found by name, code or town; one with membership, shares, money and tasks."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import longer
from portal.backend import part
from portal.page import Page
from portal.pages import applications, deeds, screen
from portal.words import N_

ORGANISATIONS = "/api/membership/organisations"
HERE = "/genossenschaft/organisationen"
STATES = {
    "registered": ("neutral", "info", N_("Kein Mitglied")),
    "applied": ("info", "kc-icon--clock", N_("Antrag läuft")),
    "admitted": ("success", "check", N_("Mitglied")),
    "notice_given": ("warning", "warning", N_("Gekündigt")),
    "exited": ("neutral", "close", N_("Ausgeschieden")),
}
KINDS = dict(deeds.KINDS)


async def search(page: Page) -> Response:
    """The list, ordered by code as the service orders it."""
    query = page.query.get("q", "").strip()[:100]
    rows = await longer.read(
        page,
        lambda cursor, limit: page.api.get(ORGANISATIONS, q=query, cursor=cursor, limit=limit),
    )
    return await page.render("office/organisations.html", query=query, rows=rows, words=STATES)


async def show(page: Page) -> Response:
    """One organisation, and what can be entered for it."""
    address = f"{ORGANISATIONS}/{page.part_of('organisation_id')}"
    one = await page.api.get(address)
    paid = None
    if one["membership"]:
        paid = await part(
            longer.read(
                page,
                lambda cursor, limit: page.api.get(
                    f"{address}/payments", cursor=cursor, limit=limit
                ),
            )
        )
    return await page.render(
        "office/organisation.html", one=one, paid=paid, words=STATES, kinds=KINDS
    )


def routes() -> list[BaseRoute]:
    """The addresses."""
    one = HERE + "/{organisation_id:uuid}"
    acts = {
        f"{HERE}/neu": deeds.REGISTER,
        f"{one}/antrag": applications.APPLY,
        f"{one}/zahlung": deeds.PAY,
        f"{one}/anteile": deeds.SUBSCRIBE,
        f"{one}/mitarbeitende": deeds.COUNT,
        f"{one}/kuendigung": deeds.GIVE_NOTICE,
    }
    return [
        screen(HERE, search, roles=("office",)),
        *(screen(path, act.show, post=act.take, roles=("office",)) for path, act in acts.items()),
        screen(one, show, roles=("office",)),
    ]
