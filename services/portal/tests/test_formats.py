"""Dates and amounts as people read them."""

from datetime import datetime, timedelta

import pytest
from portal import formats
from portal.formats import BERLIN, NBSP


@pytest.mark.parametrize(
    ("cents", "lang", "exact", "shown"),
    [
        (35300, "de", False, f"353{NBSP}€"),
        (35350, "de", False, f"353,50{NBSP}€"),
        (124000, "de", False, f"1.240{NBSP}€"),
        (35300, "de", True, f"353,00{NBSP}€"),
        (0, "de", True, f"0,00{NBSP}€"),
        (124000, "en", True, "€1,240.00"),
        (35300, "en", False, "€353"),
    ],
)
def test_amounts_have_cents_only_where_they_matter(
    cents: int, lang: str, exact: bool, shown: str
) -> None:
    assert formats.euros(cents, lang, exact) == shown


@pytest.mark.parametrize(
    ("count", "lang", "shown"),
    [(0, "de", "0"), (999, "de", "999"), (1000, "de", "1.000+"), (2020, "en", "1,000+")],
)
def test_what_is_counted_up_to_a_limit_says_so(count: int, lang: str, shown: str) -> None:
    assert formats.counted(count, lang) == shown


@pytest.mark.parametrize(
    ("start", "end", "lang", "shown"),
    [
        ("2027-03-01T08:00:00Z", "2027-03-02T15:00:00Z", "de", "1. bis 2. März 2027"),
        ("2027-03-01T08:00:00Z", "2027-03-01T15:00:00Z", "de", "1. März 2027"),
        ("2027-03-31T08:00:00Z", "2027-04-01T15:00:00Z", "de", "31. März bis 1. April 2027"),
        (
            "2026-12-31T08:00:00Z",
            "2027-01-01T15:00:00Z",
            "de",
            "31. Dezember 2026 bis 1. Januar 2027",
        ),
        ("2027-03-01T08:00:00Z", "2027-03-02T15:00:00Z", "en", "1 to 2 March 2027"),
        # half past eleven in the evening in UTC is the next day here
        ("2027-03-01T23:30:00Z", "2027-03-02T15:00:00Z", "de", "2. März 2027"),
    ],
)
def test_a_period_names_no_month_twice(start: str, end: str, lang: str, shown: str) -> None:
    assert formats.period(start, end, lang) == shown


def test_a_moment_is_local_time_with_its_year_only_when_it_is_far() -> None:
    now = datetime(2027, 1, 14, 12, 0, tzinfo=BERLIN)
    at = "2027-01-15T16:15:00Z"
    assert formats.moment(at, "de", now) == f"Freitag, 15. Januar, 17:15{NBSP}Uhr"
    assert formats.moment(at, "de") == f"Freitag, 15. Januar 2027, 17:15{NBSP}Uhr"
    assert formats.moment(at, "en") == f"Friday 15 January 2027, 5:15{NBSP}pm"


def test_columns_align() -> None:
    assert formats.short_moment("2027-01-14T08:41:00Z", "de") == "14.01. 09:41"
    assert formats.short_period("2027-03-01T08:00:00Z", "2027-03-02T15:00:00Z", "de") == (
        "01.–02.03.2027"
    )


def test_the_hours_stand_beside_their_weekdays() -> None:
    shown = formats.hours_of_day("2027-03-01T08:00:00Z", "2027-03-02T15:00:00Z", "de")
    assert shown == f"Montag und Dienstag, 9:00 bis 16:00{NBSP}Uhr"


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (timedelta(hours=31, minutes=30), ("hours", 31)),
        (timedelta(hours=47, minutes=59), ("hours", 47)),
        (timedelta(hours=48), ("days", 2)),
        (timedelta(minutes=59), ("minutes", 59)),
        (timedelta(seconds=20), ("minutes", 1)),
        (timedelta(seconds=-1), ("over", 0)),
    ],
)
def test_what_is_left_is_said_in_the_unit_that_fits(
    left: timedelta, shown: tuple[str, int]
) -> None:
    now = datetime(2027, 1, 14, 12, 0, tzinfo=BERLIN)
    assert formats.remaining((now + left).isoformat(), now) == shown


@pytest.mark.parametrize(
    ("end", "german", "english"),
    [
        ("2027-01-04T15:00:00Z", "04.01.2027", "04/01/2027"),
        ("2027-01-05T15:00:00Z", "04.–05.01.2027", "04–05/01/2027"),
        ("2027-02-12T15:00:00Z", "04.01.–12.02.2027", "04/01–12/02/2027"),
        ("2028-01-05T15:00:00Z", "04.01.2027–05.01.2028", "04/01/2027–05/01/2028"),
    ],
)
def test_a_period_in_a_column_says_as_much_as_differs(end: str, german: str, english: str) -> None:
    start = "2027-01-04T08:00:00Z"
    assert formats.short_period(start, end, "de") == german
    assert formats.short_period(start, end, "en") == english


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0, "s", f"0{NBSP}s"),
        (0.0414, "s", f"41{NBSP}ms"),
        (1.25, "s", f"1,2{NBSP}s"),
        (420, "s", f"7{NBSP}min"),
        (10800, "s", f"3{NBSP}h"),
        (0.99917, "percentunit", f"99,92{NBSP}%"),
        (182.4e6, "bytes", f"182{NBSP}MB"),
        (3.42, "reqps", "3,4/s"),
        (41448.2, "currencyEUR", f"41.448{NBSP}€"),
        (2.998, "short", "3"),
        (1284.4, "short", "1.284"),
        (0.25, "short", "0,2"),
    ],
)
def test_a_measured_figure_has_the_unit_that_fits_its_size(
    value: float, unit: str, shown: str
) -> None:
    assert formats.measured(value, "de", unit) == shown


def test_values_on_an_axis_are_told_whole() -> None:
    told = [formats.tick(value, "de") for value in (0.08, 0.16, 0.24, 0.0015, 1500)]
    assert told == ["0,08", "0,16", "0,24", "0,0015", "1.500"]
