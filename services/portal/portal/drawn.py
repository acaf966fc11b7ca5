"""A panel with its values, as a template shows it: one figure, bars, or lines with their table."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from portal import charts, formats, panels
from portal.backend import Down, part
from portal.charts import Chart, Points
from portal.figures import Figures, Series
from portal.page import Page
from portal.panels import Panel
from portal.words import N_

HOUR, DAY = 3600, 24 * 3600
SHOWN = 4  # so many lines can be told apart
BARS = 12
ROWS = 12  # of the table, about
SCALES = {"percentunit": 100.0, "bytes": 1e-6}
UNITS = {
    "short": N_("Anzahl"),
    "s": N_("Sekunden"),
    "percentunit": N_("Prozent"),
    "reqps": N_("Je Sekunde"),
    "ops": N_("Je Sekunde"),
    "bytes": N_("Megabyte"),
    "currencyEUR": N_("Euro"),
}
"""The words for the units of Grafana, as `SCALES` brings them to the axis."""


class Span(NamedTuple):
    """How far back, the distance of two points of a line, and of two columns, in seconds."""

    seconds: int
    step: int
    wide: int
    title: str


SPANS = {
    "1h": Span(HOUR, 60, 300, N_("1 Stunde")),
    "24h": Span(DAY, 900, 7200, N_("24 Stunden")),
    "7t": Span(7 * DAY, 7200, 43200, N_("7 Tage")),
}


class Frame(NamedTuple):
    """What a chart shows: from when to when, seconds since 1970, and how often."""

    start: float
    end: float
    step: float


Answers = Sequence[tuple[int, str, Points]]
"""The number of the question, the name of the answer, its values."""


@dataclass(frozen=True)
class Drawn:
    """What a template shows. `kind`: figure, bars, lines, or down: Prometheus has no answer."""

    kind: str
    name: str
    title: str
    unit: str = ""
    text: str = ""
    value: str = ""
    bad: bool = False
    bars: Sequence[tuple[str, str, float]] = ()
    """Name, value, and its share of the largest one in percent."""
    chart: Chart | None = None
    goal: str = ""
    """What the line across the chart is called."""
    lines: Sequence[tuple[str, str]] = ()
    """Name and newest value of every line, the drawn ones first."""
    heads: Sequence[str] = ()
    rows: Sequence[tuple[datetime, Sequence[str]]] = ()


def span_of(page: Page, usual: str = "1h") -> str:
    """The key of the time that is asked for."""
    wanted = page.query.get("zeitraum", "")
    return wanted if wanted in SPANS else usual


def frame_of(page: Page, span: str) -> Frame:
    """That time, up to now."""
    end = page.now.timestamp() // 10 * 10
    return Frame(end - SPANS[span].seconds, end, SPANS[span].step)


def address(path: str, **query: str) -> str:
    """An address with what of its query is not empty."""
    text = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{text}" if text else path


async def ask(page: Page, source: Figures, panel: Panel, frame: Frame) -> Answers | Down:
    """What Prometheus knows. One question without an answer takes the whole panel with it."""
    asked = [
        source.over(query.expr, *frame) if panel.over_time else source.now(query.expr)
        for query in panel.queries
    ]
    found: list[list[Series]] | Down = await part(asyncio.gather(*asked))
    if isinstance(found, Down):
        return found
    return [
        (number, panels.label(page.lang, panel.queries[number].legend, each.labels), each.points)
        for number, answer in enumerate(found)
        for each in answer
        if each.points
    ]


def draw(page: Page, panel: Panel, answers: Answers | Down, frame: Frame) -> Drawn:
    """The panel as it is shown."""
    title = panels.say(page.lang, panel.title)
    empty = Drawn("down", panel.name, title, page.say(UNITS[panel.unit]))
    if isinstance(answers, Down):
        return empty
    if panel.kind == "stat":
        return _figure(page, panel, answers, empty)
    if panel.kind == "bargauge":
        return _bars(page, panel, answers, empty)
    return _lines(page, panel, answers, frame, empty)


# -- one figure


def _figure(page: Page, panel: Panel, answers: Answers, empty: Drawn) -> Drawn:
    value = answers[0][2][-1][1] if answers else None
    bad = value is not None and panel.is_bad(value)
    text = _joined(panels.say(page.lang, panel.about), _limit(page, panel, bad))
    shown = "–" if value is None else formats.measured(value, page.lang, panel.unit)
    return replace(empty, kind="figure", value=shown, text=text, bad=bad)


def _joined(*sentences: str) -> str:
    return " ".join(each for each in sentences if each)


def _limit(page: Page, panel: Panel, bad: bool) -> str:
    if panel.limit is None:
        return ""
    if panel.good is not None:
        said = N_("Unter dem Ziel %(limit)s.") if bad else N_("Ziel %(limit)s.")
    elif (panel.unit, panel.bad) == ("short", 1):
        return page.say(N_("Ziel 0."))
    else:
        said = N_("Über der Grenze %(limit)s.") if bad else N_("Grenze %(limit)s.")
    return page.say(said, limit=formats.measured(panel.limit, page.lang, panel.unit))


# -- bars


def _bars(page: Page, panel: Panel, answers: Answers, empty: Drawn) -> Drawn:
    values = sorted(((points[-1][1], name) for _, name, points in answers), reverse=True)
    most = max((value for value, _ in values), default=0.0) or 1.0
    bars = [
        (name, formats.measured(value, page.lang, panel.unit), round(100 * value / most, 1))
        for value, name in values[:BARS]
    ]
    left = len(values) - len(bars)
    text = page.say(N_("Weitere mit kleineren Werten: %(num)s."), num=left) if left else ""
    return replace(empty, kind="bars", bars=bars, text=text)


# -- lines


def _lines(page: Page, panel: Panel, answers: Answers, frame: Frame, empty: Drawn) -> Drawn:
    ordered = _by_weight(panel, answers)
    scale = SCALES.get(panel.unit, 1.0)
    shown = [[(at, value * scale) for at, value in points] for _, _, points in ordered[:SHOWN]]
    goal = None if panel.limit is None else panel.limit * scale
    return replace(
        empty,
        kind="lines",
        text=_joined(panels.say(page.lang, panel.about), _sentence(page, panel, ordered[:SHOWN])),
        chart=charts.lines(shown, *frame, goal=goal),
        goal=page.say(N_("Grenze") if panel.good is None else N_("Ziel")),
        lines=[
            (name, formats.measured(points[-1][1], page.lang, panel.unit))
            for _, name, points in ordered
        ],
        heads=[name or empty.unit for _, name, _ in ordered[:SHOWN]],
        rows=rows(shown, page.lang),
    )


def _by_weight(panel: Panel, answers: Answers) -> Answers:
    """First what is bad, then the highest; of too many those of the first question."""
    many = len(answers) > SHOWN

    def weight(answer: tuple[int, str, Points]) -> tuple[bool, int, float, str]:
        number, name, points = answer
        values = [value for _, value in points]
        worst = min(values) if panel.good is not None else -max(values)
        return not panel.is_bad(abs(worst)), number if many else 0, worst, name

    return sorted(answers, key=weight)


def _sentence(page: Page, panel: Panel, answers: Answers) -> str:
    """What the curve says: its highest value, or the lowest where high is good."""
    points = [(value, at, name) for _, name, points in answers for at, value in points]
    if not points:
        return ""
    low, high = min(points), max(points)
    value, at, name = low if panel.good is not None else high
    said = {
        "value": formats.measured(value, page.lang, panel.unit),
        "time": formats.short_moment(moment(at).isoformat(), page.lang),
        "name": name,
    }
    if low[0] == high[0]:
        return page.say(N_("Durchgehend %(value)s."), **said)
    if len(answers) > 1 and panel.good is not None:
        return page.say(N_("Niedrigster Wert %(value)s: %(name)s (%(time)s)."), **said)
    if len(answers) > 1:
        return page.say(N_("Höchster Wert %(value)s: %(name)s (%(time)s)."), **said)
    said["now"] = formats.measured(answers[0][2][-1][1], page.lang, panel.unit)
    if panel.good is not None:
        return page.say(N_("Niedrigster Wert %(value)s (%(time)s), zuletzt %(now)s."), **said)
    return page.say(N_("Höchster Wert %(value)s (%(time)s), zuletzt %(now)s."), **said)


def moment(seconds: float) -> datetime:
    """The local time of a point."""
    return datetime.fromtimestamp(seconds, formats.BERLIN)


def rows(series: Sequence[Points], lang: str) -> list[tuple[datetime, list[str]]]:
    """Every so many points as the table has them: a time, and a value for each line."""
    known = [dict(points) for points in series]
    times = sorted({at for each in known for at in each}, reverse=True)
    every = max(1, len(times) // ROWS)
    return [
        (moment(at), [formats.decimal(each[at], lang) if at in each else "–" for each in known])
        for at in times[::every]
    ]
