"""A record of a MOOChub feed to a submission of ours: official v3 and the Xikolo dialect.

Names come in camelCase or snake_case, dates single or as lists, prices under `offer` or `offers`.
What MOOChub cannot say (seats, member price, cancellation) is assumed, with a warning. A record
becomes a submission document, so the same judge decides as for events of providers (domain
page 3).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from typing import Any

from contracts.catalog import Finding

from catalog.domain import rules
from catalog.domain.findings import finding

_ORIGINS = {
    "/provider_id": "",
    "/offer_ref": "/id",
    "/title": "/attributes/name",
    "/description_html": "/attributes/description",
    "/language": "/attributes/inLanguage",
    "/format": "/attributes/courseMode",
    "/workload_hours": "/attributes/workload",
    "/url": "/attributes/url",
    "/keywords": "/attributes/keywords",
    "/skills": "/attributes/teaches",
    "/price": "/attributes/offer",
    "/runs": "/attributes/startDate",
}
_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")
_PER = {"h/day": Decimal(1), "h/week": Decimal(7), "h/month": Decimal(30)}


@dataclass
class Mapped:
    """A submission document, where each part of it stood in the record, and what was assumed."""

    document: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=lambda: dict(_ORIGINS))
    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def warn(self, pointer: str, code: str, detail: str) -> None:
        """Remember something doubtful."""
        self.warnings.append(finding(pointer, code, detail))

    def at_home(self, found: Finding) -> Finding:
        """A finding about the document as one about the record."""
        for place in sorted(self.origins, key=len, reverse=True):
            if found.pointer == place or found.pointer.startswith(f"{place}/"):
                return finding(self.origins[place], found.code, found.detail)
        return found


def camel(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes under camelCase names; a name that is there in both spellings stays."""
    renamed: dict[str, Any] = {}
    for name, value in attributes.items():
        head, *rest = name.split("_")
        renamed.setdefault(head + "".join(part[:1].upper() + part[1:] for part in rest), value)
    return renamed


