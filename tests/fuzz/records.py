"""Mutated records: of the documented example of every event type that somebody hears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle
from random import Random
from uuid import UUID

from contracts.base import EVENTS, Event
from contracts.topics import TOPICS

from tests.fuzz import nasty, trees
from tests.fuzz.inputs import RecordInput
from tests.fuzz.mutator import HEX, garbled
from tests.fuzz.worlds import EXAMPLES

HEARD = tuple(topic for topic in TOPICS if topic.consumers)
PARTITIONS = {topic.name: topic.partitions for topic in TOPICS}
IDS = ("enrolment_id", "run_id", "organisation_id", "offer_ref", "bulk_id")
VALUES: tuple[bytes | None, ...] = (
    None,
    b"",
    b"\xff\xfe",
    b"\x00",
    b"a" * 300,
    b"a" * 70_000,
    b"00000000-0000-0000-0000-000000000000",
    b"2027-01-01",
    b"9999-12-31T23:59:59.999999-23:59",
    b"9223372036854775808",
    b"-1",
    b"\xd9\xa1",
    b"enrolment.seat-held.v1",
    b"enrolment.seat-held.v2",
    b"provider.offer-submitted.v1",
    b"catalog.run-scheduled.v1",
    b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    b"text/plain",
    b"\r\nx: y",
)
THREADS = ("ce_correlationid", "ce_causationid", "traceparent")
NAMES = (
    "ce_id",
    "ce_type",
    "ce_time",
    "ce_source",
    "ce_specversion",
    "ce_subject",
    "ce_correlationid",
    "ce_causationid",
    "ce_aggregateversion",
    "traceparent",
    "content-type",
)


@dataclass(frozen=True)
class Good:
    """A record as its owner writes it."""

    topic: str
    ce_type: str
    key: bytes
    value: bytes

    def record(self, id_: UUID) -> RecordInput:
        """Under an id of its own."""
        headers = {
            "ce_id": str(id_),
            "ce_type": self.ce_type,
            "ce_source": "/the-fuzzer",
            "ce_specversion": "1.0",
            "ce_time": "2027-01-15T08:12:45Z",
            "ce_subject": self.key.decode(),
            "content-type": "application/json",
            "ce_correlationid": str(id_),
            "ce_aggregateversion": "1",
        }
        packed = tuple((name, text.encode()) for name, text in headers.items())
        return RecordInput(self.topic, self.key, self.value, packed)


@cache
def good() -> tuple[Good, ...]:
    """One for every event type on a topic that somebody hears."""
    return tuple(_good(kind) for kind in EVENTS.values() if kind.topic in HEARD)


def _good(kind: type[Event]) -> Good:
    value = (EXAMPLES / f"{kind.type}.json").read_bytes()
    key = kind.model_validate_json(value).key
    return Good(kind.topic.name, kind.type, key.encode(), value)


def fresh(one: Good, rng: Random) -> RecordInput:
    """A good record about something new: other ids in it, and so another key."""
    value, key = one.value, one.key
    tree = trees.parse(value)
    for name, old in tree:
        if name in IDS and isinstance(old, str):
            new = f"R-{rng.getrandbits(48):x}" if name == "offer_ref" else str(_id(rng))
            value = value.replace(old.encode(), new.encode())
            key = key.replace(old.encode(), new.encode())
    return replace(one, value=value, key=key).record(_id(rng))


def _id(rng: Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def mutants(seed: int) -> Iterator[RecordInput]:
    """For ever, topic by topic, so that each gets its share."""
    rng = Random(seed)
    by_topic = [[one for one in good() if one.topic == topic.name] for topic in HEARD]
    for choices in cycle(by_topic):
        one = rng.choice(choices)
        # one in four is about what others are about too, so that states and keys meet
        made = one.record(_id(rng)) if rng.random() < 0.25 else fresh(one, rng)
        made = replace(made, canary="kc" + "".join(rng.choices(HEX, k=14)))
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            made = _changed(made, rng)
        yield made


def _changed(made: RecordInput, rng: Random) -> RecordInput:
    kind = rng.choice(("value", "value", "value", "bytes", "bytes", "header", "header", "key"))
    if kind == "key":
        key = rng.choice((*VALUES, made.canary.encode(), (made.key or b"") + b"\xff"))
        changed, how = replace(made, key=key), ""
    elif kind == "header":
        changed, how = _header(made, rng)
    else:
        changed, how = _value(made, rng, kind)
    return replace(changed, made_by=(*made.made_by, f"{kind}:{how}"))


def _value(made: RecordInput, rng: Random, kind: str) -> tuple[RecordInput, str]:
    if kind == "bytes" or not made.value:
        value, how = garbled(made.value or b"", rng)
        if rng.random() < 0.1:
            value, how = rng.choice((*nasty.FRAGMENTS, b"")), "fragment"
        return replace(made, value=None if rng.random() < 0.02 else value), how
    try:
        tree, how = trees.bend(trees.parse(made.value), rng, made.canary)
    except (ValueError, RecursionError):
        value, how = garbled(made.value, rng)
        return replace(made, value=value), how
    return replace(made, value=trees.dump(tree)), how


def _header(made: RecordInput, rng: Random) -> tuple[RecordInput, str]:
    name = rng.choice(NAMES)
    others = tuple((k, v) for k, v in made.headers if k != name)
    how = rng.choice(("drop", "value", "value", "double", "more", "canary"))
    if how == "drop":
        return replace(made, headers=others), how
    value = rng.choice(VALUES)
    if how == "canary":  # a word alone is a good id of a thread, and goes into logs
        value = f"{made.canary}@x.example".encode() if name in THREADS else made.canary.encode()
    if how == "double":
        others = made.headers
    elif how == "more":
        name = rng.choice(("", "x" * 300, "\u00e4", "dead_reason", "ce_id "))
        others = made.headers
    return replace(made, headers=(*others, (name, value))), how
