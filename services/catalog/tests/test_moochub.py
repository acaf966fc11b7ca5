"""MOOChub records in and out, without any server: both dialects, every trap of domain page 3."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from catalog.domain.bridge import Exported, course, links, takes_version_3
from catalog.domain.imports import FeedRecord, ImportFeed, ImportReport, judge_page, take_in
from catalog.domain.shelf import Shelf
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMAS = ["moochub-schema.v3.0.1.json", "moochub-schema.main-2025-07-18.json"]


def feed(name: str) -> dict[str, Any]:
    """A saved feed, with exact prices."""
    read: dict[str, Any] = json.loads((DATA / name).read_text("utf-8"), parse_float=Decimal)
    return read


def a_record(**attributes: Any) -> dict[str, Any]:
    """A record in the official form; None takes an attribute away."""
    made = {
        "name": "E-Akte kompakt",
        "url": "https://example.org/courses/eakte",
        "description": "<p>Grundlagen</p>",
        "inLanguage": ["de"],
        "courseMode": ["online", "asynchronous"],
        "duration": "PT8H",
        "startDate": ["2026-11-18T08:00:00Z"],
        "endDate": ["2026-11-18T15:00:00Z"],
        "access": ["paid"],
        "offer": [
            {
                "price": Decimal("149.90"),
                "priceCurrency": "EUR",
                "paymentFrequency": "one-time",
                "category": "course",
            }
        ],
        "publisher": {"name": "Beispiel", "type": "Organization"},
        **attributes,
    }
    attributes = {name: value for name, value in made.items() if value is not None}
    return {
        "id": "0f3b6a5e-7c0e-4c0e-9b1e-6f7b9a3d2c11",
        "type": "Course",
        "attributes": attributes,
    }


def judged(*records: Any, **page: Any) -> list[FeedRecord]:
    return judge_page({"data": list(records), **page}, 1, "beispiel", 100, NOW)


def one(record: Any) -> FeedRecord:
    (found,) = judged(record)
    return found


def found(record: FeedRecord) -> set[tuple[str, str]]:
    return {(f.pointer.removeprefix("/data/0"), f.code) for f in (*record.errors, *record.warnings)}


def test_the_official_sample_is_taken_in_with_warnings() -> None:
    (record,) = judge_page(feed("example-from-openapi-openHPI.json"), 1, "openhpi", 100, NOW)
    assert record.errors == ()
    assert record.terms is not None
    assert record.terms.title == "Course - the complete example"
    assert (record.terms.standard_cents, record.terms.workload_hours) == (0, 6)
    assert [skill.code for skill in record.terms.skills] == ["4.2"]
    assert record.terms.runs[0].starts_at == datetime(2021, 1, 13, 8, 0, tzinfo=UTC)
    codes = {warning.code for warning in record.warnings}
    assert {"in-the-past", "capacity-assumed", "closes-after-end"} <= codes


def test_the_dialect_of_xikolo_is_understood() -> None:
    (record,) = judge_page(feed("synthetic-xikolo-shape.json"), 1, "beispiel", 100, NOW)
    assert record.errors == ()
    assert record.terms is not None
    assert (record.terms.standard_cents, record.terms.format) == (14_900, "on_demand")


def test_the_smallest_valid_record_is_taken_as_free_with_a_warning() -> None:
    (record,) = judge_page(feed("minimal-valid.json"), 1, "beispiel", 100, NOW)
    assert record.terms is not None
    assert record.terms.standard_cents == 0
    assert ("/data/0/attributes/offer", "missing") in {(w.pointer, w.code) for w in record.warnings}


def test_snake_case_single_dates_and_no_publisher_are_understood() -> None:
    record = one(
        a_record(
            startDate=None,
            endDate=None,
            courseMode=None,
            publisher=None,
            creator=[],
            offer=None,
            start_date="2026-11-18T08:00:00Z",
            end_date="2026-11-18T15:00:00Z",
            course_mode=["blended"],
            offers=[{"price": 5, "price_currency": "EUR", "payment_frequency": "one-time"}],
        )
    )
    assert record.errors == ()
    assert record.terms is not None
    assert (record.terms.format, record.terms.standard_cents) == ("hybrid", 500)
    assert len(record.terms.runs) == 1


def test_several_dates_are_several_runs_paired_by_index() -> None:
    starts = ["2026-03-01T08:00:00Z", None, "2026-05-01T08:00:00+02:00", "2026-06-01T08:00:00Z"]
    ends = ["2026-03-02T08:00:00Z", None, "2026-05-02T08:00:00Z"]
    record = one(a_record(startDate=starts, endDate=ends))
    assert record.terms is not None
    refs = [run.run_ref for run in record.terms.runs]
    assert refs == ["2026-03-01T08:00Z", "2026-05-01T06:00Z"]
    assert ("/attributes/endDate", "dates-unpaired") in found(record)


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ({"name": None}, ("/attributes/name", "missing")),
        ({"name": 7}, ("/attributes/name", "not-text")),
        ({"name": "x" * 301}, ("/attributes/name", "too-long")),
        ({"url": "ftp://example.org"}, ("/attributes/url", "not-a-url")),
        ({"offer": None}, ("/attributes/offer", "missing")),
        ({"offer": [{"price": -1}]}, ("/attributes/offer/0/price", "not-a-price")),
        ({"offer": [{"price": "12"}]}, ("/attributes/offer/0/price", "not-a-price")),
        ({"offer": [{"price": Decimal("0.001")}]}, ("/attributes/offer/0/price", "not-a-price")),
        (
            {"offer": [{"price": 1, "priceCurrency": "CHF"}]},
            ("/attributes/offer/0/priceCurrency", "unknown-value"),
        ),
        (
            {"endDate": ["2026-11-18T07:00:00Z"]},
            ("/attributes/endDate/0", "ends-before-start"),
        ),
    ],
)
def test_a_bad_record_says_where_in_the_record(
    attributes: dict[str, Any], wanted: tuple[str, str]
) -> None:
    record = one(a_record(**attributes))
    assert record.terms is None
    assert wanted in found(record)


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ({"inLanguage": None}, ("/attributes/inLanguage", "missing")),
        ({"startDate": ["tomorrow"]}, ("/attributes/startDate/0", "not-an-instant")),
        ({"teaches": [{"name": "x"}]}, ("/attributes/teaches/0", "no-code")),
        ({"url": None}, ("/attributes/url", "missing")),
        (
            {"applicationDeadline": "2027-01-01T00:00:00Z"},
            ("/attributes/applicationDeadline", "closes-after-end"),
        ),
    ],
)
def test_a_doubtful_record_is_taken_in(attributes: dict[str, Any], wanted: tuple[str, str]) -> None:
    record = one(a_record(**attributes))
    assert record.terms is not None
    assert wanted in found(record)


def test_a_bad_record_drops_no_other() -> None:
    results = [record.terms is not None for record in judged(7, a_record(), {}, {"id": "x"})]
    assert results == [False, True, False, False]


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


def exported(**more: Any) -> Exported:
    base: dict[str, Any] = {
        "offer_id": UUID(int=1),
        "offer_ref": "DIG-101",
        "provider_name": "VWA",
        "title": "E-Akte",
        "description_html": "",
        "language": "de",
        "format": "hybrid",
        "workload_hours": 8,
        "url": "https://example.org/eakte",
        "keywords": ["a", "a"],
        "skills": [],
        "standard_cents": 44_150,
        "changed_at": NOW,
        "dates": [(NOW, NOW)],
    }
    return Exported(**(base | more))


SKILLS = [
    {"framework": "DigComp", "version": None, "code": "1.3", "level": 3},
    {"framework": "ESCO", "version": "1.2", "code": "http://data.europa.eu/esco/skill/x"},
    {"framework": "GRETA", "version": None, "code": "g"},
    {"framework": "E-Kompetenz", "version": None, "code": "unknown outside"},
]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize(
    "offer",
    [
        exported(),
        exported(format="presence", skills=SKILLS),
        exported(format="on_demand", dates=[], workload_hours=None),
        exported(format="live_online", standard_cents=0, keywords=[]),
    ],
    ids=lambda offer: offer.format,
)
def test_every_export_fits_both_schemas(schema: str, offer: Exported) -> None:
    page = {"links": links("https://kc.example/c", 2, 3), "data": [course(offer, "eG")]}
    rules = json.loads((DATA / schema).read_text("utf-8"))
    errors = Draft202012Validator(rules, format_checker=FormatChecker()).iter_errors(page)
    assert [error.message for error in errors] == []


def test_only_competences_that_moochub_knows_are_exported() -> None:
    teaches = course(exported(skills=SKILLS), "eG")["attributes"]["teaches"]
    assert [skill["educationalFramework"] for skill in teaches] == ["DigComp", "ESCO", "GRETA"]


@pytest.mark.parametrize(
    ("accept", "fits"),
    [
        (None, True),
        ("*/*", True),
        ("application/vnd.api+json", True),
        ("application/vnd.api+json; moochub-version=3", True),
        ("application/vnd.api+json;moochub-version=3.0", True),
        ("application/vnd.api+json; moochub-version=2", False),
        ("application/vnd.api+json; moochub-version=2, */*;q=0.1", True),
        ("application/vnd.api+json; moochub-version=33", False),
        ("text/html", False),
    ],
)
def test_clients_choose_the_version(accept: str | None, fits: bool) -> None:
    assert takes_version_3(accept) is fits
