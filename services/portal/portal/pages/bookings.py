"""All bookings of the own organisation: what has a deadline comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import enrolments, formats, longer, people, sheets, states
from portal.backend import Down
from portal.page import Flash, Page
from portal.pages import screen
from portal.pages.courses import day_of, period_errors
from portal.words import N_

READERS = ("coordinator", "finance")
PEOPLE_SHOWN = 5
AT_ONCE, MOST_ROWS = 100, 5000
"""An export asks for pages of a hundred, and ends before it becomes a burden for everybody."""


@dataclass(frozen=True)
class Tab:
    """A part of the list by state: its name in the address, its word, its states, and what is
    said where nothing stands in it."""

    name: str
    word: str
    states: tuple[str, ...] = ()
    none: str = ""

    def count(self, counts: Mapping[str, int]) -> int:
        """How many bookings stand in it."""
        return sum(n for state, n in counts.items() if not self.states or state in self.states)


TABS = (
    Tab("", N_("Alle")),
    Tab("zu-tun", N_("Zu tun"), ("offered", "awaiting_approval"), N_("Nichts ist zu tun")),
    Tab("angeboten", N_("Platz angeboten"), ("offered",), N_("Kein Platz ist angeboten")),
    Tab(
        "freigabe",
        N_("Wartet auf Freigabe"),
        ("awaiting_approval",),
        N_("Keine Buchung wartet auf Freigabe"),
    ),
    Tab("angefragt", N_("Angefragt"), ("requested",), N_("Kein Platz ist angefragt")),
    Tab("warteliste", N_("Warteliste"), ("waitlisted",), N_("Niemand steht auf der Warteliste")),
    Tab("bestaetigt", N_("Bestätigt"), ("confirmed",), N_("Keine Buchung ist bestätigt")),
    Tab(
        "beendet",
        N_("Beendet"),
        ("rejected", "cancelled", "expired"),
        N_("Keine Buchung ist beendet"),
    ),
)
FILTERS = ("q", "amt", "person", "termin", "von", "bis")
HEAD = (
    N_("Person"), N_("Amt"), N_("Kurs"), N_("Beginn"), N_("Ende"), N_("Ort"), N_("Stand"),
    N_("Platz auf der Warteliste"), N_("Frist"), N_("Preis in Euro"),
    N_("Kosten der Absage in Euro"), N_("Kostenstelle"), N_("Bestellnummer"), N_("Angefragt am"),
)  # fmt: skip


NO_DEPARTMENTS = N_("Nach Amt kann gerade nicht gefiltert werden. Gezeigt werden alle Ämter.")
TOO_LARGE = N_("Dieses Amt ist für den Filter zu groß. Gezeigt werden alle Ämter.")
NOBODY = str(UUID(int=2**128 - 1))
"""The greatest reference, which no random one is: whoever asks for its bookings finds none."""


@dataclass(frozen=True)
class Department:
    """The department that the address asks for.

    `refs` are its people; None is everybody, with a `problem` if a department was asked for.
    """

    name: str = ""
    refs: Sequence[str] | None = None
    problem: str = ""

    @classmethod
    async def of(cls, page: Page) -> Department:
        """Only notifications knows who is in a department."""
        name = page.query.get("amt", "").replace("\x00", "").strip()[:100]
        if not name:
            return cls()
        found = await people.members(page, name)
        if isinstance(found, Down):
            return cls(name, problem=NO_DEPARTMENTS)
        if found["more"]:
            return cls(name, problem=TOO_LARGE)
        return cls(name, found["person_refs"])

    def among(self, chosen: str | None) -> Sequence[str]:
        """Whose bookings are asked for; everybody's, if nobody is named."""
        if self.refs is None:
            return [chosen] if chosen else []
        return [ref for ref in self.refs if chosen in (None, ref)] or [NOBODY]


def tab_of(page: Page) -> Tab:
    """The tab that the address asks for."""
    asked = page.query.get("stand", "")
    return next((tab for tab in TABS if tab.name == asked), TABS[0])


def wanted(page: Page, tab: Tab, department: Department) -> dict[str, Any]:
    """The filters of the address, in the words of the service. What cannot be read is left out."""
    first, last = page.query.get("von", ""), page.query.get("bis", "")
    readable = not period_errors(page, first, last)
    return {
        "state": list(tab.states),
        "q": page.query.get("q", "").strip()[:100],
        "person_ref": department.among(uuid_of(page.query.get("person"))),
        "run_id": uuid_of(page.query.get("termin")),
        "from_": day_of(first) if readable else None,
        "to": day_of(last) if readable else None,
        "sort": "deadline",
    }


