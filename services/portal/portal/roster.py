"""A list of people who are to be booked: read from lines, checked, and made into one booking.

Nothing here asks a service: pages bring what services say and ask for the verdict on each row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from uuid import UUID, uuid4, uuid5

from portal.words import N_

MOST = 2000  # so many people one booking can hold (enrolment: too-many-rows)
SHOWN = 200  # so many rows one page shows: those that need a hand first
COLUMNS = {
    "name": ("name", "person", "teilnehmer", "teilnehmende", "full name"),
    "given": ("vorname", "rufname", "given name", "first name"),
    "family": ("nachname", "familienname", "zuname", "family name", "last name", "surname"),
    "department": ("amt", "abteilung", "fachbereich", "dienststelle", "department"),
    "mail": ("e-mail", "email", "mail", "e-mail-adresse", "dienst-e-mail", "mailadresse"),
}
"""Words over a column, by what stands in it."""


@dataclass
class Row:
    """One line of the list. `ref`: who it is, as soon as that is known."""

    number: int
    name: str = ""
    mail: str = ""
    ref: str | None = None
    from_file: bool = False
    department: str = ""
    """Where somebody works whom nobody knows yet; of the others it is known."""


@dataclass
class Roster:
    """What a coordinator has put together so far. It is kept as a draft between the pages."""

    id: str = field(default_factory=lambda: str(uuid4()))
    run_id: str | None = None
    rows: list[Row] = field(default_factory=list)
    file: dict[str, str] | None = None
    text: str = ""
    query: str = ""
    """Who is looked for. It is kept here, since a name does not belong into an address."""
    cost_centre: str = ""
    order_reference: str = ""
    all_or_nothing: bool = False
    result: dict[str, Any] | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Roster:
        """From the draft. What an earlier release kept and this one does not know is left out."""
        if not kept:
            return cls()
        rows = [Row(**_known(Row, row)) for row in kept.get("rows", ())]
        return cls(**{**_known(cls, kept), "rows": rows})

    def kept(self) -> dict[str, Any]:
        """As the draft."""
        return asdict(self)

    def add(self, rows: Sequence[Row]) -> None:
        """Put rows at the end. Who stands in the list already is not added again."""
        refs = {row.ref for row in self.rows if row.ref}
        mails = {row.mail.lower() for row in self.rows if row.mail}
        number = max((row.number for row in self.rows), default=0)
        for row in rows:
            if (row.ref and row.ref in refs) or (row.mail and row.mail.lower() in mails):
                continue
            number += 1
            self.rows.append(replace(row, number=number))

    def remove(self, number: int) -> None:
        """Take a row out; the others keep their numbers."""
        self.rows = [row for row in self.rows if row.number != number]

    def row(self, number: str) -> Row | None:
        """The row with that number, as a form names it."""
        return next((row for row in self.rows if str(row.number) == number), None)


def _known(kind: type[Row] | type[Roster], kept: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in kept.items() if name in names}


def rows_of(lines: Sequence[Sequence[str]]) -> list[Row]:
    """People from lines of cells: with words over the columns, or "name; address"."""
    if not lines:
        return []
    columns = _columns(lines[0])
    if columns:
        return [_by_columns(line, columns) for line in lines[1:]]
    return [_by_looks(line) for line in lines]


def _columns(line: Sequence[str]) -> dict[str, int]:
    """Which column holds what; empty if the line names no columns."""
    if any("@" in cell for cell in line):
        return {}
    words = [cell.lower().rstrip(":") for cell in line]
    return {
        what: next(at for at, word in enumerate(words) if word in known)
        for what, known in COLUMNS.items()
        if any(word in known for word in words)
    }


def _by_columns(line: Sequence[str], columns: Mapping[str, int]) -> Row:
    def cell(what: str) -> str:
        at = columns.get(what)
        return line[at] if at is not None and at < len(line) else ""

    whole = " ".join(part for part in (cell("given"), cell("family")) if part)
    name = whole or cell("name")
    return Row(0, name, cell("mail"), department=cell("department"))


def _by_looks(line: Sequence[str]) -> Row:
    """The address is the cell with an @, else the second one; the name is the first other one."""
    at = next((at for at, cell in enumerate(line) if "@" in cell), 1)
    others = [cell for place, cell in enumerate(line) if place != at and cell]
    return Row(0, others[0] if others else "", line[at] if at < len(line) else "")


def name_parts(name: str) -> tuple[str, str]:
    """Given name and family name: "Müller, Jürgen" or "Jürgen Müller"."""
    if "," in name:
        family, _, given = name.partition(",")
        return given.strip(), family.strip()
    given, _, family = name.strip().rpartition(" ")
    return given.strip(), family


@dataclass(frozen=True)
class Verdict:
    """What would become of a row. `kind`: seat, line, refused, fix, unknown, several, later."""

    row: Row
    kind: str
    text: str = ""
    place: int | None = None
    price: Mapping[str, Any] | None = None
    choices: Sequence[Mapping[str, Any]] = ()

    @property
    def bad(self) -> bool:
        """Whether the row needs a hand."""
        return self.kind not in ("seat", "line")


NO_MAIL = N_("Hier fehlt die Dienst-E-Mail.")
NO_AT = N_("Hier fehlt das @-Zeichen.")
UNKNOWN = N_("Diese Person kennen wir in Ihrer Organisation nicht.")
SEVERAL = N_("Mehrere Personen haben diese Adresse. Bitte wählen Sie eine.")
LATER = N_("Diese Zeile kann gerade nicht geprüft werden.")


def identify(row: Row, found: Mapping[str, Sequence[Mapping[str, Any]]] | None) -> Verdict | None:
    """Find out who a row means: None when it is known now, else what is in the way.

    `found`: people by address in lower case; None when nobody could be asked.
    """
    if row.ref:
        return None
    if "@" not in row.mail:
        return Verdict(row, "fix", NO_AT if row.mail else NO_MAIL)
    if found is None:
        return Verdict(row, "later", LATER)
    people = found.get(row.mail.lower(), ())
    if len(people) == 1:
        row.ref = str(people[0]["person_ref"])
        row.name = people[0].get("name") or row.name
        return None
    kind, text = ("several", SEVERAL) if people else ("unknown", UNKNOWN)
    return Verdict(row, kind, text, choices=people)


def judged(row: Row, said: Mapping[str, Any]) -> Verdict:
    """What the service says about a row that it knows."""
    state = said.get("state")
    if state is None:
        return Verdict(row, "refused", said.get("detail") or said["code"])
    kind = "line" if state == "waitlisted" else "seat"
    return Verdict(row, kind, place=said.get("place"), price=said.get("price"))


def sorted_(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Errors first, then the rest, each in the order of the list."""
    return sorted(verdicts, key=lambda each: (not each.bad, each.row.number))


