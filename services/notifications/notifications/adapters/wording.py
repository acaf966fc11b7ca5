"""Prices, dates and words as people read them, in German and English (portal brief 5 and 6).

Numbers and dates come from Babel (CLDR); a line never breaks before a unit.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date, format_time
from babel.numbers import format_currency

from notifications.domain.hours import BERLIN
from notifications.domain.person import Language

NBSP = "\N{NO-BREAK SPACE}"
QUOTES = r"[\"„“”«»]"
OPENS = f" {NBSP}([{{/-–—"
"""A quotation mark right after one of these opens, any other one closes."""


def money(cents: int, language: Language) -> str:
    """`353,00 €` or `€353.00`."""
    locale = "de_DE" if language == "de" else "en_IE"
    return format_currency(cents / 100, "EUR", locale=locale)


def day(value: date, language: Language) -> str:
    """`1. Januar 2027` or `1 January 2027`."""
    return format_date(value, "d. MMMM y" if language == "de" else "d MMMM y", locale=language)


def clock(moment: datetime, language: Language) -> str:
    """The time of day in Berlin: `17:15 Uhr` or `5:15 pm`."""
    local = moment.astimezone(BERLIN)
    if language == "de":
        return f"{format_time(local, 'H:mm', locale='de')}{NBSP}Uhr"
    half = "am" if local.hour < 12 else "pm"
    return f"{format_time(local, 'h:mm', locale='en')}{NBSP}{half}"


def weekday(moment: datetime, language: Language) -> str:
    """`Freitag, 15. Januar 2027` or `Friday 15 January 2027`, in Berlin."""
    local = moment.astimezone(BERLIN).date()
    name = format_date(local, "EEEE", locale=language)
    return f"{name}{',' if language == 'de' else ''} {day(local, language)}"


def moment(value: datetime | str, language: Language) -> str:
    """`Freitag, 15. Januar 2027, 17:15 Uhr`. Texts of stored facts are taken as well."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return f"{weekday(value, language)}, {clock(value, language)}"


def span(starts_at: datetime, ends_at: datetime, language: Language) -> str:
    """From when to when: one day with its hours, or both ends in full."""
    to = "bis" if language == "de" else "to"
    if starts_at.astimezone(BERLIN).date() == ends_at.astimezone(BERLIN).date():
        hours = f"{clock(starts_at, language)} {to} {clock(ends_at, language)}"
        if language == "de":
            hours = hours.replace(f"{NBSP}Uhr", "", 1)
        return f"{weekday(starts_at, language)}, {hours}"
    return f"{moment(starts_at, language)} {to} {moment(ends_at, language)}"


def price(cents: int, saving_cents: int, language: Language) -> str:
    """The price, and beside it what it would be without membership."""
    if cents == 0:
        return "Kostenlos" if language == "de" else "Free of charge"
    own = money(cents, language)
    if saving_cents <= 0:
        return own
    full, saved = money(cents + saving_cents, language), money(saving_cents, language)
    if language == "de":
        return f"{own}, statt {full}, {saved} gespart"
    return f"{own}, instead of {full}, you save {saved}"


def sentence(text: str) -> str:
    """The beginning of a sentence: with a capital, whatever stands there."""
    return text[:1].upper() + text[1:]


def quoted(title: str, language: Language) -> str:
    """A title in quotation marks; those inside become single ones: `„Die ‚neue‘ Akte“`."""
    outer, inner = ("„“", "‚‘") if language == "de" else ("“”", "‘’")

    def single(mark: re.Match[str]) -> str:
        before = title[: mark.start()][-1:]
        return inner[0] if not before or before in OPENS else inner[1]

    return outer[0] + re.sub(QUOTES, single, title) + outer[1]


@dataclass(frozen=True, slots=True)
class Labels:
    """Short words of one language.

    A name that is not known: `unknown_name` in a list, `somebody` in a sentence (as its subject
    or object; a sentence must not need another case).
    """

    course: str
    date: str
    place: str
    price: str
    why: str
    person: str
    state: str
    unknown_name: str
    somebody: str
    states: Mapping[str, str]


LABELS: Mapping[Language, Labels] = {
    "de": Labels(
        course="Kurs",
        date="Termin",
        place="Ort",
        price="Preis",
        why="Warum dieser Preis?",
        person="Person",
        state="Stand",
        unknown_name="Name nicht hinterlegt",
        somebody="eine Person ohne hinterlegten Namen",
        states={
            "requested": "Angefragt",
            "awaiting_approval": "Wartet auf Freigabe",
            "waitlisted": "Warteliste",
            "offered": "Platz angeboten",
            "confirmed": "Bestätigt",
            "rejected": "Abgelehnt",
            "cancelled": "Storniert",
            "expired": "Frist abgelaufen",
        },
    ),
    "en": Labels(
        course="Course",
        date="Date",
        place="Place",
        price="Price",
        why="Why this price?",
        person="Person",
        state="State",
        unknown_name="Name not known",
        somebody="a person whose name is not known",
        states={
            "requested": "Requested",
            "awaiting_approval": "Waiting for approval",
            "waitlisted": "Waiting list",
            "offered": "Seat offered",
            "confirmed": "Confirmed",
            "rejected": "Declined",
            "cancelled": "Cancelled",
            "expired": "Expired",
        },
    ),
}


def state(code: str, place: int | None, language: Language) -> str:
    """The word for a state, with the place in the line."""
    word = LABELS[language].states.get(code.replace("-", "_"))
    if word is None:
        word = "Nicht gebucht" if language == "de" else "Not booked"
    if place is None or code != "waitlisted":
        return word
    return f"{word}, {'Platz' if language == 'de' else 'place'}{NBSP}{place}"


def why_german(reason: str, since: date | None, ended: date | None) -> str | None:
    """Why a price is what it is, by the reason that membership told."""
    match reason:
        case "member-on-day" if since:
            return (
                f"Ihre Organisation ist seit {day(since, 'de')} Mitglied der Genossenschaft. "
                "Es gilt der Mitgliedspreis am Tag der Buchung."
            )
        case "member-on-day":
            return "Es gilt der Mitgliedspreis am Tag der Buchung."
        case "membership-not-yet-begun" if since:
            return (
                f"Ihre Organisation wird erst am {day(since, 'de')} Mitglied der Genossenschaft. "
                "Es gilt der Preis am Tag der Buchung."
            )
        case "membership-ended" if ended:
            return (
                f"Die Mitgliedschaft Ihrer Organisation endete am {day(ended, 'de')}. "
                "Es gilt der Preis am Tag der Buchung."
            )
        case "not-a-member":
            return "Ihre Organisation ist nicht Mitglied der Genossenschaft."
    return None


def why_english(reason: str, since: date | None, ended: date | None) -> str | None:
    """The same in English."""
    match reason:
        case "member-on-day" if since:
            return (
                f"Your organisation has been a member of the cooperative since {day(since, 'en')}. "
                "The member price on the day of booking applies."
            )
        case "member-on-day":
            return "The member price on the day of booking applies."
        case "membership-not-yet-begun" if since:
            return (
                f"Your organisation becomes a member on {day(since, 'en')} only. "
                "The price on the day of booking applies."
            )
        case "membership-ended" if ended:
            return (
                f"The membership of your organisation ended on {day(ended, 'en')}. "
                "The price on the day of booking applies."
            )
        case "not-a-member":
            return "Your organisation is not a member of the cooperative."
    return None


WHY: Mapping[Language, Callable[[str, date | None, date | None], str | None]] = {
    "de": why_german,
    "en": why_english,
}
