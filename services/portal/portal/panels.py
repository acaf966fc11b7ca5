"""The panels of the dashboards: what is asked of Prometheus, and how it is called.

`panels.json` is written from `deploy/grafana` (`make specs`), so whoever has no Grafana sees the
same figures. Their words are English there; `locale/de/LC_MESSAGES/panels.po` has the German ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from portal import words

FILE = Path(__file__).with_name("panels.json")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
LABEL = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class Query:
    """A question to Prometheus, and how its answers are named (`{{label}}`)."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture. `bad` is the value from which on it is bad; `good` the one from which good."""

    title: str
    about: str
    kind: str
    unit: str
    bad: float | None
    good: float | None
    queries: Sequence[Query]

    @property
    def name(self) -> str:
        """How it is called in addresses."""
        return slug(self.title)

    @property
    def over_time(self) -> bool:
        """Whether it shows a time, not only now."""
        return self.kind == "timeseries"

    @property
    def limit(self) -> float | None:
        """The value that parts good from bad."""
        return self.bad if self.good is None else self.good

    def is_bad(self, value: float) -> bool:
        """Whether somebody has to look."""
        if self.good is not None:
            return value < self.good
        return self.bad is not None and value >= self.bad


@dataclass(frozen=True)
class Section:
    """Panels under one title. `since`: how far back the dashboard looks (`now-7d`)."""

    title: str
    since: str
    panels: Sequence[Panel]

    @property
    def name(self) -> str:
        """How it is called in addresses."""
        return slug(self.title)


def slug(text: str) -> str:
    """The German words as they stand in an address: `plaetze-und-wartelisten`."""
    plain = say("de", text).lower().translate(UMLAUTS)
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def say(lang: str, text: str) -> str:
    """A text of the panels, or a value of a label, in the language of the page."""
    return words.translations(lang, "panels").gettext(text) if text else ""


def label(lang: str, legend: str, labels: Mapping[str, str]) -> str:
    """The name of one answer; a service or a topic keeps its own."""
    return LABEL.sub(lambda found: say(lang, labels.get(found[1], "")), say(lang, legend)).strip()


@cache
def sections() -> tuple[Section, ...]:
    """Every row of every dashboard, in their order."""
    dashboards = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Section(row["title"], dashboard["since"], tuple(_panel(each) for each in row["panels"]))
        for dashboard in dashboards
        for row in dashboard["rows"]
    )


def _panel(read: Mapping[str, Any]) -> Panel:
    known = {name: read[name] for name in ("title", "about", "kind", "unit", "bad", "good")}
    return Panel(queries=tuple(Query(**each) for each in read["queries"]), **known)


def find(title: str) -> Panel:
    """The panel with this title. LookupError if there is none."""
    for section in sections():
        for panel in section.panels:
            if panel.title == title:
                return panel
    raise LookupError(title)
