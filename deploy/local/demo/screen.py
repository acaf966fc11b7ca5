"""How the demo speaks: headings, lines and tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

CONSOLE = Console(highlight=False, width=None if sys.stdout.isatty() else 110)


def step(number: int, text: str) -> None:
    """The heading of a step."""
    CONSOLE.print(f"\n[bold]{number}. {text}[/bold]")


def line(text: str) -> None:
    """One line below a heading."""
    CONSOLE.print(f"   {text}")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows below a heading."""
    made = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    CONSOLE.print("", made)


def complain(error: Exception) -> None:
    """Say why the demo ends here."""
    CONSOLE.print(f"\n[red]The demo stops: {error}[/red]", markup=True)
    CONSOLE.print("`make status` shows what runs, `make logs` what it says.")


def euros(cents: int | None) -> str:
    """An amount as the platform writes it."""
    from contracts.money import euros as written

    return "-" if cents is None else written(cents)
