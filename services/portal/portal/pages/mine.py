"""My courses: what I can do, what I asked for, what was."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import enrolments, formats, longer, people, states
from portal.backend import Refused
from portal.page import Flash, Page, new_key
from portal.pages import PEOPLE, action, screen
from portal.pages.offer import other_dates
from portal.words import N_

ACCEPTED = {
    "confirmed": N_("Der Platz ist gebucht."),
    "awaiting_approval": N_(
        "Sie haben den Platz angenommen. Gebucht ist er, sobald Ihre Kommune ihn freigibt."
    ),
    "requested": N_("Sie haben den Platz angenommen. Gebucht ist er, sobald der Preis feststeht."),
}
"""What a yes to an offered seat has led to, by the state that came back."""
LOST = N_("Der Platz ist nicht mehr für Sie reserviert.")


async def current(page: Page) -> Response:
    """What is open or still to come."""
    own = str(page.actor.person_ref)
    found, off = await asyncio.gather(
        enrolments.several(page, person_ref=own, state=list(states.OPEN), limit=100),
        _called_off(page),
    )
    coming = [each for each in found["items"] if formats.instant(each["ends_at"]) >= page.now]
    coming = [*off, *coming]
    offers = sorted({each["offer_id"] for each in off})
    known, *others = await asyncio.gather(
        people.names(page, (), own=coming), *(other_dates(page, each) for each in offers)
    )
    return await page.render(
        "mine/list.html",
        others=dict(zip(offers, others, strict=True)),
        deciders=people.deciders(page, coming, known),
        past=False,
        offered=[each for each in coming if each["state"] == "offered"],
        items=[each for each in coming if each["state"] != "offered"],
        count=len(coming),
        rows=None,
    )


async def past(page: Page) -> Response:
    """What is over: ended, or its course."""
    own = str(page.actor.person_ref)
    rows = await longer.read(page, enrolments.asking(page, person_ref=own))
    ended = [each for each in rows.items if _is_over(page, each)]
    known = await people.names(page, (), own=ended)
    before = sum(_is_over(page, each) for each in rows.items[: rows.new])
    return await page.render(
        "mine/list.html",
        deciders=people.deciders(page, ended, known),
        past=True,
        offered=[],
        items=ended,
        count=None,
        rows=replace(rows, new=before),
    )


def _is_over(page: Page, each: dict[str, Any]) -> bool:
    return each["state"] in states.ENDED or formats.instant(each["ends_at"]) < page.now


async def calendar_file(page: Page) -> Response:
    """The appointment as a file."""
    path = f"{enrolments.PATH}/{page.part_of('enrolment_id')}/calendar"
    got = await page.api.raw(path, "text/calendar")
    return Response(
        got.content,
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="termin.ics"'},
    )


async def ask_cancel(page: Page, refused: Refused | None = None) -> Response:
    """What it costs, before the click."""
    id_ = page.part_of("enrolment_id")
    enrolment = await enrolments.one(page, id_)
    try:
        path = f"{enrolments.PATH}/{id_}/cancellation"
        forecast = await page.api.send("POST", path, dry_run="true")
    except Refused as no:
        refused = refused or no
        forecast = enrolment
    return await page.render(
        "mine/cancel.html",
        status=409 if refused else 200,
        enrolment=enrolment,
        fee=forecast["cancellation"]["fee_now_cents"],
        **await _whose(page, enrolment),
        key=new_key(),
        refused=refused,
    )


async def _whose(page: Page, enrolment: dict[str, Any]) -> dict[str, Any]:
    """Whether it is one's own; a coordinator sees whose it is."""
    ref = enrolment["person_ref"]
    if ref == str(page.actor.person_ref):
        return {"own": True, "name": None}
    return {"own": False, "name": people.name_of(await people.names(page, [ref]), ref)}


async def cancel(page: Page) -> Response:
    """Call it off."""
    id_ = page.part_of("enrolment_id")
    form = await page.form()
    try:
        done = await enrolments.act(page, id_, "cancellation", str(form.get("schluessel", "")))
    except Refused as no:
        if no.status in (403, 404):
            raise
        return await ask_cancel(page, no)
    fee = done["cancellation"]["fee_cents"] or 0
    cost = (
        page.say(N_("Ihre Kommune zahlt %(fee)s."), fee=formats.euros(fee, page.lang))
        if fee
        else page.say(N_("Es entstehen keine Kosten."))
    )
    own = done["person_ref"] == str(page.actor.person_ref)
    return page.go(
        "/meine-kurse" if own else "/buchungen",
        Flash("success", page.say(N_("Der Platz ist abgesagt.")), f"{done['title']}. {cost}"),
    )


