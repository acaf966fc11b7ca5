"""What is wrong or doubtful, said with a place, a stable code and our own words.

Nothing here repeats what was sent: a verdict goes to a topic that others read.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.catalog import Finding

MAX_FINDINGS = 100

# Kinds of errors of pydantic -> our code and sentence. Limits are ours, so they may be told.
SHAPE: dict[str, tuple[str, str]] = {
    "missing": ("missing", "is missing"),
    "literal_error": ("unknown-value", "must be one of {expected}"),
    "greater_than_equal": ("too-small", "must be at least {ge}"),
    "less_than_equal": ("too-large", "must be at most {le}"),
    "string_too_short": ("too-short", "needs at least {min_length} character(s)"),
    "string_too_long": ("too-long", "may have at most {max_length} characters"),
    "too_long": ("too-many", "may have at most {max_length} entries"),
    "int_type": ("not-an-integer", "must be a whole number"),
    "int_from_float": ("not-an-integer", "must be a whole number"),
    "int_parsing": ("not-an-integer", "must be a whole number"),
    "int_parsing_size": ("not-an-integer", "must be a whole number of ordinary size"),
    "string_type": ("not-text", "must be a text"),
    "string_unicode": ("bad-character", "contains a character that cannot be stored"),
    "bool_type": ("not-a-boolean", "must be true or false"),
    "list_type": ("not-a-list", "must be a list"),
    "model_type": ("not-an-object", "must be an object"),
    "dict_type": ("not-an-object", "must be an object"),
    "datetime_type": ("not-an-instant", "must be an instant like 2027-03-01T08:00:00Z"),
    "datetime_parsing": ("not-an-instant", "must be an instant like 2027-03-01T08:00:00Z"),
    "datetime_from_date_parsing": (
        "not-an-instant",
        "must be an instant like 2027-03-01T08:00:00Z",
    ),
    "value_error": ("wrong-value", "does not fit"),
    "string_pattern_mismatch": ("wrong-form", "does not have the form that is asked for"),
}
OTHER = ("wrong-value", "does not fit")
_SAFE_STEP = re.compile(r"[A-Za-z0-9_.@-]{1,60}")


def finding(pointer: str, code: str, detail: str) -> Finding:
    """One finding."""
    return Finding(pointer=pointer, code=code, detail=detail)


def pointer_of(place: Iterable[object]) -> str:
    """A JSON Pointer; it ends before a step that only repeats a strange word of the sender."""
    pointer = ""
    for step in place:
        if not _SAFE_STEP.fullmatch(str(step)):
            break
        pointer += f"/{step}"
    return pointer


def of_shape(entry: Mapping[str, Any]) -> Finding:
    """One error of pydantic in our words."""
    kind, context = str(entry["type"]), dict(entry.get("ctx") or {})
    code, sentence = SHAPE.get(kind, OTHER)
    pointer = pointer_of(entry["loc"])
    if kind == "string_pattern_mismatch" and pointer.endswith("/url"):
        code, sentence = "not-a-url", "must be an address that begins with http:// or https://"
    return finding(pointer, code, sentence.format_map(_Limits(context)))


class _Limits(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


def merged(*lists: Iterable[Finding]) -> tuple[Finding, ...]:
    """All findings, at most 100. What an earlier list said about a place stands alone."""
    kept: list[Finding] = []
    for found in lists:
        settled = {entry.pointer for entry in kept}
        kept += [entry for entry in found if entry.pointer not in settled]
    return tuple(kept[:MAX_FINDINGS])
