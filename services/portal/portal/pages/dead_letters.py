"""Messages that a service set aside: look, try, put back, give up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import longer, pointers
from portal.backend import Down, Refused, Unavailable, part
from portal.page import Flash, Page, new_key
from portal.pages import action, screen
from portal.words import N_

SERVICES = ("catalog", "enrolment", "membership", "notifications")
HERE = "/betrieb/nachrichten"
STATES = {
    "": ("dead", N_("Nicht verarbeitet")),
    "eingespielt": ("replayed", N_("Erneut eingespielt")),
    "verworfen": ("discarded", N_("Verworfen")),
}
REASONS = {
    "invalid": N_("Der Inhalt passt nicht zum Schema."),
    "no-envelope": N_("Der Nachricht fehlen Typ oder Kennung."),
    "wrong-topic": N_("Diese Art von Nachricht gehört nicht auf dieses Topic."),
    "unreadable": N_("Die Nachricht ist nicht lesbar."),
    "handler-failed": N_("Die Verarbeitung ist mehrmals gescheitert."),
    "parked-behind": N_("Sie wartet hinter einer früheren Nachricht mit demselben Schlüssel."),
}
ACTS = {
    "dry-run": N_("Probelauf"),
    "replay": N_("Einspielen"),
    "discard": N_("Verworfen"),
}
FILTERS = ("dienst", "topic", "grund", "schluessel", "stand")
NO_REASON = "replay"
"""What the services write down where nobody was asked for a reason."""
MOST_OF_ALL = 100
"""So many of each service beside each other; beyond, one service is looked at by itself."""
LONGEST_REASON = 200


async def overview(page: Page) -> Response:
    """What every service has set aside. One that does not answer takes only its own part."""
    asked = asked_for(page)
    wanted = [name for name in SERVICES if asked["dienst"] in ("", name)]
    answers = await asyncio.gather(*(part(_rows(page, name, asked)) for name in wanted))
    found = {
        name: answer
        for name, answer in zip(wanted, answers, strict=True)
        if not isinstance(answer, Down)
    }
    letters = [
        {**letter, "service": name, "new": 0 < rows.new <= place}
        for name, rows in found.items()
        for place, letter in enumerate(rows.items)
    ]
    return await page.render(
        "operations/letters.html",
        asked=asked,
        services=SERVICES,
        stands=STATES,
        reasons=REASONS,
        total=sum(sum(rows.found["open"].values()) for rows in found.values()),
        down=[name for name in wanted if name not in found],
        letters=letters,
        rows=_together(list(found.values()), letters),
        further=[
            (name, address({**asked, "dienst": name}))
            for name, rows in found.items()
            if rows.more and not rows.grows and not asked["dienst"]
        ],
        filtered=any(asked.values()),
        putting_back=address(asked, f"{HERE}/einspielen"),
    )


def asked_for(page: Page) -> dict[str, str]:
    """What the list is filtered by."""
    return {name: page.query.get(name, "").strip() for name in FILTERS}


async def listed(
    page: Page, service: str, asked: Mapping[str, str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """What a service has set aside that fits, oldest first."""
    found: dict[str, Any] = await page.api.get(
        f"/api/{service}/dead-letters",
        topic=asked["topic"][:100],
        reason=asked["grund"][:100],
        key=asked["schluessel"][:500],
        state=STATES.get(asked["stand"], STATES[""])[0],
        cursor=cursor,
        limit=limit,
    )
    return found


async def _rows(page: Page, service: str, asked: Mapping[str, str]) -> longer.Rows:
    most = longer.MOST if asked["dienst"] else MOST_OF_ALL
    return await longer.read(page, partial(listed, page, service, asked), most)


def _together(found: Sequence[longer.Rows], letters: Sequence[Mapping[str, Any]]) -> longer.Rows:
    """The lists of several services as one that grows: the new rows of each stand after its own."""
    if len(found) == 1:
        return found[0]
    longest = next((rows for rows in found if rows.more and rows.grows), longer.NONE)
    new = next((place for place, letter in enumerate(letters) if letter["new"]), 0)
    return replace(longest, new=new)


async def count(page: Page, service: str) -> int:
    """How many messages a service has set aside and not settled."""
    found = await page.api.get(f"/api/{service}/dead-letters", limit=1)
    return sum(found["open"].values())


def address(asked: Mapping[str, str], path: str = HERE) -> str:
    """The list under these filters, or another page about the same messages."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path


def _of(page: Page) -> str:
    """The service of the address."""
    service = page.part_of("service")
    if service not in SERVICES:
        raise page.missing()
    return service


def _letter(page: Page) -> str:
    return f"/api/{_of(page)}/dead-letters/{page.part_of('letter_id')}"


def _back(page: Page) -> str:
    return f"{HERE}/{_of(page)}/{page.part_of('letter_id')}"


