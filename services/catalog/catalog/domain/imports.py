"""Taking in a feed: a report per record, and nothing withdrawn unless the feed was whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from contracts.base import Cause, Part
from contracts.catalog import Finding

from catalog.domain.findings import finding, merged
from catalog.domain.judge import judge_document
from catalog.domain.moochub import map_record
from catalog.domain.offers import Key, OfferTerms
from catalog.domain.reading import readable
from catalog.domain.shelf import EVENTS, Shelf, Why

MAX_RECORDS = 5000

Result = Literal["accepted", "accepted_with_warnings", "rejected"]
Effect = Literal["created", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """One record of a feed after judging, with where it stood."""

    record_id: str | None
    pointer: str
    page: int
    terms: OfferTerms | None
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ImportFeed:
    """A feed that was read. `complete`: all of it, from the first page to the last."""

    source: str
    provider_id: str
    provider_name: str | None
    records: tuple[FeedRecord, ...]
    complete: bool
    warnings: tuple[Finding, ...]
    cause: Cause | None = None

    @property
    def origin(self) -> str:
        """The name of this source among all sources."""
        return f"moochub {self.provider_id} {self.source}"

    @property
    def keys(self) -> set[Key]:
        """The offers it speaks of."""
        return {record.terms.key for record in self.records if record.terms}


class RecordReport(Part):
    """What became of one record."""

    id: str | None
    pointer: str
    page: int
    result: Result
    effect: Effect | None = None
    offer_id: UUID | None = None
    run_ids: dict[str, UUID] = {}
    errors: list[Finding] = []
    warnings: list[Finding] = []


class ImportReport(Part):
    """What became of a feed. `counts` has results, effects and `withdrawn`."""

    source: str
    provider_id: str
    complete: bool
    counts: dict[str, int]
    records: list[RecordReport]
    withdrawn: list[UUID] = []
    warnings: list[Finding] = []


def judge_page(
    page: dict[str, Any], number: int, provider_id: str, capacity: int, now: datetime
) -> list[FeedRecord]:
    """Map and judge every record of a page (`data` as a list, or a single object)."""
    data = page.get("data")
    places = [("/data", data)] if isinstance(data, dict) else _numbered(data)
    return [_judged(entry, place, number, provider_id, capacity, now) for place, entry in places]


def is_whole(page: dict[str, Any]) -> bool:
    """Whether a page says that it is the only one."""
    links = page.get("links")
    links = links if isinstance(links, dict) else {}
    return not links.get("next") and not links.get("prev")


def _numbered(data: object) -> list[tuple[str, Any]]:
    return [(f"/data/{n}", entry) for n, entry in enumerate(data if isinstance(data, list) else [])]


def _judged(
    entry: object, place: str, page: int, provider_id: str, capacity: int, now: datetime
) -> FeedRecord:
    if not isinstance(entry, dict):
        wrong = finding(place, "not-an-object", "must be an object")
        return FeedRecord(None, place, page, None, (wrong,), ())
    mapped = map_record(entry, provider_id, capacity)
    name = readable(entry.get("id"))
    if not mapped.document:
        return FeedRecord(name, place, page, None, _under(place, mapped.errors), ())
    judgement = judge_document(mapped.document, now)
    errors = merged(mapped.errors, map(mapped.at_home, judgement.errors))
    if mapped.errors:  # a price that could not be read is told once
        errors = tuple(e for e in errors if e.code != "missing" or e in mapped.errors)
    warnings = merged(mapped.warnings, map(mapped.at_home, judgement.warnings))
    terms = None if errors else judgement.terms
    return FeedRecord(name, place, page, terms, _under(place, errors), _under(place, warnings))


def _under(place: str, found: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(finding(place + f.pointer, f.code, f.detail) for f in found)


def take_in(shelf: Shelf, feed: ImportFeed, now: datetime) -> ImportReport:
    """Bring the shelf to what the feed says.

    An offer of this source that a whole feed leaves out is withdrawn. A feed that was not whole,
    has no record at all, or has one without an id withdraws nothing.
    """
    why = Why(now, feed.cause)
    seen: set[str] = set()
    reports = [_take(shelf, feed, record, seen, why) for record in feed.records]
    withdrawn: list[UUID] = []
    first = len(shelf.warnings)
    if feed.complete and seen and all(record.record_id for record in feed.records):
        for offer in shelf.published_by(feed.origin):
            if offer.offer_ref not in seen:
                shelf.withdraw(offer.key, why)
                withdrawn.append(offer.offer_id)
    words: list[str] = [r.result for r in reports] + [r.effect for r in reports if r.effect]
    names = ("accepted", "accepted_with_warnings", "rejected", "created", "changed", "unchanged")
    return ImportReport(
        source=feed.source,
        provider_id=feed.provider_id,
        complete=feed.complete,
        counts={name: words.count(name) for name in names} | {"withdrawn": len(withdrawn)},
        records=reports,
        withdrawn=withdrawn,
        warnings=[*feed.warnings, *_at("/data", shelf.warnings[first:])],
    )


def _take(
    shelf: Shelf, feed: ImportFeed, record: FeedRecord, seen: set[str], why: Why
) -> RecordReport:
    errors = list(record.errors)
    before = shelf.get(record.terms.key) if record.terms else None
    if record.record_id in seen:
        errors.append(finding(f"{record.pointer}/id", "duplicate-id", "stands in the feed before"))
    elif before and before.source != feed.origin and before.state == "published":
        whose = "its provider itself" if before.source == EVENTS else "another source"
        errors.append(finding(f"{record.pointer}/id", "other-source", f"is published by {whose}"))
    if record.record_id:
        seen.add(record.record_id)
    told = {
        "id": record.record_id,
        "pointer": record.pointer,
        "page": record.page,
    }
    if errors or record.terms is None:
        warnings = list(record.warnings)
        return RecordReport(**told, result="rejected", errors=errors, warnings=warnings)
    first = len(shelf.warnings)
    offer = shelf.put(record.terms, feed.origin, why)
    dates = f"{record.pointer}/attributes/startDate"
    warnings = [*_at(dates, shelf.warnings[first:]), *record.warnings]
    fresh = before is None or before.state == "withdrawn"
    changed: Effect = "unchanged" if offer.same_as(before) else "changed"
    return RecordReport(
        **told,
        result="accepted_with_warnings" if warnings else "accepted",
        effect="created" if fresh else changed,
        offer_id=offer.offer_id,
        run_ids=offer.run_ids,
        warnings=warnings,
    )


def _at(place: str, found: Sequence[Finding]) -> list[Finding]:
    """What the shelf found about runs; a feed has dates instead, and no place for each."""
    return [finding(place, f.code, f.detail) for f in found]
