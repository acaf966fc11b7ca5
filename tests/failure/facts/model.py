"""The facts: plain frozen data. Tests build tiny ones by hand, `collect` builds real ones.

    Facts(tables={"enrolment": {"run": ({"id": …, "taken": 1, …},)}}, records=(…))

What is not given is empty, and an invariant says nothing about what is not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from tests.failure.history import Operation

Row = Mapping[str, Any]
"""A row of a table. Ids are text, whatever the database calls them."""


@dataclass(frozen=True)
class Record:
    """One record of one topic, as it came."""

    topic: str
    partition: int
    offset: int
    key: bytes | None = None
    value: bytes | None = None
    raw_headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int = 0

    @cached_property
    def headers(self) -> dict[str, str]:
        """As text; what is no UTF-8 is replaced."""
        return {
            name: (value or b"").decode("utf-8", "replace").replace("\x00", "")
            for name, value in self.raw_headers
        }

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object, or nothing."""
        try:
            read = json.loads(self.value or b"")
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def type(self) -> str:
        return self.headers.get("ce_type", "")

    @property
    def place(self) -> tuple[str, int, int]:
        return (self.topic, self.partition, self.offset)

    @cached_property
    def id(self) -> str:
        """The `ce_id`; where that is no UUID, one made of the place (as `chassis.records`)."""
        try:
            return str(UUID(self.headers.get("ce_id", "")))
        except ValueError:
            return str(uuid5(NAMESPACE_URL, f"{self.topic}/{self.partition}/{self.offset}"))

    @property
    def version(self) -> int | None:
        given = self.headers.get("ce_aggregateversion", "")
        return int(given) if given.isdecimal() else None

    def mark(self, raw: bool) -> str:
        """How a consumer's inbox calls it: strangers choose their ids, so their key joins in."""
        if not raw:
            return self.id
        key = (self.key or b"").decode("utf-8", "replace").replace("\x00", "")
        return str(uuid5(UUID(self.id), key))

    def instant(self, field_name: str) -> datetime:
        """A moment of the body."""
        return moment(self.body[field_name])


@dataclass(frozen=True)
class Mail:
    """A mail that the server accepted."""

    message_id: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Hears:
    """What one service hears on one topic. `types`: None says all that belong on the topic."""

    service: str
    topic: str
    raw: bool = False
    types: frozenset[str] | None = None


@dataclass(frozen=True)
class Place:
    """How far a group has come in one partition: `committed` of `end`."""

    group: str
    topic: str
    partition: int
    committed: int
    end: int


Group = tuple[str, str, int]
"""A consumer group, a topic and a partition."""


@dataclass(frozen=True)
class Facts:
    """One run. `taken_at` is when it was collected; `converged_after` how long that took."""

    history: tuple[Operation, ...] = ()
    tables: Mapping[str, Mapping[str, tuple[Row, ...]]] = field(default_factory=dict)
    records: tuple[Record, ...] = ()
    mails: tuple[Mail, ...] = ()
    hears: tuple[Hears, ...] = ()
    places: tuple[Place, ...] = ()
    committed: Mapping[Group, Sequence[int]] = field(default_factory=dict)
    """The committed offsets that were seen while the run went on, in their order."""
    logs: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    ready: Mapping[str, bool] = field(default_factory=dict)
    canaries: tuple[str, ...] = ()
    tenants: Mapping[str, str] = field(default_factory=dict)
    """The organisation of each user of the history."""
    taken_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    converged_after: float | None = 0.0
    """Seconds until everything was quiet; None: it never was."""

    def rows(self, service: str, table: str) -> tuple[Row, ...]:
        """The rows of a table."""
        return self.tables.get(service, {}).get(table, ())

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Every service with tables here."""
        return tuple(sorted(self.tables))

    @cached_property
    def by_topic(self) -> dict[str, list[Record]]:
        """Records by topic, in the order of partition and offset."""
        found: dict[str, list[Record]] = {}
        for record in sorted(self.records, key=lambda r: r.place):
            found.setdefault(record.topic, []).append(record)
        return found

    def told(self, *types: str) -> Iterator[Record]:
        """Our own events of these types, each once, in the order of partition and offset."""
        for record in self.ours:
            if record.type in types:
                yield record

    @cached_property
    def ours(self) -> tuple[Record, ...]:
        """Events that our services sent, each once (its first copy)."""
        first: dict[tuple[str, str], Record] = {}
        for copy in self.copies:
            first.setdefault((copy.topic, copy.id), copy)
        return tuple(first.values())

    @cached_property
    def copies(self) -> tuple[Record, ...]:
        """Everything that our services sent, repeats among it. What tests forge is not ours."""
        return tuple(
            record for records in self.by_topic.values() for record in records if is_ours(record)
        )

    @cached_property
    def by_enrolment(self) -> dict[str, list[Record]]:
        """Our events about each enrolment, by version."""
        found: dict[str, list[Record]] = {}
        for record in self.ours:
            if record.topic in ENROLMENT_TOPICS and "enrolment_id" in record.body:
                found.setdefault(record.body["enrolment_id"], []).append(record)
        for records in found.values():
            records.sort(key=lambda r: r.version or 0)
        return found


ENROLMENT_TOPICS = frozenset({"enrolment.enrolments", "enrolment.seats"})


def is_ours(record: Record) -> bool:
    """Whether a service of ours sent it: its source owns the topic, and it has all attributes."""
    owner, _, kind = record.topic.partition(".")
    wanted = ("ce_id", "ce_time", "ce_specversion", "ce_correlationid")
    return (
        kind != ""
        and not record.topic.endswith(".dead")
        and record.headers.get("ce_source") == f"/{owner}"
        and owner != "provider"
        and all(name in record.headers for name in wanted)
    )


def moment(text: Any) -> datetime:
    """An instant of a row or a body."""
    read = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return read if read.tzinfo else read.replace(tzinfo=UTC)
