"""The outbox table and its rows. Only the relay (`chassis.relay`) takes rows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import orjson
from contracts.base import Event, rfc3339
from sqlalchemy import text

TABLE = """
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    topic text NOT NULL,
    key bytea,
    headers text NOT NULL,
    payload bytea,
    created_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
"""

INSERT = text("""
    INSERT INTO outbox (event_id, topic, key, headers, payload, created_at)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:topics AS text[]), CAST(:keys AS bytea[]),
                         CAST(:headers AS text[]), CAST(:payloads AS bytea[]),
                         CAST(:times AS timestamptz[]))
    RETURNING seq
""")

# Kafka's own limit is 1 MiB for a record batch; headers need some room.
MAX_PAYLOAD = 900_000

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Letter:
    """One record to be sent."""

    event_id: UUID
    topic: str
    key: bytes | None
    headers: Headers
    payload: bytes | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter in the outbox, under its number. The numbers of a key grow with its events."""

    seq: int
    letter: Letter

    @property
    def place(self) -> tuple[str, bytes | None]:
        """What keeps its order: the topic and the key."""
        return (self.letter.topic, self.letter.key)


class Follower(Protocol):
    """Who wants to know what the transactions of this process put into the outbox."""

    def drawn(self, posted: Sequence[Posted], /) -> None:
        """A transaction has put these there; it has not ended yet."""

    def committed(self, posted: Sequence[Posted], /) -> None:
        """It has committed."""

    def abandoned(self, posted: Sequence[Posted], /) -> None:
        """It failed, or its end is not known."""


def pack(headers: Headers) -> str:
    """Headers as text. Latin-1 maps every byte to one character and back."""
    return orjson.dumps(
        [(name, None if value is None else value.decode("latin-1")) for name, value in headers]
    ).decode()


def unpack(packed: str) -> Headers:
    """The way back from `pack`."""
    return [
        (name, None if value is None else value.encode("latin-1"))
        for name, value in orjson.loads(packed)
    ]


def letter(event: Event, id_: UUID, now: datetime) -> Letter:
    """An event as a record with CloudEvents headers (binary mode).

    Raises:
        ValueError: the event is larger than Kafka takes.
    """
    payload = event.model_dump_json(exclude_none=True).encode()
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"{event.type} is larger than {MAX_PAYLOAD} bytes")
    key, cause, known_as = event.key.encode(), event.cause, str(id_)
    headers = [
        ("ce_id", known_as.encode()),
        *_fixed(type(event)),
        ("ce_time", rfc3339(now).encode()),
        ("ce_subject", key),
        ("ce_correlationid", (cause.correlation_id if cause else known_as).encode()),
    ]
    if cause and cause.causation_id:
        headers.append(("ce_causationid", cause.causation_id.encode()))
    if cause and cause.traceparent:
        headers.append(("traceparent", cause.traceparent.encode()))
    if event.version is not None:
        headers.append(("ce_aggregateversion", str(event.version).encode()))
    return Letter(id_, event.topic.name, key, headers, payload, now)


@cache
def _fixed(kind: type[Event]) -> Headers:
    """The headers that are the same for all events of a type."""
    return [
        ("ce_type", kind.type.encode()),
        ("ce_source", f"/{kind.topic.owner}".encode()),
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/json"),
    ]


def params(letters: list[Letter]) -> dict[str, list[Any]]:
    """Rows for `INSERT`."""
    return {
        "ids": [letter.event_id for letter in letters],
        "topics": [letter.topic for letter in letters],
        "keys": [letter.key for letter in letters],
        "headers": [pack(letter.headers) for letter in letters],
        "payloads": [letter.payload for letter in letters],
        "times": [letter.created_at for letter in letters],
    }
