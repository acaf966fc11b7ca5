"""The checker itself: nothing to say about a good run, and finds each wrong thing planted in it."""

from __future__ import annotations

import pytest

from deploy.local.settings import ROOT
from tests.failure.checker import violations
from tests.failure.facts.story import good
from tests.failure.invariants.listed import CHECKED, NOT_YET, PARTLY
from tests.failure.planted import PLANTED, Plant
from tests.failure.planted.liveness import plain
from tests.failure.planted.requests import operation, refusal, with_history

pytestmark = pytest.mark.pure


def test_a_good_run_has_no_violation() -> None:
    assert [str(violation) for violation in violations(good())] == []


def test_every_invariant_has_a_wrong_thing_that_it_finds() -> None:
    assert {invariant for invariant, _, _ in PLANTED} == set(CHECKED)


def test_every_number_of_the_standard_is_checked_or_has_a_reason() -> None:
    wanted = {f"I{number:02}" for number in range(1, 49)}
    assert set(CHECKED) | set(NOT_YET) == wanted
    assert not set(CHECKED) & set(NOT_YET)
    assert set(PARTLY) <= set(CHECKED)


def test_the_documentation_shows_the_list() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    for name, invariant in CHECKED.items():
        partly = f" partly: {PARTLY[name]} " if name in PARTLY else "  "
        assert f"| {name} | {invariant.__doc__} |{partly}|\n" in page
    for name, why in NOT_YET.items():
        assert f"| {name} | {why} |\n" in page


def test_what_the_gateway_says_in_its_own_words_is_no_violation() -> None:
    for status, words in (
        (404, "404 page not found\n"),
        (502, "Bad Gateway"),
        (504, "Gateway Timeout"),
    ):
        assert violations(with_history(plain(status, words, {}))(good())) == []


def test_the_same_again_and_a_key_that_is_refused_for_another_body_are_no_violation() -> None:
    same = operation("key-1", began=3.0)
    other = operation(
        "key-1",
        payload="other",
        began=3.0,
        outcome="fail",
        status=422,
        answer=refusal("idempotency-key-reused") | {"status": 422},
        headers={"content-type": "application/problem+json"},
    )
    assert violations(with_history(same, other)(good())) == []


@pytest.mark.parametrize(
    ("invariant", "plant"),
    [pytest.param(name, plant, id=f"{name} {what}") for name, what, plant in PLANTED],
)
def test_a_planted_fault_is_found(invariant: str, plant: Plant) -> None:
    found = {violation.invariant for violation in violations(plant(good()))}
    assert invariant in found
