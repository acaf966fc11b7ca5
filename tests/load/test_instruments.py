"""The instruments of `make bench` show what is there: small loads, exact counts, no time is judged.

Each of them is also held against something that is wrong, and has to say so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.load import history, profile, table
from tests.load.bench import Bench
from tests.load.clients import Answer, Outcome
from tests.load.figure import Figure
from tests.load.figures import ALL, http, idle, memory, rush
from tests.load.processes import ALL_SERVICES, ASIDE
from tests.platform import Platform

RUSHING = 60
NOTED = """
    SELECT count(*) AS n, count(DISTINCT recipient_ref) AS people FROM notice
     WHERE run_id = ANY($1::uuid[])
"""


@pytest.fixture(scope="module")
def bench(platform: Platform) -> Iterator[Bench]:
    """A hundredth of every load, on the copy of all tests."""
    measured = Bench(platform.stack, scale=RUSHING / rush.COUNT)
    try:
        yield measured
    finally:
        measured.tell_by("mail")  # as the seed left it
        measured.close()


def test_the_http_figure_counts_each_enrolment_and_its_two_notices(bench: Bench) -> None:
    figures = {figure.name: figure for figure in http.measure(bench)}
    measured = figures["CPU per enrolment over HTTP"]
    count = bench.size(http.COUNT)
    assert measured.details["statuses"] == {202: count}
    assert {"enrolment", "kafka", "postgres"} <= set(measured.details["cpu_ms_by_part"])
    parts = measured.details["cpu_ms_by_part"].items()
    assert measured.value == pytest.approx(
        sum(ms for part, ms in parts if part not in ASIDE), rel=0.05, abs=0.1
    )
    bulk = figures["CPU per enrolment in lists of 100"]
    assert bulk.details["statuses"] == {202: 1}
    warmed, mailed = bench.size(3000), bench.size(http.MAILED)
    (noted,) = bench.wait(bench.databases.rows("notifications", NOTED, bench.runs()))
    assert noted["n"] == 2 * (warmed + count + mailed) + 100 + 1
    assert noted["people"] == warmed + count + mailed + 100 + 1  # and the coordinator


def test_the_rush_is_exact_and_the_instrument_sees_its_twenty_seats(bench: Bench) -> None:
    figures = rush.measure(bench)
    assert figures[0].value == 0, figures[0].details
    assert figures[0].verdict == "met"
    assert figures[0].details["states"] == {"confirmed": 20, "waitlisted": RUSHING - 20}


def a_line(count: int) -> list[Answer]:
    """One after the other: twenty seats, then the line."""
    return [an_answer(n, max(0, n - rush.CAPACITY + 1)) for n in range(count)]


def an_answer(number: int, place: int) -> Answer:
    body = json.dumps({"place": place or None}).encode()
    return Answer(number, began=number, ended=number + 0.5, status=202, body=body)


def exchange(line: list[Answer], one: int, other: int) -> None:
    bodies = line[other].body, line[one].body
    for number, body in zip((one, other), bodies, strict=True):
        line[number] = replace(line[number], body=body)


STORED = {"confirmed": 20, "waitlisted": 10}


def test_a_line_in_order_has_no_fault() -> None:
    assert rush.faults(a_line(30), 30, STORED) == []


def test_who_was_asked_at_the_same_time_may_stand_in_any_order() -> None:
    line = a_line(30)
    exchange(line, 24, 25)
    overlapping = [replace(answer, ended=answer.number + 1.5) for answer in line]
    assert rush.faults(overlapping, 30, STORED) == []


def test_control_somebody_who_was_overtaken_is_found() -> None:
    line = a_line(30)
    exchange(line, 24, 25)
    assert [fault for fault in rush.faults(line, 30, STORED) if "request 25" in fault]


@pytest.mark.parametrize(
    ("place", "found"),
    [(9, "the line has gaps or doubles"), (0, "21 seats were given"), (11, "the line has gaps")],
)
def test_control_a_wrong_place_is_found(place: int, found: str) -> None:
    line = a_line(30)
    line[29] = an_answer(29, place)
    assert found in " ".join(rush.faults(line, 30, STORED))


def test_control_a_row_too_few_and_a_lost_answer_are_found() -> None:
    assert rush.faults(a_line(30), 30, {"confirmed": 20, "waitlisted": 9})
    assert rush.faults(a_line(29), 30, STORED)


def test_a_percentile_is_a_time_that_somebody_really_waited() -> None:
    answers = [Answer(n, 0.0, (n + 1) / 1000, 200, b"") for n in range(100)]
    outcome = Outcome(answers)
    assert [round(outcome.percentile(p)) for p in (50, 99)] == [51, 100]


def test_every_aim_is_judged_in_its_own_direction() -> None:
    verdicts = [
        Figure("a", 1.2, "ms", at_most=1.2).verdict,
        Figure("a", 1.3, "ms", at_most=1.2).verdict,
        Figure("a", 60, "%", at_least=60).verdict,
        Figure("a", 59, "%", at_least=60).verdict,
        Figure("a", 1, "ms").verdict,
    ]
    assert verdicts == ["met", "missed", "met", "missed", ""]


PARTS = (*ALL_SERVICES, "postgres", "kafka", "gateway", "gateway-pages", "keycloak", "mailsink")


def test_the_portal_is_one_of_the_services_and_the_gateway_is_shown_beside_them() -> None:
    used = memory.figure("all", {part: {"pss": 10.0, "uss": 4.0} for part in PARTS}, 400)
    assert used.value == 10.0 * len(ALL_SERVICES) == 50.0
    assert used.note == "PSS; private alone (USS) 20 MB; gateway 10 MB"
    resting = idle.figure(dict.fromkeys(PARTS, 1.0))
    assert resting.value == 5 + 2  # PostgreSQL and Kafka
    assert "gateway 2.0" in resting.note
    assert set(resting.details["percent_by_part"]) == set(PARTS)


def test_the_file_says_what_the_table_says(tmp_path: Path) -> None:
    figure = Figure("rate", 55.0, "%", at_least=60, group="pipeline")
    table.keep([figure], 1.0, tmp_path / "bench.json")
    kept = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert kept["figures"][0]["verdict"] == "missed"
    assert kept["figures"][0]["aim"] == ">= 60"
    assert kept["commit"]


def test_the_profile_adds_up_what_was_on_top() -> None:
    told = profile.summary("main (a.py:1);work (b.py:7) 30\nmain (a.py:2);rest (c.py:1) 10\n")
    assert "40 samples" in told[0]
    work = next(row.split() for row in told if "work (b.py)" in row)
    assert work == ["75.0", "75.0", "work", "(b.py)"]
    assert any(row.split() == ["0.0", "100.0", "main", "(a.py)"] for row in told)


def test_every_figure_is_described_in_the_documentation() -> None:
    described = history.PAGE.read_text(encoding="utf-8")
    assert [name for name in ALL if f"`{name}`" not in described] == []


def test_the_history_leaves_open_what_was_not_measured() -> None:
    figures = [Figure(history.COLUMNS[0], 1.234, "ms").as_json()]
    run = {"commit": "abc", "measured_at": "2026-11-25T18:00:00", "scale": 1, "figures": figures}
    told = history.line({**run, "load_of_the_machine": [1, 2, 3]}, "faster | lighter")
    cells = [cell.strip() for cell in told.strip().strip("|").split("|")]
    assert cells[:5] == ["abc", "2026-11-25", "2", "1.23", "-"]
    assert cells[-1] == "faster / lighter"
    header = next(row for row in history.PAGE.read_text("utf-8").splitlines() if "| commit" in row)
    assert len(cells) == len(header.strip("|").split("|"))
