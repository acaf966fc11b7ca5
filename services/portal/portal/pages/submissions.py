"""What a provider sent, and what became of it. The office sees what was refused, of all."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from contracts.provider import OfferRecalled
from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import findings, longer, pointers
from portal.backend import part
from portal.page import Page
from portal.pages import screen
from portal.words import N_

SUBMISSIONS = "/api/catalog/submissions"
OWN, OF_ALL = "/anbieter/einreichungen", "/genossenschaft/anbieter"
RESULTS: dict[str, tuple[dict[str, str], str]] = {
    "": ({}, N_("Alle")),
    "abgelehnt": ({"verdict": "rejected"}, N_("Abgelehnt")),
    "angenommen": ({"verdict": "accepted"}, N_("Angenommen")),
    "unveraendert": ({"unchanged": "true"}, N_("Unverändert")),
}
AT_ONCE = 25


async def own(page: Page) -> Response:
    """The last ones; the newest refusal that is still to be put right stands above them."""
    which = page.query.get("ergebnis", "")
    rows = await _found(page, **RESULTS.get(which, RESULTS[""])[0])
    refused = next(iter(await part(open_refusals(page)) or ()), None)
    return await page.render(
        "provider/submissions.html",
        rows=rows,
        which=which if which in RESULTS else "",
        results=RESULTS,
        refused=refused,
        faults=[findings.shown(each) for each in refused["errors"]] if refused else [],
    )


async def of_all(page: Page) -> Response:
    """The refused submissions of all providers."""
    return await page.render("office/providers.html", rows=await _found(page, verdict="rejected"))


async def _found(page: Page, **which: str) -> longer.Rows:
    async def ask(cursor: str | None, limit: int) -> dict[str, Any]:
        found = await page.api.get(SUBMISSIONS, **which, cursor=cursor, limit=limit)
        return {**found, "items": [_named(each) for each in found["items"]]}

    return await longer.read(page, ask)


def _named(each: dict[str, Any]) -> dict[str, Any]:
    first = (each["errors"] or each["warnings"] or [None])[0]
    same = _same(each, N_("Gleiche Fassung wie am %(day)s"), N_("Schon am %(day)s zurückgezogen"))
    return {**each, "hint": findings.shown(first).what if first else "", "same": same}


def _same(each: dict[str, Any], submitted: str, recalled: str) -> str:
    """The words for one that changed nothing, by what was sent; none where it did.

    A service that is older than this page says nothing of it.
    """
    if not each.get("unchanged_since"):
        return ""
    return recalled if each["type"] == OfferRecalled.type else submitted


async def open_refusals(page: Page) -> list[dict[str, Any]]:
    """What was refused and has not been accepted in a later version, the newest first."""
    refused, last = await asyncio.gather(
        page.api.get(SUBMISSIONS, verdict="rejected", limit=AT_ONCE),
        page.api.get(SUBMISSIONS, verdict="accepted", limit=100),
    )
    put_right = {each["offer_ref"]: each["received_at"] for each in reversed(last["items"])}
    return [
        each
        for each in refused["items"]
        if put_right.get(each["offer_ref"], "") < each["received_at"]
    ]


async def show(page: Page) -> Response:
    """What was sent, with the lines marked that are at fault."""
    one = await page.api.get(f"{SUBMISSIONS}/{page.part_of('submission_id')}")
    errors = [findings.shown(each) for each in one["errors"]]
    warnings = [findings.shown(each) for each in one["warnings"]]
    text = pointers.pretty(one["payload"] or "")
    places = pointers.lines(text)
    own_ = page.has("provider")
    return await page.render(
        "provider/submission.html",
        one=one,
        title=title_of(one["payload"]) or one["offer_ref"] or page.say(N_("Einreichung")),
        errors=errors,
        warnings=warnings,
        same=_same(
            one,
            N_("Gleiche Fassung wie am %(time)s. Am Angebot hat sich nichts geändert."),
            N_("Das Angebot ist schon zurückgezogen, seit %(time)s."),
        ),
        code=pointers.marked(text, [each.pointer for each in errors]) if text else [],
        line_of={
            each.pointer: pointers.line_of(each.pointer, places) for each in errors + warnings
        },
        back_to=(OWN, N_("Einreichungen")) if own_ else (OF_ALL, N_("Anbieter")),
        may_check=own_,
    )


def title_of(payload: str | None) -> str:
    """The course's title in a submission, as far as it can be read."""
    try:
        sent = json.loads(payload or "")
    except (ValueError, RecursionError):
        return ""
    title = sent.get("title") if isinstance(sent, dict) else None
    # half of a pair ("\ud800") is a character for JSON, but not for a page
    return title[:200].encode("utf-8", "replace").decode() if isinstance(title, str) else ""


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [
        screen(OWN, own, roles=("provider",)),
        screen(OWN + "/{submission_id:uuid}", show, roles=("provider", "office")),
        screen(OF_ALL, of_all, roles=("office",)),
    ]
