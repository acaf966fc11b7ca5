"""Geometry of charts: everything lies in its box, and heights are true."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portal import charts
from portal.charts import BOTTOM, LEFT, RIGHT, TOP

START = 1_800_000_000.0
HOUR = 3600.0
VALUES = st.lists(st.floats(min_value=0, max_value=1e9, allow_nan=False), min_size=1, max_size=60)


def points(values: list[float]) -> list[tuple[float, float]]:
    return [(START + number * 60, value) for number, value in enumerate(values)]


@given(VALUES)
def test_a_line_stays_in_its_box(values: list[float]) -> None:
    chart = charts.lines([points(values)], START, START + HOUR, 60, goal=10)
    assert chart is not None
    for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", chart.lines[0]):
        assert LEFT <= float(x) <= RIGHT
        assert TOP <= float(y) <= BOTTOM


@given(VALUES)
def test_the_grid_holds_the_largest_value_and_wastes_little(values: list[float]) -> None:
    chart = charts.lines([points(values)], START, START + HOUR, 60)
    assert chart is not None
    top, largest = chart.rows[-1][1], max(values)
    assert top >= largest * 0.9999
    if all(value == round(value) for value in values):
        assert top <= max(largest * 2, charts.LINES)
    elif largest > charts.SMALLEST:
        assert top <= largest * 2


@pytest.mark.parametrize(
    ("largest", "step"), [(0, 1), (7, 2.5), (45, 15), (0.9, 0.3), (420, 150), (3, 1)]
)
def test_the_lines_of_the_grid_are_round(largest: float, step: float) -> None:
    assert charts.step_of(largest) == pytest.approx(step)


@pytest.mark.parametrize(
    ("values", "rows"),
    [([0, 1], [0, 1, 2, 3]), ([7, 4], [0, 3, 6, 9]), ([0.5], [0, 0.2, 0.4, 0.6])],
)
def test_what_is_counted_in_whole_numbers_has_no_halves_on_its_axis(
    values: list[float], rows: list[float]
) -> None:
    chart = charts.lines([points(values)], START, START + HOUR, 60)
    assert chart is not None
    assert [value for _, value in chart.rows] == rows


def test_heights_are_proportional_to_values() -> None:
    chart = charts.lines([points([0, 30])], START, START + HOUR, 60)
    assert chart is not None
    (_, low), (_, high) = re.findall(r"[ML]([\d.]+) ([\d.]+)", chart.lines[0])
    assert (float(low), float(high)) == (BOTTOM, TOP)


def test_a_single_point_can_be_seen() -> None:
    chart = charts.lines([[(START + HOUR, 1.0)]], START, START + HOUR, 60)
    assert chart is not None
    (left, _), (right, _) = re.findall(r"[ML]([\d.]+) ([\d.]+)", chart.lines[0])
    assert float(left) < float(right) <= RIGHT


def test_what_is_missing_is_not_drawn_over() -> None:
    with_gap = [(START, 1.0), (START + 60, 1.0), (START + 600, 1.0), (START + 660, 1.0)]
    chart = charts.lines([with_gap], START, START + HOUR, 60)
    assert chart is not None
    assert chart.lines[0].count("M") == 2
    assert chart.area.count("Z") == 2
    joined = charts.lines([with_gap], START, START + HOUR, 600)
    assert joined is not None
    assert joined.lines[0].count("M") == 1


def test_many_lines_share_one_scale_and_have_no_tint() -> None:
    chart = charts.lines([points([n, n]) for n in (1, 2, 3)], START, START + HOUR, 60)
    assert chart is not None
    heights = [float(line.split()[1]) for line in chart.lines]
    assert heights == sorted(heights, reverse=True)
    assert heights[2] == TOP
    assert chart.area == ""


def test_a_goal_is_drawn_only_where_it_is_near() -> None:
    near = charts.lines([points([5, 9])], START, START + HOUR, 60, goal=10)
    far = charts.lines([points([0.1, 0.2])], START, START + HOUR, 60, goal=30)
    assert near is not None
    assert near.goal is not None
    assert far is not None
    assert far.goal is None


def test_what_failed_stands_on_top_of_its_column_and_can_always_be_seen() -> None:
    good = [(START + 300, 1000.0), (START + 600, 800.0)]
    chart = charts.columns(good, [(START + 300, 1.0)], START, START + HOUR, 300)
    assert chart is not None
    first, bad, second = chart.bars
    assert (first.bad, bad.bad, second.bad) == (False, True, False)
    assert bad.x == first.x
    assert bad.y + bad.height <= first.y
    assert bad.height >= 3
    assert second.height == pytest.approx(first.height * 0.8, abs=0.2)


@pytest.mark.parametrize("span", [600.0, HOUR, 24 * HOUR, 7 * 24 * HOUR])
def test_the_axis_has_a_few_times_that_do_not_touch(span: float) -> None:
    chart = charts.lines([[(START, 1.0)]], START, START + span, 60)
    assert chart is not None
    places = [x for x, _ in chart.times]
    assert 1 <= len(places) <= 7
    assert all(after - before >= 40 for before, after in pairwise(places))


def test_nothing_is_drawn_where_nothing_is_known() -> None:
    assert charts.lines([], START, START + HOUR, 60) is None
    assert charts.lines([[], []], START, START + HOUR, 60) is None
    assert charts.columns([], [], START, START + HOUR, 300) is None
