"""Days and instants as people ask for them. A day is one of Europe/Berlin."""

from datetime import datetime, time, timedelta

from catalog.domain.rules import BERLIN, day, moment


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
    if (named := day(text)) is not None:
        return datetime.combine(named + timedelta(days), time(), BERLIN)
    if (instant := moment(text)) is not None:
        return instant
    raise ValueError("neither a day nor an instant with an offset")