def uuid_of(text: str | None) -> str | None:
    """A reference in an address, if it is one."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        return None


def address(page: Page, path: str = "/buchungen", **other: str | None) -> str:
    """The list under the filters that are active, with some of them changed."""
    state = {name: page.query.get(name, "") for name in ("stand", *FILTERS)} | other
    text = urlencode({name: value for name, value in state.items() if value})
    return path + (f"?{text}" if text else "")


async def bookings(page: Page) -> Response:
    """The list, its counts by state, and what has to be done first."""
    tab = tab_of(page)
    query = page.query.get("q", "").strip()
    department = await Department.of(page)
    rows, offered, waiting, similar, departments = await asyncio.gather(
        longer.read(page, enrolments.asking(page, **wanted(page, tab, department))),
        enrolments.several(page, state=["offered"], sort="deadline", limit=1),
        enrolments.several(page, state=["awaiting_approval"], sort="deadline", limit=1),
        people.named_like(page, query, PEOPLE_SHOWN),
        people.departments(page),
    )
    items, counts = rows.items, rows.found["counts"]
    chosen = uuid_of(page.query.get("person"))
    known = await people.names(page, [*(each["person_ref"] for each in items), chosen])
    chips = _chips(page, items, known)
    return await page.render(
        "bookings/list.html",
        items=items,
        rows=rows,
        names=known,
        tab=tab,
        tab_count=tab.count(counts),
        tabs=[(each, each.count(counts), address(page, stand=each.name)) for each in TABS],
        counts=offered["counts"],
        first_offered=next(iter(offered["items"]), None),
        first_waiting=next(iter(waiting["items"]), None),
        similar=[(each, address(page, q=None, person=each["person_ref"])) for each in similar],
        chips=chips,
        filters=_named(page, [word for word, _ in chips], department),
        department=department,
        departments=_choices(page, department, departments),
        keep={name: page.query.get(name, "") for name in ("stand", *FILTERS)},
        errors=period_errors(page, page.query.get("von", ""), page.query.get("bis", "")),
        export=address(page, "/buchungen/export.csv"),
        everything=address(page, stand=None),
        pickable=any(states.may_cost(each) for each in items),
    )


def _choices(
    page: Page, department: Department, known: Sequence[str] | Down
) -> list[tuple[str, str]]:
    """What can be chosen as a department; nothing where there are none."""
    names = [] if isinstance(known, Down) else list(known)
    if department.name and department.name not in names:
        names.insert(0, department.name)
    return [("", page.say(N_("Alle Ämter"))), *((name, name) for name in names)] if names else []


def _chips(
    page: Page, items: Sequence[Mapping[str, Any]], known: people.Names | Down
) -> list[tuple[str, str]]:
    """Filters that no field of the form shows: their names, and the address without each."""
    chips = []
    chosen = uuid_of(page.query.get("person"))
    if chosen:
        name = people.name_of(known, chosen) or page.say(N_("Eine Person"))
        chips.append((name, address(page, person=None)))
    if uuid_of(page.query.get("termin")):
        title = items[0]["title"] if items else page.say(N_("Ein Termin"))
        chips.append((title, address(page, termin=None)))
    return chips


def _named(page: Page, chips: Sequence[str], department: Department) -> list[str]:
    """The filters beside the tab, in words, for a list in which nothing is left."""
    query, named = page.query.get("q", "").strip(), list(chips)
    if department.name:
        named.insert(0, department.name)
    if query:
        named.insert(0, page.say(N_("„%(q)s“"), q=query))
    for name, text in (("von", N_("Beginn ab %(day)s")), ("bis", N_("Beginn bis %(day)s"))):
        if day := day_of(page.query.get(name, "")):
            named.append(page.say(text, day=formats.short_day(day, page.lang)))
    return named


async def row(page: Page) -> Response:
    """One row of the list, as it stands now."""
    found = await enrolments.one(page, page.part_of("enrolment_id"))
    known = await people.names(page, [found["person_ref"]])
    return await page.render("bookings/one.html", each=found, names=known)


async def export(page: Page) -> Response:
    """The list as a file, under the same filters."""
    found: list[dict[str, Any]] = []
    department, cursor = await Department.of(page), None
    if department.problem:
        return page.go(
            address(page), Flash("warning", page.say(N_("Die Liste wurde nicht heruntergeladen.")))
        )
    while True:
        asked = wanted(page, tab_of(page), department)
        got = await enrolments.several(page, **asked, cursor=cursor, limit=AT_ONCE)
        found += got["items"]
        cursor = got["next_cursor"]
        if cursor is None:
            break
        if len(found) >= MOST_ROWS:
            text = N_("Eine Datei fasst %(n)s Zeilen. Bitte wählen Sie einen kürzeren Zeitraum.")
            title = page.say(N_("Die Liste ist zu lang für eine Datei"))
            shown = formats.number(MOST_ROWS, page.lang)
            return page.go(address(page), Flash("warning", title, page.say(text, n=shown)))
    known = await people.names(page, (each["person_ref"] for each in found))
    lines = [[page.say(head) for head in HEAD], *(line(page, each, known) for each in found)]
    return Response(
        sheets.written(lines),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="buchungen.csv"'},
    )


def line(page: Page, each: Mapping[str, Any], known: people.Names | Down) -> list[str]:
    """One booking as a line of the file."""
    person = {} if isinstance(known, Down) else known.get(each["person_ref"], {})
    deadline = each["offered_until"] or each["held_until"]
    return [
        person.get("name") or page.say(N_("Name nicht abrufbar")),
        person.get("department") or "",
        each["title"],
        f"{formats.instant(each['starts_at']):%d.%m.%Y}",
        f"{formats.instant(each['ends_at']):%d.%m.%Y}",
        each["location"] or "",
        page.say(states.look(states.of(each, page.now)).word),
        str(each["place"] or ""),
        f"{formats.instant(deadline):%d.%m.%Y %H:%M}" if deadline else "",
        sheets.amount(each["price"]["cents"]),
        sheets.amount(each["cancellation"]["fee_cents"]),
        each["cost_centre"] or "",
        each["order_reference"] or "",
        f"{formats.instant(each['requested_at']):%d.%m.%Y %H:%M}",
    ]


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [
        screen("/buchungen", bookings, roles=READERS),
        screen("/buchungen/export.csv", export, roles=READERS),
        screen("/buchungen/{enrolment_id:uuid}/zeile", row, roles=READERS),
    ]
