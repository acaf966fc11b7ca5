"""Geometry of the charts that the server draws: SVG in a box of 520 by 200.

Colours come from the style sheet; here are only places. Nothing is drawn for a chart without
points: the page says so in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, log10

from portal import formats

Points = Sequence[tuple[float, float]]

LEFT, RIGHT, TOP, BOTTOM = 46, 512, 18, 174
LINES = 3  # above the axis
SMALLEST = 0.003  # nobody looks at less than a thousandth of a second
STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class Bar:
    """A column; `x`, `y`, `width` and `height` in the box."""

    x: float
    y: float
    width: float
    height: float
    bad: bool = False


@dataclass(frozen=True)
class Chart:
    """What is drawn."""

    rows: list[tuple[float, float]]
    """Height of a line of the grid, and the value that it stands for."""
    times: list[tuple[float, str]]
    """Place of a time on the axis, and how it is written."""
    lines: tuple[str, ...] = ()
    area: str = ""
    """What is below the first line."""
    goal: float | None = None
    bars: tuple[Bar, ...] = ()


def step_of(largest: float) -> float:
    """The distance of the lines of the grid: round, and three of them hold the largest value."""
    if largest <= 0:
        return 1.0
    wanted = max(largest, SMALLEST) / LINES
    power = 10.0 ** floor(log10(wanted))
    return next(step * power for step in STEPS if step * power >= wanted * 0.999999)


class Frame:
    """Brings times and values into the box."""

    def __init__(self, start: float, end: float, largest: float, whole: bool = False) -> None:
        """`whole`: there are no halves of what is counted."""
        self.start, self.end = start, max(end, start + 1)
        self.step = ceil(step_of(largest)) if whole else step_of(largest)
        self.top = self.step * LINES

    def x(self, at: float) -> float:
        """The place of a time."""
        share = (at - self.start) / (self.end - self.start)
        return round(LEFT + share * (RIGHT - LEFT), 1)

    def y(self, value: float) -> float:
        """The height of a value."""
        share = min(1.0, max(0.0, value / self.top))
        return round(BOTTOM - share * (BOTTOM - TOP), 1)

    def rows(self) -> list[tuple[float, float]]:
        """The lines of the grid."""
        values = [number * self.step for number in range(LINES + 1)]
        return [(self.y(value), round(value, 10)) for value in values]

    def times(self) -> list[tuple[float, str]]:
        """Four or so times on the axis: round ones, or days where it is days."""
        span = self.end - self.start
        every = next(
            seconds for seconds in (300, 900, 1800, 3600, 14400, 21600, 86400, 172800)
            if span / seconds <= 4.5 or seconds == 172800
        )  # fmt: skip
        offset = datetime.fromtimestamp(self.end, formats.BERLIN).utcoffset()
        shift = offset.total_seconds() if offset else 0.0
        first = ceil((self.start + shift) / every) * every - shift
        found = []
        while first <= self.end:
            at = datetime.fromtimestamp(first, formats.BERLIN)
            if LEFT + 12 <= self.x(first) <= RIGHT - 12:
                text = f"{at.hour}:{at:%M}" if every < 86400 else f"{at:%d.%m.}"
                found.append((self.x(first), text))
            first += every
        return found


def _strokes(points: Points, step: float) -> list[Points]:
    """The line in pieces: where values are missing for longer than a step, nothing is drawn."""
    pieces: list[list[tuple[float, float]]] = []
    for point in points:
        if not pieces or point[0] - pieces[-1][-1][0] > step * 1.5:
            pieces.append([])
        pieces[-1].append(point)
    return list(pieces)


def _path(frame: Frame, points: Points) -> str:
    if len(points) == 1:  # a line of one point could not be seen
        ((at, value),) = points
        x, y = frame.x(at), frame.y(value)
        return f"M{max(LEFT, x - 4)} {y} L{min(RIGHT, x + 4)} {y}"
    return " ".join(
        f"{'L' if number else 'M'}{frame.x(at)} {frame.y(value)}"
        for number, (at, value) in enumerate(points)
    )


def _closed(frame: Frame, points: Points) -> str:
    first, last = frame.x(points[0][0]), frame.x(points[-1][0])
    return f"{_path(frame, points)} L{last} {BOTTOM} L{first} {BOTTOM} Z"


def lines(
    series: Sequence[Points], start: float, end: float, step: float, goal: float | None = None
) -> Chart | None:
    """A line each, the goal as far as it is near, and below one or two lines a tint.

    `step`: seconds between two points of a line; what is further apart is not joined.
    """
    largest = max((value for points in series for _, value in points), default=None)
    if largest is None:
        return None
    near = goal is not None and goal <= largest * 4
    whole = all(value == round(value) for points in series for _, value in points)
    frame = Frame(start, end, max(largest, goal or 0.0) if near else largest, whole)
    strokes = [_strokes(points, step) for points in series]
    tinted = strokes[0] if len(series) <= 2 else []
    return Chart(
        frame.rows(),
        frame.times(),
        tuple(" ".join(_path(frame, each) for each in pieces) for pieces in strokes),
        " ".join(_closed(frame, each) for each in tinted if len(each) > 1),
        frame.y(goal) if near and goal is not None else None,
    )


def columns(points: Points, bad: Points, start: float, end: float, step: float) -> Chart | None:
    """A column for each step, with what failed on top of it."""
    if not points:
        return None
    failed = dict(bad)
    largest = max(value + failed.get(at, 0.0) for at, value in points)
    frame = Frame(start, end, largest)
    width = round((RIGHT - LEFT) * step / (frame.end - frame.start) * 0.75, 1)
    bars = []
    for at, value in points:
        x = round(max(LEFT, frame.x(at) - width), 1)
        y = frame.y(value)
        bars.append(Bar(x, y, width, round(BOTTOM - y, 1)))
        if wrong := failed.get(at, 0.0):
            height = max(3.0, round(BOTTOM - frame.y(wrong), 1))
            bars.append(Bar(x, round(max(0.0, y - height - 2), 1), width, height, bad=True))
    return Chart(frame.rows(), frame.times(), bars=tuple(bars))
