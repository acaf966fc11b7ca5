"""Mutated records through the real Kafka into all services at once.

After each block a good record per partition and service must be handled in time, and every record
that was sent must have ended somewhere: handled, set aside with its bytes, or skipped. For a
provider's submission that means a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from time import monotonic
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from chassis.database import Transaction
from chassis.delivery import Subscription
from chassis.outbox import unpack
from chassis.records import RawRecord, read
from chassis.testing import TestApp, until
from sqlalchemy import text

from tests.fuzz.campaign import NO_INPUT, Report, first
from tests.fuzz.inputs import RecordInput, as_line
from tests.fuzz.records import PARTITIONS, fresh, good, mutants

BLOCK = 2500
DEADLINE_SECONDS = 180.0
INBOX = text("SELECT message_id FROM inbox WHERE topic = :topic AND message_id = ANY(:ids)")
DEAD = text("""
    SELECT message_id, reason, detail, payload, headers, key FROM dead_letter
     WHERE topic = :topic AND message_id = ANY(:ids)
""")
VERDICTS = text("SELECT submission_id FROM submission WHERE submission_id = ANY(:ids)")


@dataclass(frozen=True)
class Sent:
    """A record with the place that Kafka gave it."""

    given: RecordInput
    record: ConsumerRecord
    marker: bool = False


async def send(kafka: str, records: list[tuple[RecordInput, int | None, bool]]) -> list[Sent]:
    """Put records on their topics; where each of them stands."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    try:
        waiting = [
            await producer.send(r.topic, r.value, key=r.key, partition=n, headers=list(r.headers))
            for r, n, _ in records
        ]
        places = [await one for one in waiting]
    finally:
        await producer.stop()
    return [
        Sent(given, _as_read(given, place), marker)
        for (given, _, marker), place in zip(records, places, strict=True)
    ]


def _as_read(given: RecordInput, place: Any) -> ConsumerRecord:
    return ConsumerRecord(
        topic=given.topic,
        partition=place.partition,
        offset=place.offset,
        timestamp=place.timestamp,
        timestamp_type=0,
        key=given.key,
        value=given.value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=given.headers,
    )


def markers(rng: Random) -> Iterator[tuple[RecordInput, int, bool]]:
    """A good record of every type for every partition that somebody hears.

    A service passes by what it has no use for, so each of them finds some of its own.
    """
    for one in good():
        for partition in range(PARTITIONS[one.topic]):
            yield fresh(one, rng), partition, True