@dataclass(frozen=True)
class Sum:
    """What the button will do."""

    seats: int
    line: int
    bad: int
    cents: int | None
    saving_cents: int

    @property
    def bookable(self) -> int:
        """How many rows can be booked at all."""
        return self.seats + self.line


def sum_of(verdicts: Sequence[Verdict], member: bool | None) -> Sum:
    """Counts and costs. `member`: whether the organisation is one today; None: not known."""
    seats = [each for each in verdicts if each.kind == "seat"]
    prices = [price_of(each, member) for each in seats]
    standard = sum(int(each.price["standard_cents"]) for each in seats if each.price)
    known = [cents for cents in prices if cents is not None]
    whole = sum(known) if len(known) == len(prices) else None
    return Sum(
        seats=len(seats),
        line=sum(each.kind == "line" for each in verdicts),
        bad=sum(each.bad for each in verdicts),
        cents=whole,
        saving_cents=max(0, standard - whole) if whole is not None else 0,
    )


def price_of(verdict: Verdict, member: bool | None) -> int | None:
    """What the seat of a row costs the own organisation; None while nobody knows."""
    if verdict.kind == "line":
        return 0
    price = verdict.price
    if price is None or member is None:
        return None
    if price.get("cents") is not None:
        return int(price["cents"])
    own = price.get("member_cents") if member else None
    return int(price["standard_cents"] if own is None else own)


def order(roster: Roster, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The booking of all rows that can be booked."""
    more = {
        "cost_centre": roster.cost_centre or None,
        "order_reference": roster.order_reference or None,
    }
    rows = sorted((each.row for each in verdicts if not each.bad), key=lambda row: row.number)
    return {
        "run_id": roster.run_id,
        "people": [{"person_ref": row.ref, **more} for row in rows],
        "all_or_nothing": roster.all_or_nothing,
    }


def key_of(roster: Roster, body: Mapping[str, Any]) -> str:
    """The key of a booking comes from what is in it: sent again, it is the same booking."""
    return str(uuid5(UUID(roster.id), json.dumps(body, sort_keys=True)))
