"""Dates, amounts and numbers as people read them (Europe/Berlin; design: section 6).

Times come as RFC 3339 texts, days as ISO texts, amounts as integer cents, as services send them.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

BERLIN = ZoneInfo("Europe/Berlin")
NBSP = "\N{NO-BREAK SPACE}"
LOCALES = {"de": "de_DE", "en": "en_GB"}
COUNTED_AT_MOST = 1000
NEAR_DAYS = 60  # so near, a date can do without its year


def instant(text: str) -> datetime:
    """An instant of a service, in local time."""
    return datetime.fromisoformat(text).astimezone(BERLIN)


def euros(cents: int, lang: str, exact: bool = False) -> str:
    """`353 €`; `353,00 €` in tables, sums and documents (`exact`)."""
    pattern = "#,##0.00" if exact or cents % 100 else "#,##0"
    number = format_decimal(cents / 100, format=pattern, locale=LOCALES[lang])
    return f"{number}{NBSP}€" if lang == "de" else f"€{number}"


def amount(cents: int, lang: str) -> str:
    """`1.000,00`: the value of a field for an amount."""
    return str(format_decimal(cents / 100, format="#,##0.00", locale=LOCALES[lang]))


def number(value: float, lang: str) -> str:
    """`1.284`."""
    return str(format_decimal(value, locale=LOCALES[lang]))


def counted(count: int, lang: str) -> str:
    """`12`; `1.000+` from there on, for the services count no further."""
    shown = number(min(count, COUNTED_AT_MOST), lang)
    return shown if count < COUNTED_AT_MOST else f"{shown}+"


def decimal(value: float, lang: str) -> str:
    """A measured figure with as many digits as mean something: `0,2`, `41`, `1.284`."""
    digits = "#,##0" if abs(value) >= 10 or value == round(value) else "#,##0.0"
    if 0 < abs(value) < 0.1:
        digits = "#,##0.00#"
    return str(format_decimal(value, format=digits, locale=LOCALES[lang]))


def tick(value: float, lang: str) -> str:
    """A round value on an axis, whole: `0,24`, `0,0015`, `1.500`."""
    return str(format_decimal(value, format="#,##0.######", locale=LOCALES[lang]))


def percent(share: float, lang: str) -> str:
    """`99,92 %`."""
    text = format_decimal(share * 100, format="#,##0.##", locale=LOCALES[lang])
    return f"{text}{NBSP}%" if lang == "de" else f"{text}%"


def measured(value: float, lang: str, unit: str) -> str:
    """A figure with its unit, which Grafana names so: `41 ms`, `7 min`, `99,92 %`, `182 MB`."""
    if unit == "percentunit":
        return percent(round(value, 4), lang)
    if unit == "currencyEUR":
        return euros(round(value) * 100, lang)
    if unit == "s":
        return _duration(value, lang)
    if unit == "bytes":
        return f"{decimal(value / 1e6, lang)}{NBSP}MB"
    if unit in ("reqps", "ops"):
        return f"{decimal(value, lang)}/s"
    return number(round(value, 1 if abs(value) < 10 else None), lang)  # growth is reckoned: 2.998


def _duration(seconds: float, lang: str) -> str:
    factor, name = 1.0, "s"
    if 0 < seconds < 1:
        factor, name = 1000.0, "ms"
    elif seconds >= 2 * 3600:
        factor, name = 1 / 3600, "h"
    elif seconds >= 120:
        factor, name = 1 / 60, "min"
    return f"{decimal(seconds * factor, lang)}{NBSP}{name}"


def day(value: str | date, lang: str, weekday: bool = False) -> str:
    """`15. Januar 2027`, with the weekday in front if asked for."""
    on = date.fromisoformat(value) if isinstance(value, str) else value
    pattern = {"de": "d. MMMM yyyy", "en": "d MMMM yyyy"}[lang]
    if weekday:
        pattern = {"de": "EEEE, ", "en": "EEEE "}[lang] + pattern
    return str(format_date(on, pattern, locale=LOCALES[lang]))


def on_day(text: str, lang: str) -> str:
    """`15. Januar 2027`: the local day of an instant."""
    return day(instant(text).date(), lang)


def short_day(value: str | date, lang: str) -> str:
    """`15.01.2027`, for columns."""
    on = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{on:%d.%m.%Y}" if lang == "de" else f"{on:%d/%m/%Y}"


def clock(at: datetime, lang: str) -> str:
    """`17:15 Uhr`; `5:15 pm`."""
    if lang == "de":
        return f"{at.hour}:{at:%M}{NBSP}Uhr"
    return f"{at.hour % 12 or 12}:{at:%M}{NBSP}{'am' if at.hour < 12 else 'pm'}"


def moment(text: str, lang: str, now: datetime | None = None) -> str:
    """`Freitag, 15. Januar 2027, 17:15 Uhr`; without the year when it is near `now`."""
    at = instant(text)
    near = now is not None and abs(at - now) < timedelta(days=NEAR_DAYS)
    pattern = {"de": "EEEE, d. MMMM", "en": "EEEE d MMMM"}[lang] + ("" if near else " yyyy")
    return f"{format_date(at.date(), pattern, locale=LOCALES[lang])}, {clock(at, lang)}"


def short_moment(text: str, lang: str) -> str:
    """`14.01. 09:41`, for columns."""
    at = instant(text)
    return f"{at:%d.%m.} {at:%H:%M}" if lang == "de" else f"{at:%d/%m} {at:%H:%M}"


def period(start: str, end: str, lang: str) -> str:
    """`1. bis 2. März 2027`."""
    first, last = instant(start).date(), instant(end).date()
    to = {"de": "bis", "en": "to"}[lang]
    dot = {"de": ".", "en": ""}[lang]
    if first == last:
        return day(first, lang)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{dot} {to} {day(last, lang)}"
    if first.year == last.year:
        pattern = {"de": "d. MMMM", "en": "d MMMM"}[lang]
        return f"{format_date(first, pattern, locale=LOCALES[lang])} {to} {day(last, lang)}"
    return f"{day(first, lang)} {to} {day(last, lang)}"


def short_period(start: str, end: str, lang: str) -> str:
    """`01.–02.03.2027`, for columns."""
    first, last = instant(start), instant(end)
    day_, month, year = {"de": ("%d.", "%d.%m.", "%d.%m.%Y"), "en": ("%d", "%d/%m", "%d/%m/%Y")}[
        lang
    ]
    if first.date() == last.date():
        return first.strftime(year)
    same_year = first.year == last.year
    head = day_ if same_year and first.month == last.month else month if same_year else year
    return f"{first.strftime(head)}–{last.strftime(year)}"


def hours_of_day(start: str, end: str, lang: str) -> str:
    """`Montag und Dienstag, 9:00 bis 16:00 Uhr`; the hours of the first day."""
    first, last = instant(start), instant(end)
    weekdays = [str(format_date(at.date(), "EEEE", locale=LOCALES[lang])) for at in (first, last)]
    days = (last.date() - first.date()).days
    joint = {0: "", 1: {"de": " und ", "en": " and "}[lang]}.get(
        days, {"de": " bis ", "en": " to "}[lang]
    )
    name = weekdays[0] if days == 0 else joint.join(weekdays)
    to = {"de": "bis", "en": "to"}[lang]
    begin = clock(first, lang).removesuffix(f"{NBSP}Uhr")
    return f"{name}, {begin} {to} {clock(last, lang)}"


def date_block(start: str, lang: str) -> tuple[str, str, str]:
    """Weekday, day and month of the little calendar sheet beside a course."""
    at = instant(start).date()
    weekday = str(format_skeleton("E", at, locale=LOCALES[lang])).rstrip(".")
    month = str(format_date(at, "MMM", locale=LOCALES[lang])).rstrip(".")[:3]
    return weekday[:2] if lang == "de" else weekday, str(at.day), month


def remaining(until: str, now: datetime) -> tuple[str, int]:
    """What is left, as a unit and a count: `days` above 48 hours, `hours`, `minutes`, `over`."""
    left = instant(until) - now
    minutes = int(left.total_seconds() // 60)
    if minutes < 0:
        return "over", 0
    if minutes < 60:
        return "minutes", max(1, minutes)
    if minutes < 48 * 60:
        return "hours", minutes // 60
    return "days", minutes // (24 * 60)


def utc(text: str) -> str:
    """The instant for `<time datetime>`."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
