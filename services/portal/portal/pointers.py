"""Where the places that a JSON Pointer names stand in a text, by line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.words import N_

TOKEN = re.compile(r'"(?:[^"\\]|\\[\s\S]?)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+')
"""A text that is never closed is one token up to the end: else every quotation mark in it would be
looked at as the begin of another one, up to the end."""
DEEPEST = 100
"""Levels within each other. No offer and no event has more than ten; without an end the addresses
of the inner ones would fill the memory."""
MOST_WIDER = 16
"""A text that is mostly indentation once it is indented is shown as it came."""

SYNTAX = {
    "Expecting value": N_("Hier wird ein Wert erwartet."),
    "Expecting property name enclosed in double quotes": N_(
        "Hier wird ein Name in doppelten Anführungszeichen erwartet. "
        "Vielleicht steht davor ein Komma zu viel."
    ),
    "Illegal trailing comma before end of object": N_("Hier steht ein Komma zu viel."),
    "Illegal trailing comma before end of array": N_("Hier steht ein Komma zu viel."),
    "Expecting ',' delimiter": N_("Hier fehlt ein Komma oder eine schließende Klammer."),
    "Expecting ':' delimiter": N_("Hier fehlt ein Doppelpunkt nach dem Namen."),
    "Unterminated string starting at": N_("Dieser Text hat kein Anführungszeichen am Ende."),
    "Invalid control character at": N_("Hier steht ein Zeilenumbruch oder Tabulator im Text."),
    "Extra data": N_("Hier steht noch etwas hinter dem Ende des Angebots."),
}
NOT_SENT = N_(
    "Ein Wert lässt sich nicht übertragen: "
    "Eine Zahl ist zu groß, oder ein Zeichen ist unvollständig."
)
OTHERWISE = N_("Ab hier ist der Text kein lesbares JSON.")


@dataclass(frozen=True)
class Fault:
    """Why a text is no JSON, and where (line and column from 1). `why` is of the catalogue."""

    why: str
    line: int
    column: int


def fault(error: json.JSONDecodeError) -> Fault:
    """An error of the parser for people."""
    return Fault(SYNTAX.get(error.msg, OTHERWISE), error.lineno, error.colno)


def pretty(text: str) -> str:
    """The text with a line for each member; as it is, if it is no JSON."""
    try:
        shown = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        shown.encode()  # half of a pair ("\ud800") is a character for JSON, but not for a page
    except (ValueError, RecursionError):
        return text
    return shown if len(shown) < MOST_WIDER * len(text) + 1000 else text


@dataclass
class _Level:
    """An object or a list on the way down; `step` is the name or number of what comes next."""

    path: str
    is_list: bool
    step: str = ""
    count: int = field(default=0)
    named: bool = False

    def pointer(self) -> str:
        name = str(self.count) if self.is_list else self.step
        return f"{self.path}/{name.replace('~', '~0').replace('/', '~1')}"


def lines(text: str) -> dict[str, int]:
    """The line (from 1) in which each place of a JSON text begins: `/runs/0/capacity`: 17."""
    found: dict[str, int] = {}
    levels: list[_Level] = []
    line, last = 1, 0
    for token in TOKEN.finditer(text):
        line += text.count("\n", last, token.start())
        last = token.start()
        word = token.group()
        level = levels[-1] if levels else None
        if word in "}]":
            levels = levels[:-1]
        elif word == ",":
            if level is not None:
                level.count, level.named = level.count + 1, False
        elif word == ":":
            pass
        elif level is not None and not level.is_list and not level.named:
            level.step, level.named = _name(word), True
            found.setdefault(level.pointer(), line)
        else:
            pointer = level.pointer() if level is not None else ""
            found.setdefault(pointer, line)
            if word in "{[":
                if len(levels) == DEEPEST:
                    break
                levels.append(_Level(pointer, word == "["))
    return found


def _name(word: str) -> str:
    try:
        return str(json.loads(word))
    except ValueError:
        return word


def line_of(pointer: str, found: Mapping[str, int]) -> int | None:
    """The line of a place; of what surrounds it, where it is missing."""
    while pointer and pointer not in found:
        pointer = pointer.rpartition("/")[0]
    return found.get(pointer) if pointer else None


def marked(text: str, places: Iterable[str]) -> list[tuple[str, bool]]:
    """The lines of a text, and whether one of the places begins there."""
    found = lines(text)
    wanted = {line_of(place, found) for place in places}
    return [(line, number in wanted) for number, line in enumerate(text.split("\n"), 1)]


def parsed(text: str) -> tuple[dict[str, Any] | None, Fault | None]:
    """An object, or why the text is none."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except json.JSONDecodeError as error:
        return None, fault(error)
    except ValueError:  # NaN, a number without end, or half of a character
        return None, Fault(NOT_SENT, 1, 1)
    except RecursionError:
        return None, Fault(N_("Der Text ist zu tief verschachtelt."), 1, 1)
    if not isinstance(value, dict):
        return None, Fault(N_("Erwartet wird ein Angebot in geschweiften Klammern."), 1, 1)
    return value, None
