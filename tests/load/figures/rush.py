"""Ten thousand requests on one run of twenty seats: exact, in order, and hardly slower.

Exact: twenty are held, the others stand in the line from 1 on without a gap. In order: nobody whose
request began after another one was answered stands before that one. The rate is compared with that
of the same load, by the same clients, spread over many runs.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence

from tests.load.bench import Bench
from tests.load.clients import Answer, closed_loop
from tests.load.figure import Figure

CLIENTS, COUNT, CAPACITY = 64, 10_000, 20
STATES = """
    SELECT state, count(*) AS n FROM enrolment WHERE run_id = $1::uuid GROUP BY state
"""


def measure(bench: Bench) -> list[Figure]:
    """First spread, then on one run."""
    bench.warm_up()
    count = bench.size(COUNT)
    spread = bench.cost(count, closed_loop(bench.address, bench.requests(count), CLIENTS))
    (run,) = bench.new_runs(1, CAPACITY)
    requests = bench.requests(count, runs=[run])
    rush = bench.cost(count, closed_loop(bench.address, requests, CLIENTS))
    rows = bench.wait(bench.databases.rows("enrolment", STATES, run))
    states = {row["state"]: row["n"] for row in rows}
    broken = faults(rush.outcome.answers, count, states)
    ratio = spread.outcome.seconds / rush.outcome.seconds * 100
    return [
        Figure(
            f"rush of {count:,} on {CAPACITY} seats: rules broken",
            len(broken),
            "",
            at_most=0,
            note="exact seats, line without a gap, nobody overtaken",
            details={"states": states, "broken": broken[:20], **rush.details()},
        ),
        Figure("rush: rate against the spread load", ratio, "%", at_least=80),
        Figure("rush: until all were answered", rush.outcome.seconds, "s", at_most=10),
    ]


def faults(answers: Sequence[Answer], count: int, states: dict[str, int]) -> list[str]:
    """What is wrong with the answers and with what was stored; pure, so that it can be tested."""
    seats = min(CAPACITY, count)
    places = places_of(answers)
    found = []
    if len(answers) != count or any(answer.status != 202 for answer in answers):
        found.append(f"statuses {dict(Counter(answer.status for answer in answers))}")
    if sum(place == 0 for place in places.values()) != seats:
        found.append(f"{sum(place == 0 for place in places.values())} seats were given")
    if sorted(place for place in places.values() if place) != list(range(1, count - seats + 1)):
        found.append("the line has gaps or doubles")
    if states != {name: n for name, n in _expected(count, seats).items() if n}:
        found.append(f"stored: {states}")
    return found + overtaken(answers, places)


def _expected(count: int, seats: int) -> dict[str, int]:
    return {"confirmed": seats, "waitlisted": count - seats}


def places_of(answers: Sequence[Answer]) -> dict[int, int]:
    """The place in the line by number of the request; 0 has a seat."""
    shown = {answer.number: answer.json() for answer in answers if answer.status < 300}
    return {number: int(view.get("place") or 0) for number, view in shown.items()}


def overtaken(answers: Sequence[Answer], places: dict[int, int]) -> list[str]:
    """Who stands before somebody that was answered before the own request began."""
    running: list[tuple[float, int]] = []
    highest, found = 0, []
    for answer in sorted(answers, key=lambda one: one.began):
        while running and running[0][0] < answer.began:
            highest = max(highest, heapq.heappop(running)[1])
        place = places.get(answer.number)
        if place is None:
            continue
        if place < highest:
            found.append(f"request {answer.number} got {place} after {highest} was answered")
        heapq.heappush(running, (answer.ended, place))
    return found
