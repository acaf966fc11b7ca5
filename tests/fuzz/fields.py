"""Bodies of forms, urlencoded and multipart: read, changed field by field, and written again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import unquote_to_bytes

from tests.fuzz import trees

URLENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data"
KINDS = (URLENCODED, MULTIPART)
BOUNDARY = b"kc-boundary"
HEAD = re.compile(rb'name="(?P<name>[^"]*)"(; filename="(?P<filename>[^"]*)")?')
NAMES = (b"", b"_csrf", b"x", b"datei", b"schluessel", b"auswahl", b"__proto__", b"a[]")
FILES = (
    b"",
    b"\x00\x01\x02",
    b"\xff\xfe",
    b"\xff\xfeN\x00a\x00m\x00e\x00",
    b"\xef\xbb\xbfName;Mail\r\nA;a@b.example",
    b'"never closed',
    b'"' + b"a" * 140_000 + b'"',
    b"a" * 140_000,
    b"a;" * 50_000,
    b"a@b.example\n" * 2100,
    b"a@b.example\r" * 3,
    b"=cmd|' /C calc'!A0;a@b.example",
    b"x" * 300_000,
    b"PK\x03\x04",
    b"{" * 2000,
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"title":"\\ud800"}',
    b'{"a":NaN}',
    b'{"a":1e999}',
)
"""What somebody may upload as a table or as an offer."""


@dataclass
class Field:
    """One field as it is written: its value quoted in the one kind, raw in the other."""

    name: bytes
    value: bytes
    filename: bytes | None = None


def written(form: Sequence[Field], kind: bytes) -> bytes:
    """The body of a form."""
    if kind == URLENCODED:
        return b"&".join(each.name + b"=" + each.value for each in form)
    parts = []
    for each in form:
        file = b"" if each.filename is None else b'; filename="' + each.filename + b'"'
        head = b'Content-Disposition: form-data; name="' + each.name + b'"' + file
        parts.append(b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + each.value + b"\r\n")
    return b"".join((*parts, b"--", BOUNDARY, b"--\r\n"))


def read(body: bytes, kind: bytes) -> list[Field]:
    """The fields of a body, as far as it is one."""
    if kind == URLENCODED:
        pairs = (each.partition(b"=") for each in body.split(b"&"))
        return [Field(name, value) for name, _, value in pairs]
    form = []
    for part in body.split(b"--" + BOUNDARY + b"\r\n")[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        if found := HEAD.search(head):
            end = value.rfind(b"\r\n")
            form.append(Field(found["name"], value[: max(end, 0)], found["filename"]))
    if form:
        form[-1].value = form[-1].value.removesuffix(b"\r\n--" + BOUNDARY + b"--")
    return form


def bend(form: list[Field], rng: Random, word: Callable[[], bytes], canary: str) -> str:
    """Change one thing, and say what it was. `word` gives a new value, quoted."""
    how = rng.choice(("value", "value", "value", "file", "drop", "double", "add", "rename"))
    if not form or how == "add":
        form.append(Field(rng.choice(NAMES), word()))
        return "add"
    place = rng.randrange(len(form))
    chosen = form[place]
    raw = any(each.filename is not None for each in form)
    value = unquote_to_bytes(word().replace(b"+", b" ")) if raw else word()
    if how == "drop":
        del form[place]
    elif how == "double":
        form += [replace(chosen, value=value)] * rng.choice((1, 1, 1, 1200))
    elif how == "rename":
        chosen.name = rng.choice((*NAMES, chosen.name.upper(), chosen.name + b"-1"))
    elif how == "file" and raw:
        _bend_file(chosen, rng, value)
    elif chosen.value.startswith(b"{") and rng.random() < 0.8:
        chosen.value, how = _bend_json(chosen.value, rng, canary), "json"
    else:
        chosen.value = value
    return how


def _bend_file(chosen: Field, rng: Random, value: bytes) -> None:
    """Another content, another name, a text as a file, or a file as a text."""
    what = rng.choice(("content", "content", "content", "name", "other"))
    if what == "content":
        chosen.value = rng.choice(FILES)
    elif what == "name":
        chosen.filename = value[:300].replace(b'"', b"")
    else:
        chosen.filename = b"x.csv" if chosen.filename is None else None


def _bend_json(text: bytes, rng: Random, canary: str) -> bytes:
    try:
        tree, _ = trees.bend(trees.parse(text), rng, canary)
    except (ValueError, RecursionError):
        return b"{"
    return trees.dump(tree)