class TopicCampaign:
    """Sends blocks of records to the services at work."""

    def __init__(self, apps: dict[str, TestApp], kafka: str, report: Report) -> None:
        self._apps, self._kafka, self.report = apps, kafka, report
        services = [app.running.service for app in apps.values()]
        self._topics = {on.topic.name for one in services for on in one.subscriptions.all}
        self._under: dict[tuple[str, str, UUID], list[Sent]] = {}  # by service, topic and id

    async def run(
        self,
        seed: int,
        count: int,
        deadline: float = DEADLINE_SECONDS,
        kept: Iterable[RecordInput] = (),
    ) -> None:
        """Send so many records, block by block: first those that failed once."""
        # a chance of their own: with that of the mutants now and then the ids would be theirs
        started, rng = monotonic(), Random(f"markers {seed}")
        left = islice(filter(self._can_be_sent, first(kept, mutants(seed))), count)
        while block := list(islice(left, BLOCK)):
            marked = [one for one in markers(rng) if self._can_be_sent(one[0])]
            sent = await send(self._kafka, [*((one, None, False) for one in block), *marked])
            for one in sent:
                self.report.inputs[one.given.topic] += not one.marker
            for name, app in self._apps.items():
                for subscription in app.running.service.subscriptions.all:
                    await self._heard(name, app, subscription, sent, deadline)
        for name, app in self._apps.items():
            await self._is_well(name, app)
        self.report.seconds += monotonic() - started

    def _can_be_sent(self, given: RecordInput) -> bool:
        """Somebody hears it, and Kafka's client takes it: not too large, with a key or a value."""
        empty = given.key is None and given.value is None
        return given.topic in self._topics and len(given.value or b"") < 900_000 and not empty

    async def _heard(
        self, name: str, app: TestApp, on: Subscription, sent: list[Sent], deadline: float
    ) -> None:
        """Every record of this topic has ended somewhere, the markers well."""
        mine = [one for one in sent if one.given.topic == on.topic.name]
        twins: dict[UUID, list[Sent]] = {}
        for one in mine:
            if on.wants(one.record):
                id_ = read(one.record, on.raw).id
                twins[id_] = self._under.setdefault((name, on.topic.name, id_), [])
                twins[id_].append(one)
        by_id = {id_: several[-1] for id_, several in twins.items()}
        where = f"{name} {on.topic.name}"
        self.report.statuses[f"{where} passed-by"] += sum(not on.wants(m.record) for m in mine)
        if not any(one.marker for one in by_id.values()):
            self.report.complain(where, "no good record was sent", NO_INPUT)
        there: set[UUID] = set()

        async def all_there() -> bool:
            there.update(await self._ids(app, on, by_id.keys() - there))
            return len(there) == len(by_id) and all(_is_behind(app, one) for one in mine)

        try:
            await until(all_there, deadline, 0.25)
        except AssertionError:
            for one in [by_id[id_] for id_ in by_id.keys() - there]:
                what = "a good record" if one.marker else "a record"
                stuck = f"{what} is not handled on partition {one.record.partition}"
                self._complain(where, stuck, one)
            for one in [one for one in mine if not _is_behind(app, one)]:
                self._complain(where, f"partition {one.record.partition} stands still", one)
        await self._ended(app, on, twins, where)

    async def _ids(self, app: TestApp, on: Subscription, ids: Any) -> set[UUID]:
        async with app.db.reading() as tx:
            rows = await tx.rows(INBOX, {"topic": on.topic.name, "ids": list(ids)})
        return {row["message_id"] for row in rows}

    async def _ended(
        self, app: TestApp, on: Subscription, twins: dict[UUID, list[Sent]], where: str
    ) -> None:
        by_id = {id_: several[-1] for id_, several in twins.items()}
        async with app.db.reading() as tx:
            params = {"topic": on.topic.name, "ids": list(by_id)}
            dead = {row["message_id"]: row for row in await tx.rows(DEAD, params)}
            judged = await _verdicts(tx, by_id.values()) if on.raw else set()
        for id_, one in by_id.items():
            row = dead.get(id_)
            self.report.statuses[f"{where} {row['reason'] if row else 'passed'}"] += 1
            if on.raw and _submission(one) not in judged:
                self._complain(where, "a submission without a verdict", one)
            # of several under one id (00000000-…, say) the first one counts, also of earlier blocks
            found = [list(set_aside(twin, row)) for twin in twins[id_]] if row else [[]]
            for why in min(found, key=len):
                self._complain(where, why, one)

    async def _is_well(self, name: str, app: TestApp) -> None:
        async with app.client() as http:
            for path in ("/health/live", "/health/ready", "/metrics"):
                answer = await http.get(path)
                if answer.status_code != 200:
                    self.report.complain(name, f"{path} says {answer.status_code}", NO_INPUT)

    def _complain(self, where: str, why: str, one: Sent) -> None:
        self.report.complain(where, why, as_line(one.given, why))


def _is_behind(app: TestApp, one: Sent) -> bool:
    """Whether the service has gone past this record, whatever it did with it."""
    listener = app.running.listener
    place = TopicPartition(one.record.topic, one.record.partition)
    return listener is not None and (
        listener.delivered.next_offsets.get(place, 0) > one.record.offset
    )


def _submission(one: Sent) -> UUID | None:
    content = read(one.record, raw=True).content
    return content.id if isinstance(content, RawRecord) else None


async def _verdicts(tx: Transaction, sent: Iterable[Sent]) -> set[UUID]:
    ids = [id_ for one in sent if (id_ := _submission(one))]
    return {row["submission_id"] for row in await tx.rows(VERDICTS, {"ids": ids})}


def set_aside(one: Sent, row: Any) -> Iterator[str]:
    """What is wrong with how a record was set aside."""
    given = one.given
    if one.marker:
        yield "a good record was set aside"
    payload = None if row["payload"] is None else bytes(row["payload"])
    if payload != given.value or bytes(row["key"]) != (given.key or b""):
        yield "set aside with other bytes"
    if unpack(row["headers"]) != list(given.headers):
        yield "set aside with other headers"
    if row["reason"] == "handler-failed":
        yield f"a handler fails: {row['detail']}"
    if given.canary and given.canary in f"{row['reason']} {row['detail']}":
        yield "the reason repeats what was sent"
