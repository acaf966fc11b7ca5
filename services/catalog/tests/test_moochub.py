"""MOOChub records as they come in, without any server: both dialects, every trap of a record."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from catalog.domain.imports import FeedRecord, judge_page

from services.catalog.tests.builders import a_record

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def feed(name: str) -> dict[str, Any]:
    """A saved feed, with exact prices."""
    read: dict[str, Any] = json.loads((DATA / name).read_text("utf-8"), parse_float=Decimal)
    return read


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
