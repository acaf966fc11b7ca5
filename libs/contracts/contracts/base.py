"""What every event is: a frozen pydantic model with a type, a topic and a key, and its metadata.

The metadata travels in CloudEvents headers (binary mode), not in the body.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from contracts.topics import Topic


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("an instant needs a UTC offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant needs a place in UTC") from None


def rfc3339(moment: datetime) -> str:
    """An instant as RFC 3339 in UTC with `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[
    datetime, AfterValidator(_utc), PlainSerializer(rfc3339, return_type=str, when_used="json")
]
"""A moment in time, in UTC."""

Day = date
"""A calendar day in Europe/Berlin."""

Code = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$", max_length=80)]
"""A machine word (reason, kind, state): lower case, never a person's."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
"""A readable id of an organisation or provider."""

Ref = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~:-]{0,119}$")]
"""A reference that a provider chose for its own thing."""

PUBLIC: dict[str, Any] = {"x-public-text": True}
"""Marks words that are public anyway. Only topics of `provider` and `catalog` may carry them."""

CourseText = Annotated[str, Field(max_length=20_000, json_schema_extra=PUBLIC)]
"""Public text about a course, written by its provider; never about an employee."""

Echo = Annotated[
    str,
    BeforeValidator(lambda words: words[:300] if isinstance(words, str) else words),
    Field(max_length=300, json_schema_extra=PUBLIC),
]
"""Words of a verdict to a provider, cut to 300 characters, so that no submission can inflate it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens: what an event inherits from the request or event before it."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Meta:
    """The CloudEvents attributes of an event that was received or is about to be sent."""

    id: UUID
    time: datetime
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a new event happens, and which version of the aggregate it makes."""

    cause: Cause | None
    version: int | None


class Part(BaseModel):
    """A value inside an event."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Event(Part):
    """Something that happened.

    A subclass names its `type` (with a major version), its `topic` and the fields that make its
    `key` and its subject. Fields are only added, and only optional ones, inside a version.
    """

    type: ClassVar[str]
    topic: ClassVar[Topic]
    key_fields: ClassVar[tuple[str, ...]]

    # A slot, not a private attribute: those cost as much as reading the event itself
    __slots__ = ("_envelope",)

    def __init_subclass__(
        cls,
        type: str = "",  # noqa: A002 - it reads as a sentence where an event is declared
        topic: Topic | None = None,
        key: str = "",
        **more: Any,
    ) -> None:
        super().__init_subclass__(**more)
        if not re.fullmatch(r"[a-z]+\.[a-z-]+\.v[0-9]+", type) or topic is None or not key:
            raise TypeError(f"{cls.__name__} needs a type like 'service.thing-happened.v1', …")
        if type in EVENTS:
            raise TypeError(f"{type} is declared twice")
        cls.type, cls.topic, cls.key_fields = type, topic, tuple(key.split("/"))
        EVENTS[type] = cls

    @property
    def key(self) -> str:
        """The record key: the aggregate's id."""
        return "/".join(str(getattr(self, field) or "unknown") for field in self.key_fields)

    @property
    def meta(self) -> Meta:
        """The attributes it was received with. Only a received event has them."""
        envelope = getattr(self, "_envelope", None)
        if not isinstance(envelope, Meta):
            raise LookupError(f"{self.type} was not received from a topic")
        return envelope

    @property
    def cause(self) -> Cause | None:
        """What to pass on: for a received event itself, for a new one what `because` said."""
        envelope: Meta | _Reason | None = getattr(self, "_envelope", None)
        if isinstance(envelope, Meta):
            return Cause(envelope.correlation_id, str(envelope.id), envelope.traceparent)
        return envelope.cause if envelope is not None else None

    @property
    def version(self) -> int | None:
        """The version of the aggregate after this event, where it has one."""
        envelope: Meta | _Reason | None = getattr(self, "_envelope", None)
        return envelope.version if envelope is not None else None

    def because(self, cause: Cause | None, version: int | None = None) -> Self:
        """Remember why it happened and which version of the aggregate it makes."""
        object.__setattr__(self, "_envelope", _Reason(cause, version))
        return self

    def received(self, meta: Meta) -> Self:
        """Attach the attributes of the record it was read from."""
        object.__setattr__(self, "_envelope", meta)
        return self


EVENTS: dict[str, type[Event]] = {}
"""Every event type by its name."""


def events_of(topic: Topic) -> list[type[Event]]:
    """The event types that may stand on a topic, by name."""
    return sorted((e for e in EVENTS.values() if e.topic is topic), key=lambda e: e.type)
