"""What happens, told to open pages as server-sent events.

Every replica reads all partitions from a minute ago, without a consumer group, and tells its own
clients *what* changed; the page then fetches that piece again, so that rights are checked anew.
The id of an event is the broker's time: a client that comes back with `Last-Event-ID`, to whichever
replica, gets what it missed, or is told to read its pages anew. Partitions are not read in step, so
what came shortly before is told again: an event may come twice, which costs one more look.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from time import time

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from chassis.auth import Actor
from chassis.brokers import Brokers
from chassis.fetching import IDLE_MS, Fetching
from contracts.topics import ENROLMENTS, NOTICES, SEATS, VERDICTS

log = structlog.get_logger(__name__)

TOPICS = (SEATS, ENROLMENTS, NOTICES, VERDICTS)
KEPT = 5000  # events for those who come back
GATHER_MS = 150  # a page collects news for longer than that before it asks what is new
OVERLAP_MS = 5000  # so far apart partitions may be read, and the clocks of broker and portal
BACKWARDS_MS = 60_000  # so far a new replica reads back
WAITING = 500  # events that a slow client may have before it
HEARTBEAT_SECONDS = 15.0
LIFE_SECONDS = 600.0  # then a client comes again, and its sign-in is looked at anew
DIGITS = 15  # of a time in milliseconds, for some thousand years
RETRY = b"retry: 2000\n\n"
REFRESH = b"event: refresh\ndata: {}\n\n"
DEPUTIES = ("coordinator", "approver", "finance")


@dataclass(frozen=True)
class Event:
    """Something changed. `ids` name what; `persons`, `organisation`, `provider` who may know."""

    at_ms: int
    name: str
    id: str
    everybody: bool = False
    persons: frozenset[str] = frozenset()
    organisation: str = ""
    provider: str = ""

    def concerns(self, actor: Actor | None) -> bool:
        """Whether a person may be told."""
        if self.everybody:
            return True
        if actor is None:
            return False
        if str(actor.person_ref) in self.persons:
            return True
        if self.organisation and self.organisation == str(actor.organisation_id):
            return actor.has(*DEPUTIES)
        if self.name == "verdict":
            return actor.has("office") or (bool(actor.provider) and actor.provider == self.provider)
        return False

    def packed(self) -> bytes:
        """As it goes over the wire."""
        data = json.dumps({"id": self.id})
        return f"id: {self.at_ms}\nevent: {self.name}\ndata: {data}\n\n".encode()


def events_of(record: ConsumerRecord) -> Iterator[Event]:
    """What a record means for open pages. A record that cannot be read means nothing."""
    try:
        body = json.loads(record.value or b"")
        at, topic = int(record.timestamp), record.topic
        if topic == SEATS.name:
            yield Event(at, "seats", str(body["run_id"]), everybody=True)
        if topic in (SEATS.name, ENROLMENTS.name) and "enrolment_id" in body:
            yield Event(
                at,
                "enrolment",
                str(body["enrolment_id"]),
                persons=frozenset({str(body["person_ref"]), str(body.get("booked_by_ref"))}),
                organisation=str(body["organisation_id"]),
            )
        if topic == NOTICES.name:
            yield Event(
                at, "notice", str(body["notice_id"]), persons=frozenset({body["recipient_ref"]})
            )
        if topic == VERDICTS.name:
            yield Event(
                at, "verdict", str(body["submission_id"]), provider=str(body["provider_id"])
            )
    except (ValueError, KeyError, TypeError):
        return


@dataclass(eq=False)
class Client:
    """One open stream."""

    actor: Actor | None
    queue: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(WAITING))
    overrun: bool = False

    def offer(self, event: Event) -> None:
        """Put an event before it, if it concerns the person."""
        if not event.concerns(self.actor):
            return
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.overrun = True


class Live:
    """The events of this replica, and its clients."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._since_ms: int | None = None
        self._read_ms: int | None = None
        """Until when everything was told."""
        self._clients: set[Client] = set()
        self._closed = False

    async def run(self) -> None:
        """Read until cancelled, through whatever the broker does."""
        while True:
            try:
                await self._read()
            except (KafkaError, OSError) as error:
                log.warning("live events interrupted", error=type(error).__name__)
                self._since_ms = None  # what happens meanwhile is not known: refresh
                for client in self._clients:
                    client.overrun = True
                await asyncio.sleep(1)

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(**self._brokers.client, fetch_max_wait_ms=IDLE_MS)
        fetching = Fetching(KEPT, GATHER_MS)
        await consumer.start()
        try:
            places = [
                TopicPartition(topic.name, number)
                for topic in TOPICS
                for number in range(topic.partitions)
            ]
            consumer.assign(places)
            since = int(time() * 1000) - BACKWARDS_MS
            await consumer.seek_to_end(*places)
            found = await consumer.offsets_for_times(dict.fromkeys(places, since))
            for place, offset in found.items():
                if offset is not None:
                    consumer.seek(place, offset.offset)
            self._since_ms = self._since_ms or since
            while True:
                now = int(time() * 1000)
                for record in await fetching.read(consumer):
                    self._tell(record)
                self._read_ms = now
        finally:
            await consumer.stop()

    def _tell(self, record: ConsumerRecord) -> None:
        for event in events_of(record):
            if len(self._kept) == KEPT:
                self._since_ms = self._kept[0].at_ms + 1
            self._kept.append(event)
            for client in self._clients:
                client.offer(event)

    def close(self) -> None:
        """End all streams: their clients come back, to a replica that stays."""
        self._closed = True
        for client in self._clients:
            client.overrun = True
            if not client.queue.full():
                client.queue.put_nowait(None)

    async def stream(self, actor: Actor | None, last_id: str) -> AsyncIterator[bytes]:
        """The events for one client, first those that it missed."""
        client = Client(actor)
        first = [RETRY, *self._missed(actor, last_id), self._beat()]
        self._clients.add(client)
        try:
            for each in first:
                yield each
            end = time() + LIFE_SECONDS
            while not self._closed and time() < end:
                if client.overrun:
                    client.overrun = False
                    yield REFRESH
                try:
                    event = await asyncio.wait_for(client.queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield self._beat()
                    continue
                if event is None:
                    return
                yield event.packed()
        finally:
            self._clients.discard(client)

    def _beat(self) -> bytes:
        """A sign of life. Its id says from when on a client that has heard no event comes back."""
        place = "" if self._read_ms is None else f"id: {self._read_ms}\n"
        return f"{place}event: beat\ndata: {{}}\n\n".encode()

    def _missed(self, actor: Actor | None, last_id: str) -> Iterator[bytes]:
        if not last_id.isascii() or not last_id.isdecimal() or len(last_id) > DIGITS:
            return
        after = int(last_id) - OVERLAP_MS
        if self._since_ms is None or after < self._since_ms:
            yield REFRESH
            return
        for event in self._kept:
            if event.at_ms >= after and event.concerns(actor):
                yield event.packed()