async def show(page: Page) -> Response:
    """One message: why, its content against its schema, what waits behind it, what was done."""
    letter = await page.api.get(_letter(page))
    text = pointers.pretty(letter["payload"] or "")
    return await page.render(
        "operations/letter.html",
        letter=letter,
        service=_of(page),
        here=_back(page),
        reason=REASONS.get(letter["reason"]),
        acts=ACTS,
        no_reason=NO_REASON,
        own=str(page.actor.person_ref),
        words=REASONS,
        code=annotated(text, letter["errors"]) if text else [],
        behind=[each for each in letter["waiting"] if each["id"] != letter["id"]],
        headers=json.dumps(letter["headers"], ensure_ascii=False, indent=2),
    )


def annotated(text: str, errors: list[dict[str, str]]) -> list[tuple[str, list[str]]]:
    """The lines of a text, each with what is wrong there."""
    found = pointers.lines(text)
    said: dict[int, list[str]] = {}
    for error in errors:
        place = error["pointer"].replace("/…", "")
        line = pointers.line_of(place, found) or 1
        name = place.rpartition("/")[2]
        missing = name if place not in found else ""
        said.setdefault(line, []).append(f"{missing} {error['detail']}".strip())
    return [(line, said.get(number, [])) for number, line in enumerate(text.split("\n"), 1)]


async def try_out(page: Page) -> Response:
    """Hand it to its handler without keeping anything."""
    why = {"reason": NO_REASON}
    done = await page.api.send("POST", f"{_letter(page)}/replay", why, dry_run="true")
    if done["error"]:
        title = N_("Der Probelauf ist gescheitert. Es wurde nichts geändert.")
        return page.go(_back(page), Flash("warning", page.say(title), done["error"]))
    title = N_("Der Probelauf ist gelungen. Es wurde nichts geändert.")
    text = page.say(N_("Verarbeitet würden %(count)s Nachrichten."), count=done["found"])
    return page.go(_back(page), Flash("success", page.say(title), text))


async def ask(page: Page, errors: Mapping[str, str] | None = None, reason: str = "") -> Response:
    """What will happen, before it does; why is asked for and kept."""
    letter = await page.api.get(_letter(page))
    if letter["state"] != "dead":
        return page.go(_back(page))
    return await page.render(
        "operations/confirm.html",
        status=422 if errors else 200,
        letter=letter,
        discarding=page.request.state.path.endswith("/verwerfen"),
        here=_back(page),
        errors=errors or {},
        reason=reason,
        key=new_key(),
    )


async def do(page: Page) -> Response:
    """Put back, or give up."""
    form = await page.form()
    reason, error = reason_of(page, form)
    if error:
        return await ask(page, {"begruendung": error}, reason)
    discarding = page.request.state.path.endswith("/verwerfen")
    what = "discard" if discarding else "replay"
    key = {"Idempotency-Key": str(form.get("schluessel", ""))}
    try:
        done = await page.api.send(
            "POST", f"{_letter(page)}/{what}", {"reason": reason}, headers=key
        )
    except Refused as no:
        if no.status != 404:
            raise
        gone = N_("Diese Nachricht ist schon erledigt.")
        return page.go(_back(page), Flash("info", page.say(gone)))
    except Unavailable as no:
        if no.sent:
            raise
        busy = N_("Gerade nicht möglich. Bitte in einer Minute noch einmal versuchen.")
        return await ask(page, {"": page.say(busy)}, reason)
    return page.go(_back(page), _said(page, done))


def reason_of(page: Page, form: Mapping[str, Any]) -> tuple[str, str]:
    """Why somebody does it, and what is wrong with that."""
    reason = str(form.get("begruendung", "")).strip()
    if reason and len(reason) <= LONGEST_REASON:
        return reason, ""
    return reason, page.say(N_("Geben Sie eine Begründung an, höchstens 200 Zeichen."))


def _said(page: Page, done: Mapping[str, Any]) -> Flash:
    if done.get("state") == "discarded":
        text = page.say(N_("Ihr Inhalt bleibt mit der Begründung gespeichert."))
        return Flash("success", page.say(N_("Die Nachricht ist verworfen.")), text)
    if done["error"]:
        title = N_("Das Einspielen ist gescheitert. Alle Nachrichten bleiben zurückgestellt.")
        return Flash("warning", page.say(title), done["error"])
    title = N_("Erneut eingespielte Nachrichten: %(count)s")
    return Flash("success", page.say(title, count=done["handled"]))


def routes() -> list[BaseRoute]:
    """The addresses."""
    one = HERE + "/{service}/{letter_id:uuid}"
    return [
        screen(HERE, overview, roles=("ops",)),
        screen(one, show, roles=("ops",)),
        action(f"{one}/probelauf", try_out, roles=("ops",)),
        screen(f"{one}/einspielen", ask, post=do, roles=("ops",)),
        screen(f"{one}/verwerfen", ask, post=do, roles=("ops",)),
    ]
