"""Law means calendar days in Europe/Berlin, whatever the clock of a machine says."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def berlin_day(moment: datetime) -> date:
    """The calendar day of an instant in Europe/Berlin."""
    return moment.astimezone(BERLIN).date()


def year_end_after_notice(received_on: date, months: int) -> date:
    """The first 31 December that a notice received on that day still reaches.

    The financial year is the calendar year. The notice must be there at least `months` whole
    months before the year is over: with 3 months 30 September reaches the same year, 1 October
    the next (§ 65 GenG; domain page 2).
    """
    year = received_on.year
    while received_on >= _first_day_too_late(year, months):
        year += 1
    return date(year, 12, 31)


def _first_day_too_late(year: int, months: int) -> date:
    """`months` months before 1 January of the following year."""
    month = (year + 1) * 12 - months
    return date(month // 12, month % 12 + 1, 1)
