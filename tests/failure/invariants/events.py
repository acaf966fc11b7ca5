"""Events, outbox, inbox, dead letters (I14 to I23)."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from contracts.base import EVENTS
from pydantic import ValidationError

from tests.failure.facts.model import ENROLMENT_TOPICS, Facts, Hears, Record
from tests.failure.invariants.violation import Found

# service, table, its id, the id in events, topics that tell its versions
AGGREGATES = (
    ("enrolment", "enrolment", "id", "enrolment_id", ENROLMENT_TOPICS),
    ("catalog", "offer", "offer_id", "offer_id", frozenset({"catalog.offers"})),
    ("catalog", "run", "run_id", "run_id", frozenset({"catalog.runs"})),
    (
        "membership",
        "organisation",
        "organisation_id",
        "organisation_id",
        frozenset({"membership.organisations"}),
    ),
)
QUOTE = "membership.enrolment-priced.v1"
BINDING = ("enrolment.enrolment-requested.v1", "enrolment.seat-accepted.v1")
ENDS = (
    "enrolment.enrolment-rejected.v1",
    "enrolment.enrolment-cancelled.v1",
    "enrolment.enrolment-expired.v1",
)
VERDICTS = ("catalog.offer-accepted.v1", "catalog.offer-rejected.v1")


def _told_versions(facts: Facts, id_field: str, topics: frozenset[str]) -> dict[str, set[int]]:
    told: dict[str, set[int]] = defaultdict(set)
    for event in facts.ours:
        if event.topic in topics and event.version is not None:
            told[str(event.body.get(id_field))].add(event.version)
    return told


def i14(facts: Facts) -> Found:
    """Every change was told, and nothing waits in an outbox."""
    for service in facts.services:
        if left := len(facts.rows(service, "outbox")):
            yield service, f"{left} rows stand in the outbox"
    for service, table, id_column, id_field, topics in AGGREGATES:
        told = _told_versions(facts, id_field, topics)
        for row in facts.rows(service, table):
            missing = set(range(1, row["version"] + 1)) - told[row[id_column]]
            if missing:
                yield row[id_column], f"version {min(missing)} of this {table} was never told"


def i15(facts: Facts) -> Found:
    """Repeats on the wire are byte for byte the same."""
    first: dict[tuple[str, str], Record] = {}
    for copy in facts.copies:
        known = first.setdefault((copy.topic, copy.id), copy)
        same = (known.key, known.value, known.raw_headers) == (
            copy.key,
            copy.value,
            copy.raw_headers,
        )
        if not same:
            yield copy.id, f"two records of {copy.topic} share this id and differ"


def wire_duplicates(facts: Facts) -> int:
    """How many repeats stand on the topics (I15 asks for their number)."""
    return len(facts.copies) - len(facts.ours)


def i16(facts: Facts) -> Found:
    """Versions of an aggregate rise along its one partition."""
    at: dict[tuple[str, bytes | None], Record] = {}
    for event in facts.ours:
        before = at.get((event.topic, event.key))
        if before is not None:
            subject = f"{event.topic}/{(event.key or b'').decode('utf-8', 'replace')}"
            if before.partition != event.partition:
                yield subject, f"stands in partitions {before.partition} and {event.partition}"
            elif (before.version or 0) > (event.version or 0):
                yield subject, f"version {event.version} comes after version {before.version}"
        at[event.topic, event.key] = event


def is_for(one: Hears, record: Record) -> bool:
    """Whether a service has to mark this record: all of a raw topic, else what it takes."""
    if one.raw or not record.type:
        return True
    return record.type in (one.types or EVENTS)


def i17(facts: Facts) -> Found:
    """Each record that is for a service took effect there exactly once, or was set aside."""
    for one in facts.hears:
        heard = facts.by_topic.get(one.topic, [])
        known = {
            str(row["message_id"])
            for row in facts.rows(one.service, "inbox")
            if row["topic"] == one.topic
        }
        for record in heard:
            if is_for(one, record) and record.mark(one.raw) not in known:
                yield record.id, f"{one.service} has no mark of {_where(record)}"
        every = {record.mark(one.raw) for record in heard}
        for mark in known - every:
            yield mark, f"{one.service} marked what {one.topic} does not hold"
    yield from _priced_once(facts)
    yield from _judged_once(facts)


def _priced_once(facts: Facts) -> Found:
    aside = _set_aside(facts, "membership")
    waiting = {row["event_id"] for row in facts.rows("membership", "pending_quote")}
    quotes = Counter(e.headers.get("ce_causationid", "") for e in facts.told(QUOTE))
    if not any(one.service == "membership" for one in facts.hears):
        return
    ended = {event.body["enrolment_id"] for event in facts.told(*ENDS)}
    registered = {row["organisation_id"] for row in facts.rows("membership", "organisation")}
    for event in facts.told(*BINDING):
        told, wanted = quotes[event.id], 0 if event.id in aside | waiting else 1
        # none is right, too, when the booking ended before its organisation was known
        forgotten = event.body["enrolment_id"] in ended
        forgotten = forgotten and event.body["organisation_id"] not in registered
        if told != wanted and not (forgotten and told == 0):
            yield event.id, f"asked once for a price, {told} were told"


def _judged_once(facts: Facts) -> Found:
    for one in facts.hears:
        if one.topic != "provider.offers":
            continue
        aside = _set_aside(facts, one.service)
        marks = {r.mark(one.raw): r.id for r in facts.by_topic.get(one.topic, [])}
        wanted = Counter(id_ for mark, id_ in marks.items() if mark not in aside)
        given = Counter(v.body["submission_id"] for v in facts.told(*VERDICTS))
        for id_, count in wanted.items():
            if given[id_] != count:
                yield id_, f"{count} submissions with this id got {given[id_]} verdicts"


def _set_aside(facts: Facts, service: str) -> set[str]:
    """Messages that were buried and not replayed."""
    return {
        row["message_id"]
        for row in facts.rows(service, "dead_letter")
        if row["state"] != "replayed"
    }


def i18(facts: Facts) -> Found:
    """No fifth bucket: what was set aside is marked, kept, and copied to its topic."""
    names = ("dead_service", "dead_topic", "dead_partition", "dead_offset")
    copies = {
        tuple(record.headers.get(name, "") for name in names)
        for topic, records in facts.by_topic.items()
        if topic.endswith(".dead")
        for record in records
        if "dead_service" in record.headers
    }
    kept: set[tuple[str, ...]] = set()
    for service in facts.services:
        marks = {(row["topic"], row["message_id"]) for row in facts.rows(service, "inbox")}
        for row in facts.rows(service, "dead_letter"):
            place: tuple[str, ...] = tuple(
                str(part) for part in (service, row["topic"], row["partition"], row["offset"])
            )
            kept.add(place)
            if (row["topic"], row["message_id"]) not in marks:
                yield row["message_id"], f"{service} set it aside without a mark"
            if place not in copies:
                yield row["message_id"], f"{service} set it aside, {row['topic']}.dead lacks it"
    for place in copies - kept:
        yield "/".join(place), "is copied as dead, and nobody keeps it"


def i19(facts: Facts) -> Found:
    """Offsets are committed up to the end, never beyond it, and never go back (soak)."""
    for (group, topic, number), seen in facts.committed.items():
        for before, after in pairwise(seen):
            if after < before:
                yield f"{group}/{topic}/{number}", f"went back from {before} to {after}"
    for place in facts.places:
        if place.committed != place.end:
            where = f"{place.group}/{place.partition}"
            yield where, f"committed {place.committed}, the end is {place.end}"


def i20(facts: Facts) -> Found:
    """Every event fits the contract of its type, on the topic of its type."""
    for event in facts.ours:
        kind = EVENTS.get(event.type)
        if kind is None or kind.topic.name != event.topic:
            yield event.id, f"{event.type} does not belong on {event.topic}"
            continue
        try:
            read = kind.model_validate_json(event.value or b"")
        except ValidationError as error:
            yield event.id, f"{event.type} does not fit: {error.error_count()} places"
            continue
        if read.key.encode() != event.key:
            yield event.id, f"{event.type} has the key of something else"


def i21(facts: Facts) -> Found:
    """Every cause exists, and the thread of a cause goes on in what follows."""
    threads = {record.id: record.headers.get("ce_correlationid") for record in facts.records}
    for event in facts.ours:
        cause = event.headers.get("ce_causationid")
        if not cause:
            continue
        if cause not in threads:
            yield event.id, f"{event.type} comes from {cause}, which stands nowhere"
            continue
        thread = (threads[cause] or "")[:100]
        if thread not in ("", event.headers["ce_correlationid"]):
            yield event.id, f"{event.type} left the thread of its cause"


def i22(facts: Facts) -> Found:
    """No phantom: what was told is in the database of who told it."""
    for service, table, id_column, id_field, topics in AGGREGATES:
        if service not in facts.tables:
            continue
        stored = {row[id_column]: row["version"] for row in facts.rows(service, table)}
        for id_, told in _told_versions(facts, id_field, topics).items():
            if id_ not in stored and not _is_bulk(facts, id_, topics):
                yield id_, f"was told as a {table}, it is not stored"
            elif max(told) > stored.get(id_, max(told)):
                yield id_, f"version {max(told)} was told, {stored[id_]} is stored"


def _is_bulk(facts: Facts, id_: str, topics: frozenset[str]) -> bool:
    return topics == ENROLMENT_TOPICS and id_ == "None"


def i23(facts: Facts) -> Found:
    """A copy on a dead-letter topic is the original, with the reason added."""
    originals = {(r.topic, str(r.partition), str(r.offset)): r for r in facts.records}
    for topic, copies in facts.by_topic.items():
        if not topic.endswith(".dead"):
            continue
        for copy in copies:
            h = copy.headers
            place = (
                h.get("dead_topic", ""),
                h.get("dead_partition", ""),
                h.get("dead_offset", ""),
            )
            original = originals.get(place)
            if original is None or "dead_letter" in h:
                continue  # what is too large for a copy names the row that keeps it
            added = tuple(x for x in copy.raw_headers if not x[0].startswith("dead_"))
            untouched = tuple(x for x in original.raw_headers if not x[0].startswith("dead_"))
            same = (copy.key or b"", copy.value) == (original.key or b"", original.value)
            if not same or added != untouched:
                yield original.id, f"its copy on {topic} is not what came"


def _where(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset} ({record.type or 'no type'})"