async def remind(page: Page) -> Response:
    """Those who decide are asked once more."""
    form = await page.form()
    id_, key = page.part_of("enrolment_id"), str(form.get("schluessel", ""))
    try:
        done = await enrolments.act(page, id_, "approval/reminder", key)
    except Refused as no:
        if no.status in (403, 404):
            raise
        again = no.more.get("possible_from")
        when = formats.moment(again, page.lang, page.now) if again else ""
        text = page.say(N_("Wieder möglich ab %(time)s."), time=when) if again else ""
        back = "/buchungen" if page.has("coordinator") else "/meine-kurse"
        return page.go(back, Flash("warning", no.detail, text))
    own = done["person_ref"] == str(page.actor.person_ref)
    title = page.say(N_("Wir haben an die Freigabe erinnert."))
    return page.go("/meine-kurse" if own else "/buchungen", Flash("success", title, done["title"]))


async def seat(page: Page, refused: Refused | None = None) -> Response:
    """An offered seat: how long, what it costs, and what follows from each answer."""
    enrolment = await enrolments.one(page, page.part_of("enrolment_id"))
    seats = await page.api.get(f"/api/enrolment/runs/{enrolment['run_id']}/seats")
    return await page.render(
        "mine/seat.html",
        status=409 if refused else 200,
        enrolment=enrolment,
        seats=seats,
        over=enrolment["state"] != "offered",
        **await _whose(page, enrolment),
        key=new_key(),
        refused=refused,
    )


async def _called_off(page: Page) -> list[dict[str, Any]]:
    """What the provider called off, and would not have begun yet."""
    found = await enrolments.several(
        page, person_ref=str(page.actor.person_ref), state=["cancelled"], limit=100
    )
    return [
        each
        for each in found["items"]
        if states.of(each, page.now) == "cancelled_by_provider"
        and formats.instant(each["starts_at"]) >= page.now
    ]


async def full(page: Page) -> Response:
    """The last seat has gone while somebody asked for it: in the line, and the ways on."""
    enrolment = await enrolments.one(page, page.part_of("enrolment_id"))
    if enrolment["state"] != "waitlisted":
        return page.go("/meine-kurse")
    others = await other_dates(page, enrolment["offer_id"])
    return await page.render("mine/full.html", enrolment=enrolment, others=others)


async def answer(page: Page) -> Response:
    """Take the seat, or pass it on. Nothing is booked without a yes, or before the price is there.

    What is said afterwards follows from the state that came back: a yes may wait for its price,
    and for those who decide.
    """
    form = await page.form()
    accepts = form.get("antwort") == "annehmen"
    id_, key = page.part_of("enrolment_id"), str(form.get("schluessel", ""))
    try:
        if accepts:
            done = await enrolments.accept(page, id_, key)
        else:
            done = await enrolments.act(page, id_, "decline", key)
    except Refused as no:
        if no.status in (403, 404):
            raise
        return await seat(page, no)
    own = done["person_ref"] == str(page.actor.person_ref)
    back = "/meine-kurse" if own else "/buchungen"
    if not accepts:
        text = N_("Sie haben den Platz weitergegeben.")
        return page.go(back, Flash("success", page.say(text), done["title"]))
    title = ACCEPTED.get(done["state"])
    kind = "success" if title else "warning"
    return page.go(back, Flash(kind, page.say(title or LOST), done["title"]))


def routes() -> list[BaseRoute]:
    """The addresses."""
    cancelling = "/meine-kurse/{enrolment_id:uuid}/absagen"
    return [
        screen("/meine-kurse", current, roles=PEOPLE),
        screen("/meine-kurse/vergangen", past, roles=PEOPLE),
        screen("/meine-kurse/{enrolment_id:uuid}/warteliste", full, roles=PEOPLE),
        screen("/meine-kurse/{enrolment_id:uuid}/kalender", calendar_file, roles=PEOPLE),
        screen(cancelling, ask_cancel, post=cancel, roles=PEOPLE),
        action("/meine-kurse/{enrolment_id:uuid}/erinnern", remind, roles=PEOPLE),
        screen("/platz/{enrolment_id:uuid}", seat, post=answer, roles=PEOPLE),
    ]
