"""What stands on a topic, read once: an event of ours, a provider's record, or a poison."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from aiokafka import ConsumerRecord
from contracts.base import EVENTS, Cause, Event, Meta
from pydantic import ValidationError

from chassis.texts import holds_nul

Record: TypeAlias = ConsumerRecord  # its keys and values are bytes

CORRELATION = re.compile(r"[A-Za-z0-9._-]{8,64}")  # it goes into logs and on to others
TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
VERSION = re.compile(r"[0-9]{1,18}")  # what a bigint holds


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as it came, for a handler that judges everything itself.

    `id` is the `ce_id`; where that is missing or no UUID, one derived from the record's place.
    """

    id: UUID
    type: str
    key: str | None
    value: bytes | None
    headers: dict[str, str]
    received_at: datetime

    @property
    def cause(self) -> Cause:
        """What the events inherit that answer this record."""
        return Cause(
            _told(self.headers, "ce_correlationid", CORRELATION) or str(self.id),
            str(self.id),
            _told(self.headers, "traceparent", TRACE),
        )


@dataclass(frozen=True, slots=True)
class Poison:
    """Why a record can never be handled. `detail` holds places and rules, never content."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record with its identity for the inbox and what was read from it (None: not for us)."""

    id: UUID
    record: Record
    content: Event | RawRecord | Poison | None

    @property
    def key(self) -> bytes:
        """The key of the record; without one, the empty key."""
        return self.record.key or b""

    @property
    def correlation_id(self) -> str:
        """What the record belongs to, as far as it can be read."""
        cause = self.content.cause if isinstance(self.content, Event | RawRecord) else None
        return cause.correlation_id if cause else str(self.id)


def headers_of(record: Record) -> dict[str, str]:
    """Headers as text; what is missing or not UTF-8 reads as empty, never as an error."""
    return {
        name: (value or b"").decode("utf-8", "replace").replace("\x00", "")
        for name, value in record.headers
    }


def type_of(record: Record) -> str:
    """The event type that a record names, or nothing."""
    for name, value in record.headers:
        if name == "ce_type":
            return (value or b"").decode("utf-8", "replace")
    return ""


def read(record: Record, raw: bool) -> Delivery:
    """Read one record; never raises, whatever a stranger wrote into it."""
    try:
        return _read(record, raw)
    except Exception as error:  # noqa: BLE001 - one that got through would come again for ever
        return Delivery(_place(record), record, Poison("unreadable", type(error).__name__))


def _place(record: Record) -> UUID:
    """The identity of a record that names none."""
    return uuid5(NAMESPACE_URL, f"{record.topic}/{record.partition}/{record.offset}")


def _read(record: Record, raw: bool) -> Delivery:
    headers = headers_of(record)
    try:
        id_: UUID | None = UUID(headers.get("ce_id", ""))
    except ValueError:
        id_ = None
    known = id_ or _place(record)
    if raw:
        return _read_raw(record, headers, known)
    kind = EVENTS.get(headers.get("ce_type", ""))
    if kind is None and headers.get("ce_type"):
        return Delivery(known, record, None)
    if kind is None or id_ is None:
        return Delivery(known, record, Poison("no-envelope", "ce_type or ce_id is missing"))
    if kind.topic.name != record.topic:
        return Delivery(known, record, Poison("wrong-topic", f"{kind.type} does not belong here"))
    event = _event(kind, record.value or b"")
    if isinstance(event, Poison):
        return Delivery(known, record, event)
    return Delivery(known, record, event.received(_meta(headers, id_, record)))


def _event(kind: type[Event], value: bytes) -> Event | Poison:
    """What the value says, or why it says nothing."""
    try:
        event = kind.model_validate_json(value)
    except ValidationError as error:
        return Poison("invalid", _places(error))
    if b"\\u0000" in value and holds_nul(orjson.loads(value)):
        return Poison("invalid", "a text with a NUL")
    return event


def _read_raw(record: Record, headers: dict[str, str], identity: UUID) -> Delivery:
    key = None if record.key is None else record.key.decode("utf-8", "replace").replace("\x00", "")
    received = _moment(record)
    content = RawRecord(identity, headers.get("ce_type", ""), key, record.value, headers, received)
    # Strangers choose their ids: the same id under another key is another message.
    return Delivery(uuid5(identity, key or ""), record, content)


def _meta(headers: dict[str, str], id_: UUID, record: Record) -> Meta:
    version = headers.get("ce_aggregateversion", "")
    return Meta(
        id=id_,
        time=_time(headers, record),
        correlation_id=_told(headers, "ce_correlationid", CORRELATION) or str(id_),
        causation_id=_told(headers, "ce_causationid", CORRELATION),
        traceparent=_told(headers, "traceparent", TRACE),
        version=int(version) if VERSION.fullmatch(version) else None,
    )


def _told(headers: Mapping[str, str], name: str, form: re.Pattern[str]) -> str | None:
    """A header, if it has its form: whatever else stands there goes no further."""
    told = headers.get(name, "")
    return told if form.fullmatch(told) else None


def _time(headers: dict[str, str], record: Record) -> datetime:
    try:
        moment = datetime.fromisoformat(headers.get("ce_time", ""))
    except ValueError:
        moment = _moment(record)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(record: Record) -> datetime:
    """When the record was written; its writer chooses that, so it may be beyond any calendar."""
    try:
        return datetime.fromtimestamp(record.timestamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _places(error: ValidationError) -> str:
    """Where an event does not fit and by which rule; the content itself stays out."""
    found: Sequence[Any] = error.errors(include_url=False, include_context=False)
    return "; ".join(f"/{'/'.join(map(str, e['loc']))}: {e['type']}" for e in found[:10])
