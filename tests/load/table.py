"""The figures as a table for people, and as a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.local.settings import ROOT
from tests.load.figure import Figure
from tests.revision import commit

KEPT = ROOT / ".run" / "bench.json"


def show(figures: Sequence[Figure]) -> None:
    """Each with its aim, and how much of it that is."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("figure", "value", "unit", "aim", "of it", "verdict", "counted"):
        table.add_column(name, justify="right" if name in {"value", "of it"} else "left")
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        value = f"{figure.value:,.3g}" if abs(figure.value) < 100 else f"{figure.value:,.0f}"
        words = (figure.unit, figure.aim, ratio, figure.verdict, figure.note)
        table.add_row(figure.name, value, *words)
    console = Console(width=150, highlight=False)
    console.print(table)
    for figure in figures:
        if figure.details:
            console.print(f"\n{figure.name}:")
            for name, value in figure.details.items():
                console.print(f"  {name}: {_shown(value)}", soft_wrap=True)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(part)}" for name, part in value.items())
    return f"{value:,.3f}" if isinstance(value, float) else str(value)


def keep(figures: Sequence[Figure], scale: float, path: Path = KEPT) -> None:
    """As JSON, with the commit and the moment."""
    content = {
        "commit": commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "scale": scale,
        "load_of_the_machine": [round(load, 1) for load in os.getloadavg()],
        "figures": [figure.as_json() for figure in figures],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
