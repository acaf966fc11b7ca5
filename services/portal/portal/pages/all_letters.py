"""Everything that a filter of set-aside messages shows, put back in one go.

A page says what will happen, a trial says what would come of it, the deed says what came of it.
What was shown travels sealed in the form, so nobody agrees to other messages than the ones that
were read, and messages of a service that is down can still be named. A service leaves settled
messages alone: a second click changes nothing, and is told that they are put back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from chassis.replay_many import MOST, PER_SECOND
from starlette.responses import Response
from starlette.routing import BaseRoute

from portal.backend import Down, Refused, Unavailable, part
from portal.page import Flash, Page, new_key
from portal.pages import dead_letters, screen
from portal.pages.dead_letters import HERE, NO_REASON, REASONS, reason_of
from portal.words import N_

HOURS = 12
"""So long a shown page can be agreed to; by then a session has ended."""

AGAIN = "60"
"""Seconds; as the page says."""

OPEN = ("not-tried", "down", "unknown")
"""Of these nothing is known but that they were set aside when the page was made."""
OUTCOMES = {
    "handled": ("success", "check", N_("Eingespielt"), N_("Würde verarbeitet")),
    "replayed": ("success", "check", N_("Eingespielt"), N_("Schon eingespielt")),
    "failed": ("danger", "danger", N_("Weiter zurückgestellt"), N_("Würde wieder zurückgestellt")),
    "discarded": ("neutral", "close", N_("Verworfen"), N_("Verworfen")),
    "not-tried": ("neutral", "kc-icon--clock", N_("Nicht versucht"), N_("Nicht versucht")),
    "down": ("warning", "warning", N_("Nicht versucht"), N_("Nicht versucht")),
    "unknown": ("warning", "warning", N_("Nicht bekannt"), N_("Nicht bekannt")),
}
"""What became of a message: its badge, what it says after the deed, and after the trial."""


@dataclass(frozen=True)
class Letter:
    """A message that is shown. `along`: so many others of its key were handled with it."""

    service: str
    id: str
    topic: str
    key: str
    reason: str
    outcome: str = ""
    error: str | None = None
    along: int = 0


def counted(letters: Sequence[Letter], *outcomes: str) -> int:
    """How many messages have one of these outcomes, with those that went along."""
    return sum(1 + each.along for each in letters if each.outcome in outcomes)


async def ask(page: Page) -> Response:
    """What will happen to what the filter shows now."""
    asked = dead_letters.asked_for(page)
    back = dead_letters.address(asked)
    wanted = [name for name in dead_letters.SERVICES if asked["dienst"] in ("", name)]
    found = await asyncio.gather(
        *(part(dead_letters.listed(page, name, asked, None, MOST + 1)) for name in wanted)
    )
    answers = {
        name: answer
        for name, answer in zip(wanted, found, strict=True)
        if not isinstance(answer, Down)
    }
    letters = [
        Letter(name, each["id"], each["topic"], each["key"], each["reason"])
        for name, answer in answers.items()
        for each in answer["items"]
    ]
    down = [name for name in wanted if name not in answers]
    if asked["stand"] or not letters:
        if down and not asked["stand"]:
            silent = page.say(N_("Der Dienst %(name)s antwortet nicht."), name=", ".join(down))
            return page.go(back, Flash("warning", silent))
        nothing = N_("Zu diesem Filter gibt es nichts einzuspielen.")
        return page.go(back, Flash("info", page.say(nothing)))
    return await _show(page, "ask", letters[:MOST], down=down, more=len(letters) > MOST)


async def take(page: Page) -> Response:
    """The trial of what was shown, or the deed."""
    form = await page.form()
    letters = _opened(page, str(form.get("nachrichten", "")))
    if not letters:
        return await ask(page)
    if form.get("tun") != "einspielen":
        tried = await _put_back(page, letters, NO_REASON, dry=True)
        return await _show(page, "trial", tried)
    reason, error = reason_of(page, form)
    if error:
        return await _show(page, "trial", letters, errors={"begruendung": error}, reason=reason)
    known = [each for each in letters if each.outcome not in OPEN]
    again = form.get("noch-einmal") == "ja"
    key = str(form.get("schluessel", ""))
    done = await _put_back(page, letters if again else known, reason, key)
    return await _show(page, "done", done, reason=reason, key=key)


async def _put_back(
    page: Page, letters: Sequence[Letter], reason: str, key: str = "", dry: bool = False
) -> list[Letter]:
    """Each with what became of it; services beside each other, each in its own order."""
    services = list(dict.fromkeys(each.service for each in letters))
    headers = {"Idempotency-Key": key} if key else {}

    async def one(service: str) -> list[Letter]:
        mine = [each for each in letters if each.service == service]
        body = {"ids": [each.id for each in mine], "reason": reason}
        path, dry_run = f"/api/{service}/dead-letters/replay", "true" if dry else ""
        try:
            told = await page.api.send("POST", path, body, headers=headers, dry_run=dry_run)
        except Unavailable as no:
            outcome = "unknown" if no.sent and not dry else "down"
            return [replace(each, outcome=outcome, error=None, along=0) for each in mine]
        except Refused:  # one of them is not there any more: it tried none
            return [replace(each, outcome="not-tried", error=None, along=0) for each in mine]
        return _with_outcomes(mine, told["results"])

    found = await asyncio.gather(*(one(service) for service in services))
    return [letter for of_service in found for letter in of_service]


def _with_outcomes(letters: Sequence[Letter], results: Sequence[Mapping[str, Any]]) -> list[Letter]:
    """The messages with what their service told; the first of a key counts what went along."""
    shown = {each.id for each in letters}
    told: dict[str, tuple[Mapping[str, Any], int]] = {}
    for result in results:
        others = sum(id_ not in shown for id_ in result["ids"])
        for id_ in (id_ for id_ in result["ids"] if id_ in shown):
            told[id_], others = (result, others), 0
    return [
        replace(each, outcome=result["outcome"], error=result["error"], along=along)
        for each in letters
        for result, along in [told[each.id]]
    ]


def _opened(page: Page, sealed: str) -> list[Letter]:
    """The messages of a form; none where it is not ours or too old."""
    kept = page.sealer.open(sealed, HOURS * 3600)
    if not isinstance(kept, dict) or "letters" not in kept:
        return []
    return [Letter(**each) for each in kept["letters"]]


async def _show(page: Page, step: str, letters: Sequence[Letter], **also: Any) -> Response:
    """A page of one of the three steps: `ask`, `trial` or `done`."""
    rest = [each for each in letters if each.outcome in OPEN]
    silent = dict.fromkeys(each.service for each in rest if each.outcome != "not-tried")
    agreed = rest if step == "done" else letters
    context: dict[str, Any] = {
        "down": list(silent),
        "more": False,
        "errors": {},
        "reason": "",
        "key": new_key(),
        **also,
    }
    response = await page.render(
        "operations/all.html",
        status=422 if context["errors"] else 503 if silent else 200,
        step=step,
        letters=letters,
        rest=rest,
        topics=list(dict.fromkeys(each.topic for each in letters)),
        causes=list(dict.fromkeys(each.reason for each in letters)),
        sealed=page.sealer.seal({"letters": [asdict(each) for each in agreed]}).decode(),
        list_address=dead_letters.address(dead_letters.asked_for(page)),
        counted=counted,
        outcomes=OUTCOMES,
        reasons=REASONS,
        most=MOST,
        per_second=int(PER_SECOND),
        **context,
    )
    if silent:
        response.headers["Retry-After"] = AGAIN
    return response


def routes() -> list[BaseRoute]:
    """The address."""
    return [screen(f"{HERE}/einspielen", ask, post=take, roles=("ops",))]
