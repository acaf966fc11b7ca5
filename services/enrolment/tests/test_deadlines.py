"""Office hours: weekends, holidays of the Land, and the two odd Sundays of the year."""

from datetime import UTC, date, datetime

import pytest
from enrolment.domain.deadlines import (
    BERLIN,
    LAENDER,
    after_office_hours,
    berlin_day,
    is_office_day,
)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (berlin(2027, 3, 2, 9), berlin(2027, 3, 4, 9)),  # Tuesday to Thursday
        (berlin(2027, 3, 5, 15), berlin(2027, 3, 9, 15)),  # Friday to Tuesday
        (berlin(2027, 3, 6, 15), berlin(2027, 3, 10, 0)),  # Saturday counts from Monday 0:00
        (berlin(2027, 3, 25, 15), berlin(2027, 3, 31, 15)),  # Maundy Thursday, over Easter and DST
        (berlin(2027, 10, 29, 12), berlin(2027, 11, 2, 12)),  # over the end of summer time
        (berlin(2026, 12, 23, 10), berlin(2026, 12, 28, 10)),  # Christmas
    ],
)
def test_two_office_days_later(start: datetime, end: datetime) -> None:
    assert after_office_hours(start, 48, "HE") == end


def test_holidays_are_those_of_the_land() -> None:
    corpus_christi = date(2027, 5, 27)
    assert not is_office_day(corpus_christi, "HE")
    assert is_office_day(corpus_christi, "BE")


def test_hours_that_are_no_whole_days_go_over_the_weekend_too() -> None:
    assert after_office_hours(berlin(2027, 3, 5, 20), 10, "HE") == berlin(2027, 3, 8, 6)


def test_the_end_is_told_in_utc() -> None:
    assert after_office_hours(berlin(2027, 3, 2, 9), 48, "HE").tzinfo is UTC


def test_the_day_of_a_moment_is_the_one_in_berlin() -> None:
    assert berlin_day(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == date(2027, 1, 1)
    assert berlin_day(datetime(2027, 7, 1, 21, 59, tzinfo=UTC)) == date(2027, 7, 1)


def test_every_land_has_its_holidays() -> None:
    assert len(LAENDER) == 16
    assert all(not is_office_day(date(2027, 12, 25), land) for land in LAENDER)
