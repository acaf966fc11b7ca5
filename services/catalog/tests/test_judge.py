"""Any record gets a judgement, with all its errors at once, and no word of it is repeated."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from catalog.domain.judge import Judgement, Submission, judge, judge_document
from catalog.domain.shelf import Shelf, Why
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.tests.builders import a_run, an_offer, key_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def judged(offer: dict[str, Any], kind: str = "", key: str | None = None) -> Judgement:
    """The judgement on an offer, under its own key unless told otherwise."""
    value = json.dumps(offer).encode()
    return judge(Submission(kind, key or key_of(offer), "", value), NOW)


def raw(value: bytes | None, key: str | None = "p/r") -> Judgement:
    """The judgement on bytes."""
    return judge(Submission("provider.offer-submitted.v1", key, "", value), NOW)


def errors(judgement: Judgement) -> list[tuple[str, str]]:
    """Places and codes of all errors."""
    return [(error.pointer, error.code) for error in judgement.errors]


def warnings(judgement: Judgement) -> list[tuple[str, str]]:
    """Places and codes of all warnings."""
    return [(warning.pointer, warning.code) for warning in judgement.warnings]


def test_a_good_offer_has_terms_and_nothing_to_complain() -> None:
    found = judged(an_offer())
    assert (found.errors, found.warnings) == ((), ())
    assert found.terms is not None
    assert (found.terms.standard_cents, found.terms.runs[0].capacity) == (44_100, 20)


def test_prices_follow_from_costs() -> None:
    offer = an_offer(
        costs={
            "fixed_cents": 318_000,
            "overhead_percent": 15,
            "per_seat_cents": 6_200,
            "expected_members": 10,
            "expected_others": 2,
            "member_factor_percent": 80,
        }
    )
    del offer["price"]
    terms = judged(offer).terms
    assert terms is not None
    assert (terms.standard_cents, terms.member_cents) == (44_100, 35_300)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"{", "not-json"),
        (b"this is not JSON", "not-json"),
        (b"[]", "not-an-object"),
        (b"\xff\xfe{}", "not-utf8"),
        (b'{"a": NaN}', "not-a-number"),
        (b'{"a": -Infinity}', "not-a-number"),
        (b'{"a": 1e99999999999999999999}', "number-too-large"),
        (b'{"a": 1, "a": 2}', "duplicate-key"),
        (b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "too-deep"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "not-json"),
        (b'{"a": "' + b"x" * 1_000_000 + b'"}', "too-large"),
    ],
)
def test_what_cannot_be_read_says_why_and_is_known_by_its_key(
    value: bytes | None, code: str
) -> None:
    found = raw(value, "some-provider/REF-1")
    assert errors(found) == [("", code)]
    assert (found.provider_id, found.offer_ref) == ("some-provider", "REF-1")


def test_without_key_the_subject_says_whose_it_is() -> None:
    found = judge(Submission("", None, "some-provider/REF-1", b"{"), NOW)
    assert (found.provider_id, found.offer_ref) == ("some-provider", "REF-1")


def test_an_unknown_type_is_rejected_and_none_is_taken_as_a_submission() -> None:
    assert errors(judged(an_offer(), kind="provider.offer-submitted.v9")) == [("", "unknown-type")]
    assert errors(judged(an_offer(), kind="")) == []


def test_the_key_has_to_be_that_of_the_offer() -> None:
    assert errors(judged(an_offer(), key="somebody-else/X")) == [("", "key-mismatch")]
    offer = json.dumps(an_offer()).encode()
    assert errors(judge(Submission("", None, "", offer), NOW)) == [("", "key-mismatch")]


def test_all_errors_are_told_at_once() -> None:
    broken = an_offer(
        title="",
        format="seminar",
        url="https://not an address",
        price={"standard_cents": 100, "member_cents": 200},
        runs=[
            a_run(capacity=-1),
            a_run(starts_at="2027-03-01", ends_at=5),
            a_run(run_ref="b", ends_at="2027-03-01T08:00:00Z", min_participants=21),
            a_run(run_ref="c", booking_closes_at="2027-03-02T15:00:01Z"),
        ],
    )
    assert set(errors(judged(broken))) == {
        ("/title", "too-short"),
        ("/format", "unknown-value"),
        ("/url", "not-a-url"),
        ("/price/member_cents", "member-above-standard"),
        ("/runs/0/capacity", "too-small"),
        ("/runs/1/starts_at", "not-an-instant"),
        ("/runs/1/ends_at", "not-an-instant"),
        ("/runs/1/run_ref", "duplicate-run-ref"),
        ("/runs/2/ends_at", "ends-before-start"),
        ("/runs/2/min_participants", "above-capacity"),
        ("/runs/3/booking_closes_at", "closes-after-end"),
    }


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"price": None}, ("/price", "missing")),
        ({"costs": {"fixed_cents": 1, "expected_members": 1}}, ("/costs", "price-and-costs")),
        (
            {"price": None, "costs": {"fixed_cents": 1, "expected_members": 0}},
            ("/costs/expected_members", "no-participants"),
        ),
        (
            {
                "price": None,
                "costs": {"fixed_cents": 10**10, "expected_members": 1, "overhead_percent": 1000},
            },
            ("/costs", "too-large"),
        ),
        ({"title": None}, ("/title", "not-text")),
        ({"title": "  "}, ("/title", "too-short")),
        ({"title": "a\x00b"}, ("/title", "bad-character")),
        ({"title": "\ud800"}, ("/title", "bad-character")),
        ({"offer_ref": "../x y"}, ("/offer_ref", "wrong-form")),
        ({"workload_hours": 8.0}, ("/workload_hours", "not-an-integer")),
        ({"workload_hours": True}, ("/workload_hours", "not-an-integer")),
        (
            {"price": {"standard_cents": 1e400, "member_cents": 0}},
            ("/price/standard_cents", "not-a-number"),
        ),
        ({"runs": [a_run(capacity="20")]}, ("/runs/0/capacity", "not-an-integer")),
        ({"runs": [a_run(capacity=10**30)]}, ("/runs/0/capacity", "too-large")),
        ({"runs": [a_run(starts_at=1_800_000_000)]}, ("/runs/0/starts_at", "not-an-instant")),
        ({"runs": [a_run(starts_at="1800000000")]}, ("/runs/0/starts_at", "not-an-instant")),
        ({"runs": [a_run(starts_at="2027-03-01T08:00:00")]}, ("/runs/0/starts_at", "needs-offset")),
        (
            {"runs": [a_run(starts_at="0001-01-01T00:00:00+14:00")]},
            ("/runs/0/starts_at", "out-of-range"),
        ),
        ({"runs": {"0": 1}}, ("/runs", "not-a-list")),
        ({"runs": [a_run(run_ref=str(n)) for n in range(201)]}, ("/runs", "too-many")),
        (
            {"runs": [a_run(cancellation_policy=[{"days_before": 7}, {"days_before": 7}])]},
            ("/runs/0/cancellation_policy/1/days_before", "not-falling"),
        ),
        ({"runs": [a_run(cancelled="yes")]}, ("/runs/0/cancelled", "not-a-boolean")),
    ],
)
def test_each_rule_has_its_place_and_code(more: dict[str, Any], wanted: tuple[str, str]) -> None:
    offer = an_offer(**more)
    found = judged(offer, key="x/y" if "offer_ref" in more else None)
    if wanted[1] == "not-a-number":  # JSON of Python writes Infinity, which is no JSON
        assert errors(found) == [("", "not-a-number")]
    else:
        assert wanted in errors(found)


def test_an_infinite_number_in_the_text_is_not_an_integer() -> None:
    text = json.dumps(an_offer()).replace('"standard_cents": 44100', '"standard_cents": 1e999')
    found = judge_document(json.loads(text), NOW)
    assert errors(found) == [("/price/standard_cents", "not-an-integer")]


def test_what_is_doubtful_is_taken_over_with_a_warning() -> None:
    offer = an_offer(
        colour="blue",
        skills=[{"framework": "DigComp", "version": "2.2", "code": "9.9", "nice": 1}],
        runs=[a_run(starts_at="2026-01-01T08:00:00Z", booking_closes_at=None)],
    )
    del offer["workload_hours"], offer["runs"][0]["cancellation_policy"]
    found = judged(offer)
    assert found.errors == ()
    assert set(warnings(found)) == {
        ("/colour", "unknown-field"),
        ("/skills/0/nice", "unknown-field"),
        ("/skills/0/code", "unknown-skill"),
        ("/workload_hours", "missing"),
        ("/runs/0/starts_at", "in-the-past"),
        ("/runs/0/cancellation_policy", "no-cancellation-policy"),
    }


@pytest.mark.parametrize("form", ["presence", "hybrid", "live_online"])
def test_a_course_with_dates_but_no_run_is_doubtful(form: str) -> None:
    assert ("/runs", "no-runs") in warnings(judged(an_offer(format=form, runs=[])))


def test_a_course_on_demand_needs_no_run() -> None:
    assert warnings(judged(an_offer(format="on_demand", runs=[]))) == []


def test_booking_closes_with_the_start_unless_told() -> None:
    terms = judged(an_offer(runs=[a_run(booking_closes_at=None)])).terms
    assert terms is not None
    assert terms.runs[0].booking_closes_at == datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ("2027-03-02", "decided-after-start"),  # the run begins on 1 March in Berlin
        ("2027-02-30", "not-a-day"),
        ("2027-02-15T00:00:00Z", "not-a-day"),
        ("0001-01-01", "not-a-day"),
        ("15.02.2027", "not-a-day"),
        (20270215, "not-a-day"),
    ],
)
def test_a_day_of_decision_is_a_day_before_the_run(named: object, wanted: str) -> None:
    found = judged(an_offer(runs=[a_run(decision_on=named)]))
    assert errors(found) == [("/runs/0/decision_on", wanted)]


def test_a_day_of_decision_changes_a_run_and_without_one_its_hash_stays() -> None:
    without = judged(an_offer(offer_ref="X")).terms
    named = judged(an_offer(offer_ref="X", runs=[a_run(decision_on="2027-03-01")])).terms
    assert without is not None
    assert named is not None
    assert (without.runs[0].decision_on, named.runs[0].decision_on) == (None, date(2027, 3, 1))
    assert without.run_fingerprint(without.runs[0]) != named.run_fingerprint(named.runs[0])
    known = "59fd55ff79a8cc763b59d7152eda105507bcbde23e66eb506b8f3fe4ede6c7ed"
    assert without.run_fingerprint(without.runs[0]).hex() == known


def test_nothing_of_the_input_is_repeated_in_a_detail() -> None:
    secret = "erika.mustermann@example.org"
    offer = an_offer(title=[secret], format=secret, url=secret, language=secret)
    offer[secret] = 1
    offer["runs"] = [a_run(starts_at=secret, run_ref=secret, capacity=secret)]
    found = judged(offer)
    told = [*found.errors, *found.warnings]
    assert len(found.errors) == 7
    assert not [f for f in told if secret in f.detail]


def test_there_are_at_most_a_hundred_errors() -> None:
    runs = [a_run(capacity=0, run_ref="!") for _ in range(200)]
    assert len(judged(an_offer(runs=runs)).errors) == 100


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.sampled_from(sorted(an_offer() | {"costs": 1, "zzz": 1}))
RUN_FIELDS = st.sampled_from(sorted(a_run() | {"cancelled": 1}))


@settings(max_examples=40, deadline=None)
@given(
    top=st.dictionaries(FIELDS, JSON, max_size=4), run=st.dictionaries(RUN_FIELDS, JSON, max_size=3)
)
def test_any_json_gets_a_judgement(top: dict[str, Any], run: dict[str, Any]) -> None:
    offer = an_offer(runs=[a_run() | run], offer_ref="X") | top
    found = judge(Submission("", "hochschule-rhein-neckar/X", "", json.dumps(offer).encode()), NOW)
    assert (found.terms is None) == bool(found.errors)
    shelf = Shelf([], uuid4)
    shelf.settle(found, uuid4(), Why(NOW))
    for event in shelf.events:
        assert "\\u0000" not in event.model_dump_json()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=30) | st.none(), st.text(max_size=30))
def test_any_bytes_get_a_judgement(value: bytes, key: str | None, kind: str) -> None:
    assert judge(Submission(kind, key, "", value), NOW).errors
