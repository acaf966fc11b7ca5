"""Published offers as a MOOChub v3 feed (domain page 3): what MOOChub has words for, no more.

Member prices, seats and cancellation rules stay here: MOOChub cannot say them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.base import rfc3339

from catalog.domain.skills import DIGCOMP, EXPORTED, labels

COURSE = {
    "identifier": "https://w3id.org/kim/hcrt/course",
    "type": "Concept",
    "inScheme": "https://w3id.org/kim/hcrt/scheme",
}
KINDS = ("*/*", "application/*", "application/json", "application/vnd.api+json")
MODES = {
    "on_demand": ["online", "asynchronous"],
    "hybrid": ["blended"],
    "presence": ["onsite"],
    "live_online": ["online", "synchronous"],
}


@dataclass(frozen=True, slots=True)
class Exported:
    """An offer to be exported. `dates` are start and end of its scheduled runs."""

    offer_id: UUID
    offer_ref: str
    provider_name: str
    title: str
    description_html: str
    language: str
    format: str
    workload_hours: int | None
    url: str
    keywords: Sequence[str]
    skills: Sequence[Mapping[str, Any]]
    standard_cents: int
    changed_at: datetime
    dates: Sequence[tuple[datetime, datetime]]


def course(offer: Exported, operator: str) -> dict[str, Any]:
    """One record of the feed; `operator` is the publisher."""
    dates = _told_apart(offer.dates)
    attributes: dict[str, Any] = {
        "name": offer.title,
        "url": offer.url,
        "courseCode": offer.offer_ref,
        "learningResourceType": COURSE,
        "description": offer.description_html or None,
        "inLanguage": [offer.language],
        "courseMode": MODES[offer.format],
        "publisher": {"name": operator, "type": "Organization"},
        "creator": [{"name": offer.provider_name, "type": "Organization"}],
        "license": [{"identifier": "proprietary", "url": None}],
        "access": ["paid" if offer.standard_cents else "free"],
        "offer": [
            {
                "price": offer.standard_cents / 100,
                "priceCurrency": "EUR",
                "paymentFrequency": "one-time",
                "category": "course",
            }
        ],
        "startDate": [rfc3339(start) for start, _ in dates],
        "endDate": [rfc3339(end) for _, end in dates],
        "keywords": list(dict.fromkeys(offer.keywords)),
        "teaches": _teaches(offer.skills),
        "dateModified": rfc3339(offer.changed_at),
    }
    if offer.workload_hours:
        attributes["duration"] = f"PT{offer.workload_hours}H"
    return {"id": str(offer.offer_id), "type": "Course", "attributes": attributes}


def _told_apart(
    dates: Sequence[tuple[datetime, datetime]],
) -> list[tuple[datetime, datetime]]:
    """Without runs that begin or end with one before: MOOChub pairs two lists of unique moments."""
    kept: list[tuple[datetime, datetime]] = []
    for start, end in dates:
        if all(start != begun and end != ended for begun, ended in kept):
            kept.append((start, end))
    return kept


def _teaches(skills: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for skill in skills:
        framework, code = skill["framework"], skill["code"]
        if framework not in EXPORTED:
            continue
        named = [{"inLanguage": tag, "name": name} for tag, name in labels(framework, code).items()]
        version = skill.get("version") or ("2.2" if framework == DIGCOMP else "1")
        found[(framework, code)] = {
            "name": named,
            "educationalFramework": framework,
            "educationalFrameworkVersion": version,
            "shortCode": code,
            "targetUrl": code if code.startswith(("http://", "https://")) else None,
        }
    return list(found.values())


def links(base: str, number: int, last: int) -> dict[str, str]:
    """The links of a page of the feed."""
    at = {"self": number, "first": 1, "last": last}
    if number < last:
        at["next"] = number + 1
    if number > 1:
        at["prev"] = min(number - 1, last)
    return {name: f"{base}?page={page}" for name, page in at.items()}


def takes_version_3(accept: str | None) -> bool:
    """Whether a client takes version 3 of the feed, as its Accept header says."""
    if not accept:
        return True
    for part in accept.lower().split(","):
        kind, *options = (piece.strip() for piece in part.split(";"))
        given = dict(option.partition("=")[::2] for option in options)
        version = given.get("moochub-version", "3").strip('"').split(".")[0]
        if kind in KINDS and version == "3" and given.get("q") not in ("0", "0.0"):
            return True
    return False
