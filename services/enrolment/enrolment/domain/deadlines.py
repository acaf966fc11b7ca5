"""Calendar days and office hours, in Europe/Berlin."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

BERLIN = ZoneInfo("Europe/Berlin")
LAENDER = frozenset(
    ("BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH")
)


def berlin_day(moment: datetime) -> date:
    """The calendar day of a moment, as the law counts it."""
    return moment.astimezone(BERLIN).date()


@lru_cache(maxsize=256)
def _holidays(land: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DE", subdiv=land, years=year))


def is_office_day(day: date, land: str) -> bool:
    """Monday to Friday, unless the Land has a public holiday."""
    return day.weekday() < 5 and day not in _holidays(land, day.year)


def _next_office_day(day: date, land: str) -> date:
    day += timedelta(days=1)
    while not is_office_day(day, land):
        day += timedelta(days=1)
    return day


def after_office_hours(start: datetime, hours: int, land: str) -> datetime:
    """The moment `hours` later, counting only office days, all 24 hours of each (domain page 5).

    48 hours from Friday 15:00 end on Tuesday 15:00. The clock on the wall counts; it changes only
    on Sundays, which are no office days.
    """
    local = start.astimezone(BERLIN)
    day, clock = local.date(), local.time().replace(tzinfo=None, fold=0)
    if not is_office_day(day, land):
        day, clock = _next_office_day(day, land), time()
    for _ in range(hours // 24):
        day = _next_office_day(day, land)
    end = datetime.combine(day, clock) + timedelta(hours=hours % 24)
    if end.date() != day:
        end = datetime.combine(_next_office_day(day, land), end.time())
    return end.replace(tzinfo=BERLIN).astimezone(UTC)
