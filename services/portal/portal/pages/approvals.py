"""What waits for a decision: the seat that is held for the shortest time first."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import enrolments, longer, people
from portal.backend import Refused
from portal.page import Flash, Page, new_key
from portal.pages import action, screen
from portal.words import N_

DECIDERS = ("coordinator", "approver")
LONGEST_REASON = 1000


async def approvals(page: Page) -> Response:
    """The list. Nobody decides on an own request."""
    query = page.query.get("q", "").strip()[:100]
    asking = enrolments.asking(page, state=["awaiting_approval"], sort="deadline", q=query)
    rows = await longer.read(page, asking)
    items = rows.items
    return await page.render(
        "approvals/list.html",
        items=items,
        rows=rows,
        names=await people.names(page, (each["person_ref"] for each in items)),
        total=rows.found["counts"].get("awaiting_approval", 0),
        query=query,
        own=str(page.actor.person_ref),
        keys={each["enrolment_id"]: new_key() for each in items},
    )


async def approve(page: Page) -> Response:
    """One click: the seat is booked."""
    form = await page.form()
    id_, key = page.part_of("enrolment_id"), str(form.get("schluessel", ""))
    try:
        done = await enrolments.act(page, id_, "approval", key, {"decision": "approve"})
    except Refused as no:
        if no.status == 404:
            raise
        return page.go("/freigaben", Flash("warning", no.detail))
    title = page.say(N_("Freigegeben: %(title)s"), title=done["title"])
    return page.go("/freigaben", Flash("success", title, page.say(N_("Der Platz ist gebucht."))))


async def ask_reason(
    page: Page,
    errors: dict[str, str] | None = None,
    typed: str = "",
    key: str | None = None,
) -> Response:
    """The page on which a request is declined."""
    enrolment = await enrolments.one(page, page.part_of("enrolment_id"))
    return await page.render(
        "approvals/decline.html",
        status=422 if errors else 200,
        enrolment=enrolment,
        names=await people.names(page, [enrolment["person_ref"]]),
        open_=enrolment["state"] == "awaiting_approval",
        errors=errors or {},
        typed=typed,
        key=key or new_key(),
    )


async def decline(page: Page) -> Response:
    """Decline, with the reason that the person will read."""
    form = await page.form()
    reason = str(form.get("grund", "")).strip()
    key = str(form.get("schluessel", ""))
    problem = reason_problem(reason)
    if problem:
        return await ask_reason(page, {"grund": page.say(problem)}, reason, key)
    id_, body = page.part_of("enrolment_id"), {"decision": "reject", "reason": reason}
    try:
        done = await enrolments.act(page, id_, "approval", key, body)
    except Refused as no:
        if no.status == 404:
            raise
        return await ask_reason(page, {"": no.detail}, reason)
    title = page.say(N_("Abgelehnt: %(title)s"), title=done["title"])
    return page.go(
        "/freigaben", Flash("success", title, page.say(N_("Der Platz ist wieder frei.")))
    )


def reason_problem(reason: str) -> str | None:
    """What is wrong with a reason, if anything."""
    if not reason:
        return N_("Bitte begründen Sie die Ablehnung.")
    if len(reason) > LONGEST_REASON:
        return N_("Die Begründung ist zu lang. Sie darf 1.000 Zeichen haben.")
    return None


def routes() -> list[BaseRoute]:
    """The addresses."""
    one = "/freigaben/{enrolment_id:uuid}"
    return [
        screen("/freigaben", approvals, roles=DECIDERS),
        action(one, approve, roles=DECIDERS),
        screen(f"{one}/ablehnen", ask_reason, post=decline, roles=DECIDERS),
    ]
