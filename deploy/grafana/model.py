"""Dashboards as code: what a panel is, and the JSON that Grafana reads.

Small and typed, in the words of Grafana. Its own builder for Python (`grafana-foundation-sdk`) had
no release for the Grafana of this year when this was written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from string import ascii_uppercase
from typing import Any, Literal

SOURCE = {"type": "prometheus", "uid": "kc-prometheus"}
SCHEMA = 39
COLUMNS = 24

Kind = Literal["timeseries", "stat", "bargauge"]
Unit = Literal["short", "s", "percentunit", "reqps", "currencyEUR", "bytes", "ops"]


@dataclass(frozen=True)
class Query:
    """A question to Prometheus, and how its answers are named (`{{label}}`)."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture. `bad` is the value from which on it is red; `good` the one from which green."""

    title: str
    queries: Sequence[Query]
    kind: Kind = "timeseries"
    unit: Unit = "short"
    about: str = ""
    width: int = 8
    height: int = 8
    bad: float | None = None
    good: float | None = None


@dataclass(frozen=True)
class Row:
    """Panels under one title."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    """One page."""

    uid: str
    title: str
    about: str
    rows: Sequence[Row]
    since: str = "now-6h"

    @property
    def queries(self) -> list[Query]:
        """Every question that it asks."""
        return [query for row in self.rows for panel in row.panels for query in panel.queries]

    def rendered(self) -> dict[str, Any]:
        """What Grafana reads."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.about,
            "tags": ["kommunalcampus"],
            "schemaVersion": SCHEMA,
            "editable": False,
            "refresh": "30s",
            "timezone": "Europe/Berlin",
            "time": {"from": self.since, "to": "now"},
            "annotations": {"list": [_alerts()]},
            "templating": {"list": []},
            "panels": list(self._panels()),
        }

    def _panels(self) -> Iterator[dict[str, Any]]:
        numbers, y = count(1), 0
        for row in self.rows:
            where = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
            head = {"type": "row", "title": row.title, "collapsed": False, "panels": []}
            yield {"id": next(numbers), **head, "gridPos": where}
            x, y, height = 0, y + 1, 0
            for panel in row.panels:
                if x + panel.width > COLUMNS:
                    x, y, height = 0, y + height, 0
                where = {"x": x, "y": y, "w": panel.width, "h": panel.height}
                yield {"id": next(numbers), **_panel(panel), "gridPos": where}
                x, height = x + panel.width, max(height, panel.height)
            y += height


def _panel(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "thresholds": _thresholds(panel)}
    if panel.kind == "timeseries":
        defaults["color"] = {"mode": "palette-classic"}
        defaults["custom"] = {"fillOpacity": 8, "lineWidth": 1, "spanNulls": False}
        options: dict[str, Any] = {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    else:
        defaults["color"] = {"mode": "thresholds"}
        options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            _target(*pair, panel) for pair in zip(ascii_uppercase, panel.queries, strict=False)
        ],
    }


def _thresholds(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad is not None:
        steps.append({"color": "red", "value": panel.bad})
    if panel.good is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.good}]
    return {"mode": "absolute", "steps": steps}


def _target(letter: str, query: Query, panel: Panel) -> dict[str, Any]:
    over_time = panel.kind == "timeseries"
    return {
        "refId": letter,
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "range": over_time,
        "instant": not over_time,
    }


def _alerts() -> dict[str, Any]:
    """Firing alerts as marks in every picture."""
    return {
        "name": "Alerts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing"}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{service}} {{topic}} {{job}}",
    }
