"""Competence frameworks that the catalogue knows by heart. They are data files, not code."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

DIGCOMP = "DigComp"
EXPORTED = ("ESCO", "DigComp", "GRETA")
"""The frameworks that MOOChub has a word for."""

DATA = Path(__file__).parents[1] / "data"

Labels = Mapping[str, str]


@cache
def digcomp() -> Mapping[str, Labels]:
    """The 21 competences of DigComp 2.2 by code, each with a German and an English label."""
    found: dict[str, dict[str, str]] = json.loads(
        (DATA / "digcomp-2.2.json").read_text(encoding="utf-8")
    )
    return found


def labels(framework: str, code: str) -> Labels:
    """The labels of a competence by language; the bare code where there are none."""
    known = digcomp().get(code) if framework == DIGCOMP else None
    return known or {"en": code}


def skill_key(framework: str, code: str) -> str:
    """How a competence is named in filters and facets: `DigComp:1.3`."""
    return f"{framework}:{code}"
