"""Whole feeds, without any server: what comes again, what is left out, what is another's."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from catalog.domain.imports import FeedRecord, ImportFeed, ImportReport, take_in
from catalog.domain.shelf import Shelf
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.tests.builders import a_record
from services.catalog.tests.test_moochub import NOW, judged


def importing(records: list[FeedRecord], complete: bool = True) -> ImportFeed:
    return ImportFeed("beispiel", "beispiel", None, tuple(records), complete, ())


def with_id(id_: str, **attributes: Any) -> dict[str, Any]:
    return a_record(**attributes) | {"id": id_}


def test_the_same_feed_again_changes_nothing() -> None:
    shelf = Shelf([], uuid4)
    first = take_in(shelf, importing(judged(with_id("a"), with_id("b"))), NOW)
    again = take_in(shelf, importing(judged(with_id("a"), with_id("b"))), NOW)
    assert first.counts["created"] == 2
    assert (again.counts["created"], again.counts["changed"], again.counts["unchanged"]) == (
        0,
        0,
        2,
    )
    assert again.records[0].run_ids == first.records[0].run_ids


def after_both(records: list[FeedRecord], complete: bool = True) -> ImportReport:
    """What a second feed does after one with `a` and `b`."""
    shelf = Shelf([], uuid4)
    take_in(shelf, importing(judged(with_id("a"), with_id("b"))), NOW)
    return take_in(shelf, importing(records, complete), NOW)


def test_what_a_whole_feed_leaves_out_is_withdrawn() -> None:
    assert after_both(judged(with_id("a"))).counts["withdrawn"] == 1


def test_dates_that_a_feed_leaves_out_are_warned_of_with_their_seats() -> None:
    shelf = Shelf([], uuid4)
    take_in(shelf, importing(judged(with_id("a"), with_id("b"))), NOW)
    known = [
        replace(o, runs={ref: replace(r, taken=4) for ref, r in o.runs.items()})
        for o in shelf.published_by(importing([]).origin)
    ]
    later = with_id("a", startDate=["2027-09-01T08:00:00Z"], endDate=["2027-09-02T08:00:00Z"])
    report = take_in(Shelf(known, uuid4), importing(judged(later)), NOW)
    first = report.records[0].warnings[0]
    assert (first.pointer, first.code) == ("/data/0/attributes/startDate", "run-left-out")
    assert first.detail.endswith("(seats taken: 4)")
    assert [(w.pointer, w.code) for w in report.warnings] == [("/data", "run-left-out")]


def test_a_rejected_record_is_not_left_out() -> None:
    report = after_both(judged(with_id("a"), with_id("b", name=None)))
    assert (report.counts["rejected"], report.counts["withdrawn"]) == (1, 0)


@pytest.mark.parametrize(
    ("records", "complete"),
    [
        ([with_id("a")], False),
        ([], True),
        ([with_id("a"), {"attributes": {}}], True),
        ([with_id("a"), 7], True),
    ],
)
def test_a_feed_that_is_broken_or_half_read_withdraws_nothing(
    records: list[Any], complete: bool
) -> None:
    assert after_both(judged(*records), complete).counts["withdrawn"] == 0


def test_an_id_that_stands_twice_counts_once() -> None:
    report = take_in(Shelf([], uuid4), importing(judged(with_id("a"), with_id("a"))), NOW)
    assert [record.result for record in report.records] == ["accepted_with_warnings", "rejected"]
    assert report.records[1].errors[0].code == "duplicate-id"


def test_a_feed_does_not_touch_what_another_source_publishes() -> None:
    shelf = Shelf([], uuid4)
    take_in(shelf, importing(judged(with_id("a"))), NOW)
    other = ImportFeed("other", "beispiel", None, tuple(judged(with_id("a"))), True, ())
    report = take_in(shelf, other, NOW)
    assert (report.records[0].errors[0].code, report.counts["withdrawn"]) == ("other-source", 0)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(
    [*a_record()["attributes"], "teaches", "workload", "offers", "applicationDeadline", "keywords"]
)


@settings(max_examples=60, deadline=None)
@given(
    attributes=st.dictionaries(NAMES, JSON, max_size=4),
    rest=st.dictionaries(st.sampled_from(["id", "type", "attributes"]), JSON, max_size=1),
)
def test_any_record_gets_a_report(attributes: dict[str, Any], rest: dict[str, Any]) -> None:
    records = judged(a_record(**attributes) | rest)
    report = take_in(Shelf([], uuid4), importing(records), NOW)
    json.loads(report.model_dump_json())
    assert len(report.records) == 1
