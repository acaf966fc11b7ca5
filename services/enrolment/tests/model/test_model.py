"""Every order of everything that can happen in small scopes, with the code that runs in production.

`python -m services.enrolment.tests.model SCOPE` searches more.
"""

from functools import cache

import pytest

from services.enrolment.tests.model.explorer import Report, Search, walk
from services.enrolment.tests.model.mutants import ALL, Mutant
from services.enrolment.tests.model.scopes import CROWD, SMALL, TWO_ON_WIRES
from services.enrolment.tests.model.world import Universe


@cache
def searched(name: str) -> Report:
    return Search(SMALL[name]).run()


def walked(seeds: range, steps: int) -> list[Report]:
    universe = Universe(CROWD)
    return [walk(universe, seed, steps) for seed in seeds]


@pytest.mark.parametrize("name", SMALL)
def test_no_order_of_a_small_scope_breaks_a_promise(name: str) -> None:
    report = searched(name)
    print(report)
    assert not report.findings, str(report.findings[0])
    assert report.complete
    assert report.rests


def test_two_on_wires_and_a_crowd_break_no_promise_in_four_million_transitions() -> None:
    wires = Search(TWO_ON_WIRES).run()
    reports = [*(searched(name) for name in SMALL), wires, *walked(range(20), 60)]
    total = sum(report.transitions for report in reports)
    print(wires, f"{total:,} transitions in all", sep="\n")
    findings = [finding for report in reports for finding in report.findings]
    assert not findings, str(findings[0])
    assert wires.complete
    assert wires.rests
    assert total >= 4_000_000


@pytest.mark.parametrize("bug", ALL.values(), ids=list(ALL))
def test_a_planted_bug_is_found(bug: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    bug.plant(monkeypatch)
    report = Search(SMALL[bug.scope]).run()
    assert report.findings, f"{report}: nothing was found"
    finding = report.findings[0]
    print(f"{bug.name}: {len(finding.trace)} steps, {report.transitions} transitions, {finding}")
    assert finding.fault[:3] in bug.breaks, str(finding)


def test_there_are_enough_planted_bugs() -> None:
    assert len(ALL) == 38, "docs/reliability.md names the number"
