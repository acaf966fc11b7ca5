"""Many bookings at once: a page that repeats what will happen, then the same deed for each.

Every booking is asked for again before it is done: what cannot be done (any more) stays as it is
and is named, and a sum that has changed since it was shown is shown again instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import accounting, changed, enrolments, formats, people, states
from portal.accounting import Change
from portal.backend import Refused, Unavailable
from portal.page import Flash, Page, new_key
from portal.pages import screen
from portal.pages.approvals import DECIDERS
from portal.pages.bookings import address, uuid_of
from portal.words import N_, NN_

MOST = 50
AT_ONCE = 8
"""So many of them are asked for at a time: one person must not fill a service."""

Booking = Mapping[str, Any]


@dataclass(frozen=True)
class Deed:
    """What is done to each: its name in the address, its route, and to whom it can be done."""

    name: str
    route: str
    title: str
    button: tuple[str, str]
    done: tuple[str, str]
    fits: Callable[[Page, Booking], bool]
    cost: Callable[[Booking], int | None] | None = None
    """In cents, for the own employer; None while nobody knows."""
    body: Mapping[str, Any] | None = None
    asks: Callable[[Page, FormData], Change] | None = None
    """What has to be filled in: it makes the body. Done twice it is the same as done once."""


def _price(booking: Booking) -> int | None:
    cents: int | None = booking["price"]["cents"]
    return cents


def _can_be_called_off(page: Page, booking: Booking) -> bool:
    begun = formats.instant(booking["starts_at"]) <= page.now
    return booking["state"] in states.OPEN and not begun


DEEDS = (
    Deed(
        "absagen",
        "cancellation",
        N_("Buchungen absagen"),
        NN_("Eine Buchung absagen", "%(num)s Buchungen absagen"),
        NN_("Eine Buchung ist abgesagt.", "%(num)s Buchungen sind abgesagt."),
        _can_be_called_off,
        cost=lambda booking: booking["cancellation"]["fee_now_cents"] or 0,
    ),
    Deed(
        "annehmen",
        "acceptance",
        N_("Plätze annehmen"),
        NN_("Einen Platz annehmen", "%(num)s Plätze annehmen"),
        NN_("Ein Platz ist angenommen.", "%(num)s Plätze sind angenommen."),
        lambda _page, booking: booking["state"] == "offered",
        cost=_price,
    ),
    Deed(
        "erinnern",
        "approval/reminder",
        N_("An Freigaben erinnern"),
        NN_("An eine Freigabe erinnern", "An %(num)s Freigaben erinnern"),
        NN_("Wir haben an eine Freigabe erinnert.", "Wir haben an %(num)s Freigaben erinnert."),
        lambda page, booking: states.may_remind(booking, page.now),
    ),
    Deed(
        "kostenstelle",
        "accounting",
        N_("Kostenstelle ändern"),
        NN_("Kostenstelle einer Buchung ändern", "Kostenstelle von %(num)s Buchungen ändern"),
        NN_("Eine Buchung ist geändert.", "%(num)s Buchungen sind geändert."),
        lambda _page, booking: states.may_cost(booking),
        asks=accounting.read,
    ),
)
APPROVE = Deed(
    "freigeben",
    "approval",
    N_("Anfragen freigeben"),
    NN_("Eine Anfrage freigeben", "%(num)s Anfragen freigeben"),
    NN_("Eine Anfrage ist freigegeben.", "%(num)s Anfragen sind freigegeben."),
    lambda page, booking: (
        booking["state"] == "awaiting_approval"
        and booking["person_ref"] != str(page.actor.person_ref)
    ),
    cost=_price,
    body={"decision": "approve"},
)


@dataclass
class Chosen:
    """What was ticked: with what it can be done, and with what not."""

    able: list[Booking] = field(default_factory=list)
    rest: list[Booking] = field(default_factory=list)
    cents: int = 0
    unknown: int = 0
    """With so many of them nobody knows the cost yet."""

    @property
    def figures(self) -> changed.Figures:
        """What is agreed to: nobody agrees to another sum than the one that was read."""
        return (
            (N_("Buchungen"), len(self.able), formats.number),
            (N_("Summe"), self.cents, changed.euros),
            (N_("Buchungen ohne festen Preis"), self.unknown, formats.number),
        )

    @property
    def shown(self) -> str:
        """What a form carries of that."""
        return changed.shown(self.figures)


@dataclass
class Outcome:
    """What became of each: done, refused with the service's reason, or not known."""

    done: list[Booking] = field(default_factory=list)
    refused: list[tuple[Booking, str]] = field(default_factory=list)
    open_: list[Booking] = field(default_factory=list)
    sent: bool = False
    """Whether one of `open_` may have arrived."""


def ids_of(values: Sequence[Any]) -> list[str]:
    """The references that were ticked, each once, in order."""
    return list(dict.fromkeys(id_ for id_ in (uuid_of(str(value)) for value in values) if id_))


