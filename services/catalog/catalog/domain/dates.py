"""Days and instants as people ask for them. A day is one of Europe/Berlin."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from catalog.domain.rules import YEARS, moment

BERLIN = ZoneInfo("Europe/Berlin")

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def begin(text: object) -> datetime:
    """The instant that is named, or the start of the day.

    Raises:
        ValueError: neither an instant of RFC 3339 nor a day, or of a year that cannot be meant.
    """
    return _instant(text, days=0)


def end(text: object) -> datetime:
    """The instant that is named, or the end of the day: the start of the next one.

    Raises:
        ValueError: neither an instant of RFC 3339 nor a day, or of a year that cannot be meant.
    """
    return _instant(text, days=1)


def _instant(text: object, days: int) -> datetime:
    if isinstance(text, str) and _DAY.fullmatch(text):
        day = date.fromisoformat(text)
        if YEARS[0] <= day.year <= YEARS[1]:
            return datetime.combine(day + timedelta(days), time(), BERLIN)
    elif (named := moment(text)) is not None:
        return named
    raise ValueError("neither a day nor an instant with an offset")
