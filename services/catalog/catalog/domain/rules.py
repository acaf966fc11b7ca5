"""What is asked of a submission beyond its shape. Each rule looks only at what can be read, so
that all errors of a submission are told at once, however many there are.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from contracts.base import Part
from contracts.catalog import Finding
from contracts.provider import (
    CancellationStep,
    Costs,
    OfferSubmitted,
    Price,
    Skill,
    SubmittedRun,
)

from catalog.domain.findings import finding, pointer_of
from catalog.domain.skills import DIGCOMP, digcomp

MAX_RUNS = 200
YEARS = (1990, 2100)

BERLIN = ZoneInfo("Europe/Berlin")

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?P<offset>[Zz]|[+-]\d\d:\d\d)?"
)

Document = Mapping[str, Any]


def whole(value: object) -> int | None:
    """A whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """An instant with an offset in a year that can be meant, or None."""
    if not isinstance(value, str) or not (found := _INSTANT.fullmatch(value)):
        return None
    if not found["offset"]:
        return None
    try:
        instant = datetime.fromisoformat(value.upper())
    except ValueError:
        return None
    return instant if YEARS[0] <= instant.year <= YEARS[1] else None


def day(value: object) -> date | None:
    """A calendar day in a year that can be meant, or None."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if YEARS[0] <= found.year <= YEARS[1] else None


def parts(document: Document, name: str) -> list[tuple[int, Document]]:
    """The objects in a list of the document, with their places."""
    listed = document.get(name)
    if not isinstance(listed, list):
        return []
    return [(n, part) for n, part in enumerate(listed[:MAX_RUNS]) if isinstance(part, dict)]


def errors(document: Document) -> list[Finding]:
    """Everything that the rules refuse."""
    found = [*_price(document), *_address(document), *_title(document)]
    for number, run in parts(document, "runs"):
        found += [*_dates(run, f"/runs/{number}"), *_seats(run, f"/runs/{number}")]
        found += [*_policy(run, f"/runs/{number}"), *_decision(run, f"/runs/{number}")]
    return found + list(_repeated_runs(document))


def warnings(document: Document, now: datetime) -> list[Finding]:
    """Everything that is doubtful and taken over nevertheless."""
    found = list(_unknown_fields(document))
    if document.get("workload_hours") is None:
        found.append(finding("/workload_hours", "missing", "the hours of work are not told"))
    found += _unknown_skills(document)
    runs = parts(document, "runs")
    if not runs and document.get("format") in ("presence", "hybrid", "live_online"):
        found.append(finding("/runs", "no-runs", "without a run nobody can book"))
    for number, run in runs:
        if run.get("cancelled") is not True:
            found += _doubtful_run(run, f"/runs/{number}", now, document.get("format"))
    return found


def _price(document: Document) -> Iterator[Finding]:
    price, costs = document.get("price"), document.get("costs")
    if price is None and costs is None:
        yield finding("/price", "missing", "either price or costs is needed")
    if price is not None and costs is not None:
        yield finding("/costs", "price-and-costs", "either price or costs, not both")
    if isinstance(price, dict):
        standard, member = whole(price.get("standard_cents")), whole(price.get("member_cents"))
        if standard is not None and member is not None and member > standard:
            yield finding(
                "/price/member_cents",
                "member-above-standard",
                "members may not pay more than the standard price",
            )
    if isinstance(costs, dict):
        expected = [whole(costs.get(name, 0)) for name in ("expected_members", "expected_others")]
        if expected == [0, 0]:
            yield finding(
                "/costs/expected_members", "no-participants", "at least one has to be expected"
            )


def _address(document: Document) -> Iterator[Finding]:
    url = document.get("url")
    if not isinstance(url, str) or not re.match(r"https?://", url):
        return
    try:
        fits = bool(urlsplit(url).hostname) and not re.search(r'[\s<>"\\^`{|}]', url)
        fits = fits and urlsplit(url).port != 0
    except ValueError:
        fits = False
    if not fits:
        yield finding("/url", "not-a-url", "must be a complete web address")


def _title(document: Document) -> Iterator[Finding]:
    title = document.get("title")
    if isinstance(title, str) and title and not title.strip():
        yield finding("/title", "too-short", "needs at least 1 character(s)")


def _dates(run: Document, at: str) -> Iterator[Finding]:
    for name in ("starts_at", "ends_at", "booking_closes_at"):
        if isinstance(text := run.get(name), str) and moment(text) is None:
            yield _wrong_instant(text, f"{at}/{name}")
    starts, ends = moment(run.get("starts_at")), moment(run.get("ends_at"))
    closes = moment(run.get("booking_closes_at"))
    if starts and ends and ends <= starts:
        yield finding(f"{at}/ends_at", "ends-before-start", "must be after the start")
    elif ends and closes and closes > ends:
        yield finding(f"{at}/booking_closes_at", "closes-after-end", "must not be after the end")


def _wrong_instant(text: str, at: str) -> Finding:
    form = _INSTANT.fullmatch(text)
    if form and not form["offset"]:
        return finding(at, "needs-offset", "needs a UTC offset, like Z or +01:00")
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        form = None
    if form:
        return finding(at, "out-of-range", f"must be in the years {YEARS[0]} to {YEARS[1]}")
    return finding(at, "not-an-instant", "must be an instant like 2027-03-01T08:00:00Z")


def _seats(run: Document, at: str) -> Iterator[Finding]:
    capacity, least = whole(run.get("capacity")), whole(run.get("min_participants"))
    if capacity is not None and least is not None and least > capacity >= 0:
        yield finding(
            f"{at}/min_participants", "above-capacity", "must not be more than the capacity"
        )


def _decision(run: Document, at: str) -> Iterator[Finding]:
    named, starts = run.get("decision_on"), moment(run.get("starts_at"))
    if named is None:
        return
    decided = day(named)
    if decided is None:
        limits = f"must be a day like 2027-02-15, in the years {YEARS[0]} to {YEARS[1]}"
        yield finding(f"{at}/decision_on", "not-a-day", limits)
    elif starts and decided > starts.astimezone(BERLIN).date():
        yield finding(f"{at}/decision_on", "decided-after-start", "must not be after the start")


def _policy(run: Document, at: str) -> Iterator[Finding]:
    before: int | None = None
    for number, step in parts(run, "cancellation_policy"):
        days = whole(step.get("days_before"))
        if days is not None and before is not None and days >= before:
            yield finding(
                f"{at}/cancellation_policy/{number}/days_before",
                "not-falling",
                "must be less than in the step before",
            )
        before = days if days is not None else before


def _repeated_runs(document: Document) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    for number, run in parts(document, "runs"):
        if isinstance(ref := run.get("run_ref"), str):
            seen[ref] += 1
            if seen[ref] > 1:
                yield finding(
                    f"/runs/{number}/run_ref", "duplicate-run-ref", "stands in an earlier run too"
                )


def _unknown_fields(document: Document) -> Iterator[Finding]:
    yield from _strange(document, OfferSubmitted, ())
    for name, kind in (("price", Price), ("costs", Costs)):
        if isinstance(part := document.get(name), dict):
            yield from _strange(part, kind, (name,))
    for number, skill in parts(document, "skills"):
        yield from _strange(skill, Skill, ("skills", number))
    for number, run in parts(document, "runs"):
        yield from _strange(run, SubmittedRun, ("runs", number))
        for step, part in parts(run, "cancellation_policy"):
            place = ("runs", number, "cancellation_policy", step)
            yield from _strange(part, CancellationStep, place)


def _strange(part: Document, kind: type[Part], place: tuple[object, ...]) -> Iterator[Finding]:
    for name in part:
        if name not in kind.model_fields:
            yield finding(pointer_of((*place, name)), "unknown-field", "is not known and ignored")


def _unknown_skills(document: Document) -> Iterator[Finding]:
    for number, skill in parts(document, "skills"):
        code = skill.get("code")
        if skill.get("framework") == DIGCOMP and isinstance(code, str) and code not in digcomp():
            yield finding(f"/skills/{number}/code", "unknown-skill", "is no code of DigComp 2.2")


def _doubtful_run(run: Document, at: str, now: datetime, form: object) -> Iterator[Finding]:
    starts, closes = moment(run.get("starts_at")), moment(run.get("booking_closes_at"))
    if starts and starts <= now:
        yield finding(f"{at}/starts_at", "in-the-past", "has begun already")
    if starts and closes and closes > starts and form != "on_demand":
        yield finding(f"{at}/booking_closes_at", "closes-after-start", "is after the start")
    if closes and starts and starts > now and closes <= now:
        yield finding(f"{at}/booking_closes_at", "in-the-past", "nobody can book any more")
    if starts and starts > now + timedelta(days=3650):
        yield finding(f"{at}/starts_at", "far-away", "is more than ten years away")
    if run.get("cancellation_policy") is None:
        yield finding(
            f"{at}/cancellation_policy",
            "no-cancellation-policy",
            "without one, calling off is free of charge",
        )
