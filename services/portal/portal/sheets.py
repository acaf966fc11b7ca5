"""Tables as files: what people bring (CSV of any office program) and what they take away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

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
