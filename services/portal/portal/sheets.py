"""Tables as files: what people bring (CSV of any office program) and what they take away."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.words import N_

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With these a cell begins that a spreadsheet would compute."""


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def amount(cents: int | None) -> str:
    """`353,00`: a number for a German spreadsheet."""
    return "" if cents is None else f"{cents // 100},{cents % 100:02d}"


def written(rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file that opens by a double click: UTF-8 with its mark, semicolons."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return (BOM + out.getvalue()).encode()


ENCODINGS = {"utf-8": "UTF-8", "cp1252": "Windows-1252", "utf-16": "UTF-16"}
SEPARATORS = {";": N_("Semikolon"), ",": N_("Komma"), "\t": N_("Tabulator")}
"""What a file may be written in, with the words for it."""


@dataclass(frozen=True)
class Sheet:
    """What was read from a file: its lines of cells, and how it was understood."""

    lines: list[list[str]]
    encoding: str
    separator: str


def read(content: bytes, encoding: str = "", separator: str = "") -> Sheet:
    """The lines of a file. What is not said about it is found out; empty lines are left out."""
    encoding = encoding if encoding in ENCODINGS else encoding_of(content)
    text = content.decode(encoding, errors="replace").removeprefix(BOM)
    separator = separator if separator in SEPARATORS else separator_of(text)
    return Sheet(cells(text, separator), encoding, separator)


def encoding_of(content: bytes) -> str:
    """UTF-8 is hardly ever met by chance; whatever is not, comes from an old Windows program."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def separator_of(text: str) -> str:
    """The one that stands in most lines; a name may have a comma in it, so that comes last."""
    lines = [line for line in text.splitlines() if line.strip()]
    held = {mark: sum(mark in line for line in lines) for mark in (";", "\t", ",")}
    return max(held, key=lambda mark: held[mark])


def cells(text: str, separator: str) -> list[list[str]]:
    """The cells of a text, without spaces around them; none of what is no table at all."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        stripped = [[cell.strip() for cell in row] for row in rows]
    except csv.Error:  # a cell of more than 131,072 characters: a quotation mark never closed
        return []
    return [row for row in stripped if any(row)]
