"""Kinds of values that the bodies of several routes ask for."""

from datetime import UTC, date, datetime
from typing import Annotated

from chassis.http import Written
from contracts.base import Day
from pydantic import AfterValidator, StringConstraints

Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
"""One line of text without control characters."""

Lines = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=1000,
        pattern=r"^[^\x00-\x09\x0b\x0c\x0e-\x1f\x7f]+$",
    ),
]
"""Some lines of text without other control characters."""

Mail = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\.[^@\s\x00-\x1f\x7f]+$",
    ),
]
"""Something of the form of a mail address."""


def _moment(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("an instant needs a UTC offset")
    _year(moment)
    return moment.astimezone(UTC)


def _year(day: date) -> date:
    """Far from the ends of the calendar, where arithmetic would fail."""
    if not 1900 <= day.year <= 2200:
        raise ValueError("a year between 1900 and 2200")
    return day


Moment = Annotated[datetime, AfterValidator(_moment), Written]
"""An instant with its offset, in a year that makes sense."""

SensibleDay = Annotated[Day, AfterValidator(_year), Written]
"""A calendar day in a year that makes sense."""

PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""Pattern of a query parameter without control characters."""
