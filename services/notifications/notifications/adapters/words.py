"""A notice in words: templates per language, filled when they are needed and never stored.

Every template sets the same parts (`subject`, `title`, `text`, `more`, `button`, `path`, `show`).
They are plain text; the HTML of a mail escapes them. Course titles come from providers: whatever
stands in them is text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notifications.adapters import wording
from notifications.domain.announcer import Notice
from notifications.domain.course import Dossier
from notifications.domain.person import Language
from notifications.domain.steps import BULK

TEXTS = Path(__file__).parent / "texts"
LISTED = 200
"""Rows of a bulk booking in one mail; the rest is counted and stands in the portal."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a bulk booking."""

    name: str
    state: str
    price: str


@dataclass(frozen=True, slots=True)
class Words:
    """What a notice says. `path` is where its button leads to in the portal."""

    language: Language
    subject: str
    title: str
    text: str
    more: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    rows: tuple[Row, ...] = ()
    rest: int = 0
    button: str = ""
    path: str = "/"


@cache
def environment(language: Language) -> Environment:
    """The templates of one language: text, so nothing is escaped here."""
    env = Environment(
        loader=FileSystemLoader(TEXTS / language),
        autoescape=False,  # noqa: S701 - text; the HTML template escapes every part
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in ("money", "moment", "day", "quoted"):
        env.filters[name] = partial(getattr(wording, name), language=language)
    env.filters["sentence"] = wording.sentence
    return env


def written(dossier: Dossier, language: Language) -> Words:
    """The words of a notice for its recipient."""
    notice = dossier.notice
    template = environment(language).get_template(f"{notice.kind}.jinja")
    module: Any = template.make_module(_variables(dossier, language))
    shown = str(module.show).split()
    return Words(
        language=language,
        subject=_line(module.subject),
        title=_line(module.title),
        text=_line(module.text),
        more=tuple(line for part in str(module.more).split("\n\n") if (line := _line(part))),
        facts=tuple(fact for name in shown if (fact := _fact(name, dossier, language))),
        rows=_rows(dossier, language),
        rest=max(len(notice.facts.get("rows", ())) - LISTED, 0),
        button=_line(module.button),
        path=("" if language == "de" else "/en") + _line(module.path),
    )


def _line(text: Any) -> str:
    """One line with single spaces; non-breaking spaces stay."""
    return " ".join(part for part in str(text).replace("\n", " ").split(" ") if part)


def _variables(dossier: Dossier, language: Language) -> dict[str, Any]:
    notice, run = dossier.notice, dossier.run
    unset = ("reason", "place", "price_cents", "offered_until", "held_until", "rows")
    return {
        **dict.fromkeys(unset),
        "fee_cents": 0,
        **notice.facts,
        "own": notice.audience == "person",
        "course": run.title if run else None,
        "name": (dossier.person.name if dossier.person else None)
        or wording.LABELS[language].somebody,
        "reachable": _reachable(dossier),
        "in_calendar": run is not None and bool(dossier.booking and dossier.booking.was_confirmed),
        "about_id": str(notice.about_id),
        "counts": _counts(notice),
    }


def _reachable(dossier: Dossier) -> str:
    """Whether `all`, `some` or `none` of those whom a notice names can be written to.

    `nobody` where it names nobody: a list of which no row was accepted.
    """
    if dossier.notice.kind != BULK:
        return "all" if dossier.person and dossier.person.has_contact else "none"
    named = {UUID(row["person_ref"]) for row in dossier.notice.facts.get("rows", ())}
    if not named:
        return "nobody"
    known = {ref for ref, person in dossier.people.items() if person.has_contact}
    return "all" if named <= known else "some" if named & known else "none"


def _counts(notice: Notice) -> dict[str, int]:
    states = [str(row["state"]) for row in notice.facts.get("rows", ())]
    booked, waiting = states.count("confirmed"), states.count("waitlisted")
    failed = len(states) - booked - waiting + int(notice.facts.get("refused", 0))
    return {"booked": booked, "waiting": waiting, "failed": failed}


def _fact(name: str, dossier: Dossier, language: Language) -> tuple[str, str] | None:
    run, notice, labels = dossier.run, dossier.notice, wording.LABELS[language]
    value: str | None = None
    match name:
        case "course" if run:
            value = run.title
        case "date" if run:
            value = wording.span(run.starts_at, run.ends_at, language)
        case "place" if run:
            value = run.location
        case "person" if dossier.person and notice.audience != "person":
            value = dossier.person.name
        case "price":
            value = _price(dossier, language)
        case "why":
            value = _why(dossier, language)
    label = str(getattr(labels, name))
    return (label, value) if value else None


def _price(dossier: Dossier, language: Language) -> str | None:
    cents = dossier.notice.facts.get("price_cents")
    if cents is None:
        return None
    saving = dossier.notice.facts.get("saving_cents", 0)
    booking = dossier.booking
    if not saving and booking and booking.price_cents == cents:
        saving = booking.saving_cents
    return wording.price(int(cents), int(saving), language)


def _why(dossier: Dossier, language: Language) -> str | None:
    booking, run = dossier.booking, dossier.run
    if booking is None or booking.reason is None:
        return None
    why = wording.WHY[language](booking.reason, booking.member_since_on, booking.ended_on)
    cheaper = run and booking.price_cents is not None and run.member_cents < booking.price_cents
    if why and run and cheaper and booking.price_kind == "standard":
        members = wording.money(run.member_cents, language)
        why += f" Mitglieder zahlen {members}." if language == "de" else f" Members pay {members}."
    return why


def _rows(dossier: Dossier, language: Language) -> tuple[Row, ...]:
    if dossier.notice.kind != BULK:
        return ()
    listed: Sequence[dict[str, Any]] = dossier.notice.facts.get("rows", ())[:LISTED]
    return tuple(_row(row, dossier, language) for row in listed)


def _row(row: dict[str, Any], dossier: Dossier, language: Language) -> Row:
    person = dossier.people.get(UUID(row["person_ref"]))
    cents = row.get("price_cents")
    booked = row["state"] == "confirmed" and cents is not None
    return Row(
        name=(person.name if person else None) or wording.LABELS[language].unknown_name,
        state=wording.state(row["state"], row.get("place"), language),
        price=wording.money(int(cents), language) if booked and cents is not None else "",
    )
