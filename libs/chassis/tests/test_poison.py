"""Poison at 10 % of the traffic of a topic: the rest is handled, and the poison can be put back."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from chassis import delivery
from chassis.delivery import Delivered, Subscription
from chassis.testing import TestApp, until
from contracts import topics
from contracts.catalog import RunCancelled
from sqlalchemy import text

from libs.chassis.tests.conftest import TROUBLES, hear_runs, times_heard

TYPE = b"catalog.run-cancelled.v1"
SOON = 5  # seconds (I23)
PAUSES = sum(0.02 * 4**attempt for attempt in range(1, Delivered.ATTEMPTS))
"""The longest that `Delivered` waits between its attempts, in seconds."""
SEED = random.randrange(10**6)
Headers = list[tuple[str, bytes | None]]


def envelope(kind: bytes = TYPE) -> Headers:
    """The headers of an event as its owner sends it."""
    return [("ce_id", str(uuid4()).encode()), ("ce_type", kind), ("odd", b"\xff\x00")]


def a_cancelled_run(run_id: UUID | None = None) -> bytes:
    """A good event."""
    event = RunCancelled(run_id=run_id or uuid4(), offer_id=uuid4(), cancelled_at=datetime.now(UTC))
    return event.model_dump_json().encode()


@dataclass
class Sent:
    """One record, and what is to become of it (no reason: it is handled)."""

    value: bytes | None
    reason: str = ""
    headers: Headers = field(default_factory=envelope)
    run_id: UUID = field(default_factory=uuid4)

    @property
    def key(self) -> bytes:
        return str(self.run_id).encode()


def good() -> Sent:
    """A record that is handled."""
    run_id = uuid4()
    return Sent(a_cancelled_run(run_id), run_id=run_id)


def newer() -> Sent:
    """A record of a newer version of its sender, with fields that nobody here knows."""
    run_id = uuid4()
    more = b',"weather":{"tomorrow":[1,2]},"mood":"good","like a NUL":"\\\\u0000"}'
    value = a_cancelled_run(run_id)[:-1] + more
    return Sent(value, run_id=run_id)


def poisons() -> Iterator[Sent]:
    """One of each kind."""
    run = b'{"run_id":"%s","offer_id":' % str(uuid4()).encode()
    yield Sent(b"{", "invalid")
    yield Sent(b"", "invalid")
    yield Sent(None, "invalid")  # a tombstone
    yield Sent(run + b'7,"cancelled_at":true}', "invalid")
    yield Sent(run + b'"\\u0000","cancelled_at":"\x00"}', "invalid")
    yield Sent(a_cancelled_run()[:-1] + b',"mood":["\\u0000"]}', "invalid")
    yield Sent(b"[" * 200_000, "invalid")
    yield Sent(b'{"run_id":' * 50_000 + b"1" + b"}" * 50_000, "invalid")
    yield Sent(b'"' + b"x" * 900_000 + b'"', "invalid")
    yield Sent(b"\xff\xfe\x00\xd8", "invalid")
    yield Sent(a_cancelled_run(), "no-envelope", [])
    yield Sent(a_cancelled_run(), "no-envelope", [("ce_type", TYPE), ("ce_id", b"\xffno id")])
    yield Sent(a_cancelled_run(), "wrong-topic", envelope(b"enrolment.enrolment-expired.v1"))


def unbearable() -> Sent:
    """A record whose handler has a bug."""
    sent = good()
    TROUBLES.unbearable.add(sent.run_id)
    sent.reason = "handler-failed"
    return sent


def too_large() -> Iterator[Sent]:
    """Records with a number that no column holds, as the driver says and as the server does."""
    for statement in ("SELECT CAST(:n AS integer)", "SELECT CAST(CAST(:n AS bigint) AS integer)"):
        sent = good()
        TROUBLES.too_large[sent.run_id] = text(statement)
        sent.reason = "invalid"
        yield sent


async def send(app: TestApp, sent: list[Sent]) -> None:
    """Mix them and put them on the topic."""
    random.Random(SEED).shuffle(sent)
    await app.send_raw(*(("catalog.runs", s.key, s.value, s.headers) for s in sent))


def copies(app: TestApp, sent: list[Sent]) -> dict[bytes, Any]:
    """The newest record about each of them on the dead-letter topic."""
    keys = {s.key for s in sent}
    return {r.key: r for r in app.records if r.topic == topics.RUNS.dead and r.key in keys}


async def dead_ones(app: TestApp, sent: list[Sent]) -> dict[bytes, Any]:
    """What is set aside of their keys and not settled."""
    async with app.db.reading() as tx:
        rows = await tx.rows(
            text("""SELECT * FROM dead_letter
                     WHERE key = ANY(CAST(:keys AS bytea[])) AND state = 'dead'"""),
            {"keys": [s.key for s in sent]},
        )
    return {bytes(row["key"]): row for row in rows}


async def test_what_is_good_is_handled_and_what_is_not_is_set_aside_as_it_came(
    app: TestApp,
) -> None:
    bad = [*poisons(), *too_large(), unbearable(), unbearable()]
    passing = [good() for _ in range(9 * len(bad))] + [newer() for _ in range(5)]
    unknown = [Sent(b"{}", headers=envelope(b"catalog.run-painted.v1")) for _ in range(5)]
    await send(app, bad + passing + unknown)
    await app.settled(120)
    assert [await times_heard(app, s.run_id) for s in passing] == [1] * len(passing)
    await until(lambda: len(copies(app, bad)) == len(bad), 60, name="the copies")
    for sent in bad:
        copy = copies(app, bad)[sent.key]
        assert copy.value == sent.value
        assert list(copy.headers)[: len(sent.headers)] == sent.headers
        assert dict(copy.headers)["dead_reason"] == sent.reason.encode()
    rows = await dead_ones(app, bad + passing + unknown)
    assert {key: (row["reason"], row["payload"]) for key, row in rows.items()} == {
        sent.key: (sent.reason, sent.value) for sent in bad
    }
    TROUBLES.unbearable.clear()
    TROUBLES.too_large.clear()


async def test_a_number_that_no_column_holds_is_set_aside_at_the_first_try(app: TestApp) -> None:
    large = list(too_large())
    await send(app, large)
    await app.settled()
    rows = await dead_ones(app, large)
    assert {row["detail"] for row in rows.values()} == {"a number is beyond what can be kept"}
    assert {row["attempts"] for row in rows.values()} == {1}
    TROUBLES.too_large.clear()
    async with app.http("ops") as client:
        for row in rows.values():
            done = await client.post(f"/api/enrolment/dead-letters/{row['id']}/replay")
            assert done.json()["handled"] == 1


async def one_after_the_other(app: TestApp, *sent: Sent) -> None:
    """On the same partition, whatever their keys are."""
    producer = AIOKafkaProducer(bootstrap_servers=app.servers.kafka, acks="all")
    await producer.start()
    try:
        for one in sent:
            more = {"key": one.key, "headers": one.headers, "partition": 2}
            await producer.send_and_wait("catalog.runs", one.value, **more)
    finally:
        await producer.stop()


async def test_a_poison_is_set_aside_in_time_and_what_comes_right_behind_it_is_handled_soon(
    app: TestApp,
) -> None:
    for poison in [*poisons(), unbearable()]:
        behind = good()
        await one_after_the_other(app, poison, behind)
        name = f"{poison.reason} {poison.value!r:.30}"
        await until(partial(dead_ones, app, [poison]), PAUSES + SOON, name=f"the end of {name}")
        handled = partial(times_heard, app, behind.run_id)
        await until(handled, SOON, name=f"the record behind {name}")
    TROUBLES.unbearable.clear()


async def test_replay_after_the_fix_empties_it_and_a_second_one_changes_nothing(
    app: TestApp,
) -> None:
    fixed = [unbearable() for _ in range(5)]
    broken = Sent(b"{", "invalid")
    await send(app, [*fixed, broken, *(good() for _ in range(54))])
    await app.settled(120)
    letters = await dead_ones(app, [*fixed, broken])
    assert len(letters) == 6
    TROUBLES.unbearable.clear()
    async with app.http("ops") as client:

        async def replay(sent: Sent) -> Any:
            url = f"/api/enrolment/dead-letters/{letters[sent.key]['id']}/replay"
            return await client.post(url)

        first = [(await replay(sent)).json()["handled"] for sent in fixed]
        again = [(await replay(sent)).status_code for sent in fixed]
        assert (await replay(broken)).json()["error"] == "ValueError"
    assert (first, again) == ([1] * 5, [404] * 5)
    assert (await dead_ones(app, [*fixed, broken])).keys() == {broken.key}
    assert [await times_heard(app, sent.run_id) for sent in fixed] == [1] * 5
    await app.send_raw(*(("catalog.runs", s.key, s.value, s.headers) for s in fixed))
    await app.settled(120)
    assert [await times_heard(app, sent.run_id) for sent in fixed] == [1] * 5


def as_read(sent: list[Sent]) -> list[ConsumerRecord]:
    """A batch as a consumer hands it out."""
    return [
        ConsumerRecord(
            "catalog.runs",
            0,
            offset,
            0,
            0,
            s.key,
            s.value,
            None,
            36,
            len(s.value or b""),
            s.headers,
        )
        for offset, s in enumerate(sent)
    ]


@pytest.mark.parametrize("protected", [True, False])
async def test_control_without_the_split_one_bad_message_stops_its_whole_batch(
    app: TestApp, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    batch = [good(), unbearable(), good()]
    delivered = Delivered("alone", [Subscription(topics.RUNS, hear_runs)], app.db)
    if not protected:
        monkeypatch.setattr(delivery.Delivered, "_settle", delivery.Delivered._patiently)
    reading = delivered.batch(as_read(batch), None)
    error = (await asyncio.gather(reading, return_exceptions=True))[0]
    TROUBLES.unbearable.clear()
    heard = [await times_heard(app, sent.run_id) for sent in batch]
    assert heard == ([1, 0, 1] if protected else [0, 0, 0])
    assert isinstance(error, ArithmeticError) is not protected