async def look(page: Page, deed: Deed, ids: Sequence[str]) -> Chosen:
    """How the ticked bookings stand now."""
    found = Chosen()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(id_: str) -> Booking | None:
        async with gate:
            try:
                return await enrolments.one(page, id_)
            except Refused:
                return None  # it belongs to somebody else, or never was

    for booking in await asyncio.gather(*(one(id_) for id_ in ids)):
        if booking is None:
            continue
        if not deed.fits(page, booking):
            found.rest.append(booking)
            continue
        found.able.append(booking)
        cost = deed.cost(booking) if deed.cost else 0
        found.cents += cost or 0
        found.unknown += cost is None
    return found


async def do(page: Page, deed: Deed, bookings: Sequence[Booking], key: str) -> Outcome:
    """The deed for each; its key comes from that of the form, so a second click is the same."""
    outcome = Outcome()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(booking: Booking) -> None:
        id_ = booking["enrolment_id"]
        own_key = str(uuid5(NAMESPACE_URL, f"{key}/{id_}"))
        async with gate:
            try:
                outcome.done.append(await enrolments.act(page, id_, deed.route, own_key, deed.body))
            except Refused as no:
                outcome.refused.append((booking, no.detail))
            except Unavailable as no:
                outcome.open_.append(booking)
                outcome.sent = outcome.sent or no.sent

    await asyncio.gather(*(one(booking) for booking in bookings))
    return outcome


class Several:
    """The page of one list: which deeds it offers, and where it leads back to."""

    def __init__(self, deeds: Sequence[Deed], back: Callable[[Page], str]) -> None:
        self._deeds = {deed.name: deed for deed in deeds}
        self._back = back

    async def ask(self, page: Page) -> Response:
        """What will happen."""
        deed = self._deeds.get(page.query.get("tun", ""))
        ids = ids_of(page.several("auswahl"))
        if deed is None or not ids:
            text = N_("Bitte wählen Sie zuerst mindestens eine Zeile aus.")
            return page.go(self._back(page), Flash("warning", page.say(text)))
        if len(ids) > MOST:
            text = N_("Bitte wählen Sie höchstens %(most)s Zeilen aus.")
            return page.go(self._back(page), Flash("warning", page.say(text, most=MOST)))
        return await self._show(page, deed, await look(page, deed, ids), Change())

    async def take(self, page: Page) -> Response:
        """Do it, if everything is still as it was shown."""
        form = await page.form()
        deed, ids = self._deeds.get(str(form.get("tun", ""))), ids_of(form.getlist("auswahl"))
        if deed is None or not ids or len(ids) > MOST:
            return await self.ask(page)
        key, chosen = str(form.get("schluessel", "")), await look(page, deed, ids)
        change = deed.asks(page, form) if deed.asks else Change()
        again = form.get("noch-einmal") == "ja"
        before = str(form.get("gezeigt", ""))
        if not again and chosen.shown != before:
            return await self._show(page, deed, chosen, change, before)
        if change.errors:
            return await self._show(page, deed, chosen, change)
        if deed.asks:
            # under the key of the form, other values after a step back would be refused
            deed, key = replace(deed, body=change.body), new_key()
        # what may have arrived the first time is sent again under its key: its answer is the same
        bookings = [*chosen.able, *(chosen.rest if again else [])]
        outcome = await do(page, deed, bookings, key)
        if outcome.refused or outcome.open_:
            return await self._partly(page, deed, outcome, change, key)
        return page.go(self._back(page), Flash("success", page.count(deed.done, len(outcome.done))))

    async def _show(
        self, page: Page, deed: Deed, chosen: Chosen, change: Change, before: str | None = None
    ) -> Response:
        """What will happen; `before`: what was agreed to, where it is something else by now."""
        return await page.render(
            "bookings/several.html",
            status=409 if before is not None else 422 if change.errors else 200,
            deed=deed,
            change=change,
            chosen=chosen,
            changes=None if before is None else changed.since(page, before, chosen.figures),
            key=new_key(),
            outcome=None,
            names=await self._names(page, [*chosen.able, *chosen.rest]),
            list_address=self._back(page),
        )

    async def _partly(
        self, page: Page, deed: Deed, outcome: Outcome, change: Change, key: str
    ) -> Response:
        concerned = [*(booking for booking, _ in outcome.refused), *outcome.open_]
        return await page.render(
            "bookings/several.html",
            status=503 if outcome.open_ else 409,
            deed=deed,
            change=change,
            chosen=Chosen(),
            changes=None,
            key=key,
            outcome=outcome,
            names=await self._names(page, concerned),
            list_address=self._back(page),
        )

    async def _names(self, page: Page, bookings: Sequence[Booking]) -> Any:
        return await people.names(page, (each["person_ref"] for each in bookings))


def routes() -> list[BaseRoute]:
    """The addresses."""
    of_bookings = Several(DEEDS, address)
    of_approvals = Several((APPROVE,), lambda _page: "/freigaben")
    return [
        screen(
            "/buchungen/mehrere", of_bookings.ask, post=of_bookings.take, roles=("coordinator",)
        ),
        screen("/freigaben/mehrere", of_approvals.ask, post=of_approvals.take, roles=DECIDERS),
    ]