def listed(value: object) -> list[Any]:
    """A list as it is, nothing as no entry, a single value as one entry."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def map_record(record: Mapping[str, Any], provider_id: str, capacity: int) -> Mapped:
    """Map one record. `capacity` is assumed for every run, since MOOChub does not tell seats."""
    mapped = Mapped()
    given = record.get("attributes")
    if not isinstance(given, dict):
        mapped.errors.append(finding("/attributes", "missing", "must be an object"))
        return mapped
    course = camel(given)
    mapped.document = {
        "provider_id": provider_id,
        "offer_ref": record.get("id"),
        "title": course.get("name"),
        "description_html": course.get("description") or course.get("abstract") or "",
        "language": _language(course, mapped),
        "format": _format(course, mapped),
        "keywords": [w for w in listed(course.get("keywords")) if isinstance(w, str)][:40],
        "skills": _skills(course, mapped),
        "runs": _runs(course, capacity, mapped),
    }
    if course.get("name") is None:
        del mapped.document["title"]
    if (hours := _workload(course)) is not None:
        mapped.document["workload_hours"] = hours
    if course.get("url"):
        mapped.document["url"] = course["url"]
    else:
        mapped.warn("/attributes/url", "missing", "the page of the course is not told")
    if not course.get("publisher") and not course.get("creator"):
        mapped.warn("/attributes/publisher", "missing", "the source is taken as the provider")
    _price(course, mapped)
    return mapped


def _language(course: Mapping[str, Any], mapped: Mapped) -> str:
    for tag in listed(course.get("inLanguage")):
        if isinstance(tag, str) and re.match(r"[A-Za-z]{2}(?:-|$)", tag):
            return tag[:2].lower()
    mapped.warn("/attributes/inLanguage", "missing", "German is assumed")
    return "de"


def _format(course: Mapping[str, Any], mapped: Mapped) -> str:
    modes = {mode for mode in listed(course.get("courseMode")) if isinstance(mode, str)}
    if not modes:
        mapped.warn("/attributes/courseMode", "missing", "an online course on demand is assumed")
    if "blended" in modes or {"onsite", "online"} <= modes:
        return "hybrid"
    if "onsite" in modes:
        return "presence"
    return "live_online" if "synchronous" in modes and "asynchronous" not in modes else "on_demand"


def _workload(course: Mapping[str, Any]) -> int | None:
    """Hours of work: from a duration in hours, or from hours per week over the weeks."""
    found = _DURATION.fullmatch(str(course.get("duration") or ""))
    weeks, days, hours, minutes = (int(n or 0) for n in found.groups()) if found else (0, 0, 0, 0)
    if hours or minutes:
        total = days * 24 + hours + (1 if minutes else 0)
        return total if total <= 2000 else None
    load = course.get("workload")
    load = camel(load) if isinstance(load, dict) else {}
    value, unit = rules.whole(load.get("timeValue")), load.get("timeUnit")
    if value is None or not isinstance(unit, str) or unit not in _PER or not (weeks or days):
        return None
    total = int(value * (weeks * 7 + days) / _PER[unit])
    return total if 0 < total <= 2000 else None


def _price(course: Mapping[str, Any], mapped: Mapped) -> None:
    name = "offers" if course.get("offer") is None and course.get("offers") else "offer"
    access = listed(course.get("access"))
    for number, entry in enumerate(listed(course.get(name))):
        offer = camel(entry) if isinstance(entry, dict) else {}
        if offer.get("category", "course") in ("course", "complete"):
            _priced(offer, f"/attributes/{name}/{number}", mapped)
            return
    if "free" not in access and access:
        mapped.errors.append(
            finding("/attributes/offer", "missing", "a course that is not free needs a price")
        )
        return
    if not access:
        mapped.warn("/attributes/offer", "missing", "neither price nor access: taken as free")
    mapped.document["price"] = {"standard_cents": 0, "member_cents": 0}


def _priced(offer: Mapping[str, Any], at: str, mapped: Mapped) -> None:
    cents = _cents(offer.get("price"))
    mapped.origins["/price"] = f"{at}/price"
    if offer.get("priceCurrency", "EUR") != "EUR":
        mapped.errors.append(finding(f"{at}/priceCurrency", "unknown-value", "must be EUR"))
    if offer.get("paymentFrequency", "one-time") not in ("one-time", "other"):
        mapped.warn(f"{at}/paymentFrequency", "not-one-time", "taken as paid once")
    if cents is None:
        mapped.errors.append(finding(f"{at}/price", "not-a-price", "must be an amount in euro"))
        return
    mapped.document["price"] = {"standard_cents": cents, "member_cents": cents}
    if cents:
        mapped.warn(at, "no-member-price", "MOOChub has no member price; both are the same")


def _cents(price: object) -> int | None:
    if isinstance(price, bool) or not isinstance(price, int | Decimal | float):
        return None
    try:
        cents = Decimal(str(price)) * 100
        return int(cents) if 0 <= cents <= 10**10 and cents == int(cents) else None
    except (DecimalException, ValueError, OverflowError):
        return None


def _skills(course: Mapping[str, Any], mapped: Mapped) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, entry in enumerate(listed(course.get("teaches"))[:40]):
        at = f"/attributes/teaches/{number}"
        skill = camel(entry) if isinstance(entry, dict) else {}
        framework = str(skill.get("educationalFramework") or "")
        version = str(skill.get("educationalFrameworkVersion") or "")
        if named := re.fullmatch(r"(DigComp) (\d\.\d)", framework):
            framework, version = named[1], version or named[2]
        code = skill.get("shortCode") or skill.get("targetUrl")
        if not (framework and len(framework) <= 40 and isinstance(code, str) and len(code) <= 120):
            mapped.warn(at, "no-code", "a competence without framework and code is left out")
            continue
        level = skill.get("educationalLevel")
        step = camel(level).get("shortCode") if isinstance(level, dict) else None
        mapped.origins[f"/skills/{len(found)}"] = at
        fits = isinstance(step, str) and re.fullmatch("[1-8]", step)
        found.append(
            {"framework": framework, "version": version[:20] or None, "code": code}
            | ({"level": int(str(step))} if fits else {})
        )
    return found


def _runs(course: Mapping[str, Any], capacity: int, mapped: Mapped) -> list[dict[str, Any]]:
    """Pair starts and ends by index. A run is named by its start, since feeds have no other name:
    a feed that forgets old dates keeps the newer runs as they are.
    """
    starts, ends = listed(course.get("startDate")), listed(course.get("endDate"))
    if len(starts) != len(ends):
        mapped.warn("/attributes/endDate", "dates-unpaired", "not as many ends as starts")
    runs: list[dict[str, Any]] = []
    refs: set[str] = set()
    for number, (start, end) in enumerate(zip(starts, ends, strict=False)):
        if start is None or end is None:
            continue
        first, last = rules.moment(start), rules.moment(end)
        at = f"/attributes/startDate/{number}"
        if first is None or last is None:
            where = at if first is None else f"/attributes/endDate/{number}"
            mapped.warn(where, "not-an-instant", "this date is left out")
            continue
        ref = first.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
        if ref in refs:
            mapped.warn(at, "duplicate-run", "the same start stands twice")
            continue
        refs.add(ref)
        here = f"/runs/{len(runs)}"
        mapped.origins |= {here: at, f"{here}/ends_at": f"/attributes/endDate/{number}"}
        runs.append({"run_ref": ref, "starts_at": start, "ends_at": end, "capacity": capacity})
    if runs:
        mapped.warn("/attributes/startDate", "capacity-assumed", "MOOChub tells no seats")
    _deadline(course, runs, mapped)
    return runs


def _deadline(course: Mapping[str, Any], runs: list[dict[str, Any]], mapped: Mapped) -> None:
    given = [entry for entry in listed(course.get("applicationDeadline")) if entry is not None]
    if not given or not runs:
        return
    at = "/attributes/applicationDeadline"
    closes: datetime | None = rules.moment(given[0])
    end = rules.moment(runs[0]["ends_at"])
    if len(runs) > 1 or len(given) > 1 or closes is None or end is None:
        mapped.warn(at, "ignored", "the deadline of one of several runs cannot be told")
    elif closes > end:
        mapped.warn(at, "closes-after-end", "is after the end; booking closes with the start")
    else:
        runs[0]["booking_closes_at"] = given[0]
        mapped.origins["/runs/0/booking_closes_at"] = at
