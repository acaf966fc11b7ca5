"""Bytes of strangers to a JSON object, strictly: what cannot be read says why, and never raises."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.catalog import Finding

from catalog.domain.findings import finding, pointer_of

MAX_BYTES = 900_000
MAX_DEPTH = 32

# One that is never closed goes on to the end of the text: else each quotation mark in it would be
# tried as a beginning, and a single record would hold up all others for hours
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_SENTENCES = {
    "empty": "the record has no content",
    "too-large": f"a submission may have at most {MAX_BYTES} bytes",
    "not-utf8": "must be encoded as UTF-8",
    "not-json": "must be JSON",
    "too-deep": f"may be nested at most {MAX_DEPTH} levels deep",
    "not-a-number": "NaN and Infinity are not numbers of JSON",
    "number-too-large": "a number is larger than can be read",
    "duplicate-key": "a name stands twice in an object",
    "not-an-object": "must be a JSON object",
}


class _UnreadableError(ValueError):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_object(raw: bytes | None) -> dict[str, Any] | Finding:
    """The JSON object in these bytes (fractions as `Decimal`), or why there is none."""
    try:
        value = _parse(raw)
    except _UnreadableError as error:
        return finding("", error.code, _SENTENCES[error.code])
    return value


def _parse(raw: bytes | None) -> dict[str, Any]:
    if not raw:
        raise _UnreadableError("empty")
    if len(raw) > MAX_BYTES:
        raise _UnreadableError("too-large")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _UnreadableError("not-utf8") from None
    if is_too_deep(text):
        raise _UnreadableError("too-deep")
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_fraction
        )
    except _UnreadableError:
        raise
    except (ValueError, RecursionError):
        raise _UnreadableError("not-json") from None
    if not isinstance(value, dict):
        raise _UnreadableError("not-an-object")
    return value


def is_too_deep(text: str) -> bool:
    """Whether brackets outside of strings are nested deeper than anybody needs."""
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise _UnreadableError("duplicate-key")
    return unique


def _fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        raise _UnreadableError("number-too-large") from None


def _refuse(_constant: str) -> Any:
    raise _UnreadableError("not-a-number")


def bad_characters(document: Any) -> list[Finding]:
    """Every text with a character that cannot be stored or shown (NUL, control, lone surrogate)."""
    return [
        finding(
            pointer_of(place),
            "bad-character",
            "contains a character that cannot be stored or shown",
        )
        for place, text in _texts(document, ())
        if _BAD.search(text)
    ]


def _texts(value: Any, place: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield place, name
            yield from _texts(inner, (*place, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*place, number))


def scrubbed(document: Any) -> Any:
    """The document with every bad character replaced, so that the rest of it can be judged."""
    if isinstance(document, str):
        return _BAD.sub("?", document)
    if isinstance(document, dict):
        return {_BAD.sub("?", name): scrubbed(inner) for name, inner in document.items()}
    return [scrubbed(inner) for inner in document] if isinstance(document, list) else document


def readable(value: object, limit: int = 300) -> str | None:
    """A word of a stranger as far as it can be repeated in an event; None when nothing is left."""
    if not isinstance(value, str):
        return None
    return "".join(c for c in value[:limit] if c.isprintable()) or None
