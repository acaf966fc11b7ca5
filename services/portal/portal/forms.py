"""Forms whose fields are data: what was typed becomes the body of a request, or errors by field.

A service answers with pointers into the body (`/received_on`); `by_field` brings them to the
fields, and what has no field to the head of the form (the empty name).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.datastructures import FormData

from portal import formats
from portal.backend import Refused
from portal.pages.courses import day_of
from portal.words import N_

MINUTE = re.compile(r"(?P<day>.+?)[T,\s]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(:\d{2})?(\s*Uhr)?")

MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

LONGEST = 20
"""Characters of a number: beyond, it is no count and no amount of anything here."""
FIRST_DAY = date(1900, 1, 1)
"""Nothing here is older; and the very first days have no instant in UTC."""

MISSING = N_("Bitte füllen Sie „%(label)s“ aus.")
NO_MAIL = N_("Die E-Mail-Adresse ist unvollständig. Zum Beispiel: name@stadt.example")
NO_NUMBER = N_("Die Zahl ist nicht lesbar. Zum Beispiel: 612")
NO_AMOUNT = N_("Der Betrag ist nicht lesbar. Zum Beispiel: 1.000,00")
NO_DAY = N_("Das Datum ist nicht lesbar. Zum Beispiel: 14.1.2027")
NO_MOMENT = N_("Der Zeitpunkt ist nicht lesbar. Zum Beispiel: 14.1.2027 9:30")
NOT_TICKED = N_("Bitte bestätigen Sie: %(label)s")


@dataclass(frozen=True)
class Field:
    """One field: its name in the form, its label, and its place in the body of the request.

    `kind` is a key of `READ`. Without a pointer it is asked for, but not sent.
    """

    name: str
    label: str
    pointer: str
    kind: str = "text"
    hint: str = ""
    optional: bool = False
    options: tuple[tuple[str, str], ...] = ()
    size: str = "m"
    more: str = ""


def integer(text: str) -> int:
    """`1.284` or `1284`. ValueError(a text of the catalogue) if it is no such number."""
    if len(text) > LONGEST or not re.fullmatch(r"\d{1,3}([.\s]\d{3})+|\d+", text):
        raise ValueError(NO_NUMBER)
    return int(re.sub(r"\D", "", text))


def cents(text: str) -> int:
    """`1.000,50 €`, `1000.50` or `1000`."""
    plain = re.sub(r"[\s€]", "", text)
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d{1,2})?|\d+,\d{1,2}", plain):
        plain = plain.replace(".", "").replace(",", ".")
    if len(plain) > LONGEST or not re.fullmatch(r"\d+(\.\d{1,2})?", plain):
        raise ValueError(NO_AMOUNT)
    try:
        return int(Decimal(plain) * 100)
    except InvalidOperation as error:
        raise ValueError(NO_AMOUNT) from error


def day(text: str) -> str:
    """`14.1.2027` or `2027-01-14`, as the day that services read."""
    found = day_of(text)
    if found is None or found < FIRST_DAY:
        raise ValueError(NO_DAY)
    return found.isoformat()


def instant(text: str) -> str:
    """`14.1.2027 9:30` or `2027-01-14T09:30`: local time, told with its offset."""
    found = MINUTE.fullmatch(text.strip())
    on = day_of(found["day"]) if found else None
    if found is None or on is None or on < FIRST_DAY:
        raise ValueError(NO_MOMENT)
    try:
        at = time(int(found["hour"]), int(found["minute"]))
    except ValueError as error:
        raise ValueError(NO_MOMENT) from error
    return datetime.combine(on, at, formats.BERLIN).isoformat()


def begin_of(text: str) -> str:
    """A day, told as the instant with which it begins here."""
    on = date.fromisoformat(day(text))
    return datetime.combine(on, time(), formats.BERLIN).isoformat()


def mail(text: str) -> str:
    """Something of the form of a mail address."""
    if not MAIL.fullmatch(text):
        raise ValueError(NO_MAIL)
    return text


def ticked(text: str) -> bool:
    """A box that has to be ticked."""
    if not text:
        raise ValueError(NOT_TICKED)
    return True


READ: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "lines": str,
    "email": mail,
    "choice": str,
    "number": integer,
    "euros": cents,
    "day": day,
    "day_begins": begin_of,
    "moment": instant,
    "ticked": ticked,
}


def typed(form: FormData | Mapping[str, Any], fields: Sequence[Field]) -> dict[str, str]:
    """What stands in the fields."""
    return {field.name: str(form.get(field.name, "")).strip() for field in fields}


def read(
    values: Mapping[str, str], fields: Sequence[Field]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The body of the request, and what cannot be read, by field (texts of the catalogue)."""
    body: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        text = values[field.name]
        if not text and field.kind != "ticked":
            if not field.optional:
                errors[field.name] = MISSING
            continue
        try:
            if field.kind == "choice" and text not in dict(field.options):
                raise ValueError(MISSING)
            value = READ[field.kind](text)
            if field.pointer:
                _put(body, field.pointer, value)
        except ValueError as error:
            errors[field.name] = str(error)
    return body, errors


def _put(body: dict[str, Any], pointer: str, value: Any) -> None:
    *parents, last = pointer.strip("/").split("/")
    for name in parents:
        body = body.setdefault(name, {})
    body[last] = value


def by_field(
    no: Refused, fields: Sequence[Field], label: Callable[[str], str] = str
) -> dict[str, str]:
    """A service's no, at the fields that its pointers name; the rest at the head of the form.

    `label` says the name of a field: what does not begin a sentence needs it.
    """
    known = {field.pointer: field for field in fields if field.pointer}
    errors: dict[str, str] = {}
    for each in no.errors:
        field, detail = known.get(each.get("pointer", "")), each.get("detail", "")
        if field is not None and detail[:1].islower():
            detail = f"{label(field.label)}: {detail}"
        errors.setdefault(field.name if field else "", detail)
    return errors or {"": no.detail}
