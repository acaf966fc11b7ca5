"""Where costs are booked: cost centre and order number, as somebody types them.

They are asked for with a booking for many, and can be changed afterwards: a field that is left
empty changes nothing then, so taking a code away has a tick of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from portal.page import Page
from portal.words import N_

SHORT_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
CODES = (
    ("kostenstelle", "cost_centre", N_("Kostenstelle")),
    ("bestellnummer", "order_reference", N_("Bestellnummer")),
)
CODE_HINT = N_(
    "%(label)s: Erlaubt sind Buchstaben ohne Umlaute und ß, Ziffern und . _ / - "
    "(bis zu 40 Zeichen). Am Anfang steht ein Buchstabe oder eine Ziffer."
)
EITHER = N_("%(label)s: Bitte geben Sie entweder eine neue ein, oder entfernen Sie die bisherige.")
NOTHING = N_("Bitte tragen Sie ein, was sich ändern soll.")


@dataclass
class Change:
    """What was typed, the body of the request that it makes, and what is wrong, by field."""

    typed: dict[str, str] = field(default_factory=dict)
    body: dict[str, str | None] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def wrong(page: Page, label: str, code: str) -> str:
    """What is wrong with a code; nothing, if it is empty or may be one."""
    if not code or SHORT_CODE.fullmatch(code):
        return ""
    return page.say(CODE_HINT, label=page.say(label))


def read(page: Page, form: FormData | Mapping[str, Any]) -> Change:
    """What is to be changed: an empty field stays as it is, a tick takes a code away."""
    found = Change()
    for name, place, label in CODES:
        code, tick = str(form.get(name, "")).strip(), f"{name}-weg"
        gone = form.get(tick) == "ja"
        found.typed |= {name: code, tick: "ja" if gone else ""}
        problem = wrong(page, label, code)
        if code and gone:
            problem = page.say(EITHER, label=page.say(label))
        if problem:
            found.errors[name] = problem
        elif code or gone:
            found.body[place] = code or None
    if not found.body and not found.errors:
        found.errors[CODES[0][0]] = page.say(NOTHING)
    return found
