"""The relay: sends what stands in the outbox to Kafka, in order, and then forgets it.

One relay per database is at work (session advisory lock); the relays of other replicas wait for
its place and ring when they have committed something. What this process committed is sent from
memory; the table is read for all else: at the start, after a failure, for other replicas. A crash
between sending and deleting sends again: at least once, and the inbox of the consumer knows the
event id. `seq > last` is never asked for: commits are not in order of `seq`.
"""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from functools import lru_cache
from time import monotonic
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.partitioner import murmur2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from chassis import faults, metrics
from chassis.brokers import Brokers
from chassis.database import SERVER_SETTINGS, Database
from chassis.letterbox import Letterbox
from chassis.outbox import Letter, Posted, unpack

LOCK = text("SELECT pg_try_advisory_lock(hashtext('outbox relay'))")
RING = text("SELECT pg_notify('outbox', '')")
NEXT = text("""
    SELECT seq, event_id, topic, key, headers, payload, created_at FROM outbox
     WHERE NOT seq = ANY(CAST(:sent AS bigint[])) ORDER BY seq LIMIT 1000
""")
DELETE = text("DELETE FROM outbox WHERE seq = ANY(CAST(:seqs AS bigint[]))")
MOST = 1000  # rows of one look at the table, and letters that are sent but not yet forgotten

# What the client refuses before it asks Kafka: too large, or neither key nor value.
UNSENDABLE = (MessageSizeTooLargeError, AssertionError, TypeError, ValueError)

# The lock goes with its connection. A frozen process or a dead host must not keep both: the server
# closes a connection that asked nothing for 10 s (the relay asks far more often) or is not there.
# All that it writes is to forget what was sent; what the server forgets of that is sent again.
RELAY_SETTINGS = {
    "idle_session_timeout": "10000",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "synchronous_commit": "off",
}

log = structlog.get_logger(__name__)


@lru_cache(maxsize=10_000)
def _hash(key: bytes) -> int:
    """That of every Kafka client; in Python it takes 6 microseconds, and a key is sent often."""
    return int(murmur2(key)) & 0x7FFFFFFF


def _partition(key: bytes | None, every: list[int], available: list[int]) -> int:
    if key is None:
        return random.choice(available or every)  # noqa: S311 - any of them
    return every[_hash(key) % len(every)]


class Relay:
    """Sends the outbox of one database."""

    LOOK_SECONDS = 1.0  # at the table, for what a crash left; whoever commits rings
    FORGET_SECONDS = 0.2  # after which what was sent is deleted: one statement for many commits
    SEND_SECONDS = 20.0  # aiokafka itself would wait for ever

    def __init__(self, db: Database, brokers: Brokers) -> None:
        self._db = db
        self._brokers = brokers
        self._wake = asyncio.Event()
        self._letters = Letterbox(self._wake.set)
        self._sent: list[int] = []  # and not yet forgotten
        self._forget_at = 0.0
        self._look_at = 0.0
        self._producer: AIOKafkaProducer | None = None
        self._stopping = False
        db.follow(self._letters)

    async def run(self) -> None:
        """Relay until `stop`; every fault is waited out."""
        pause = 0.1
        while not self._stopping:
            try:
                await self._lead()
                pause = 0.1
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the relay goes on
                log.warning("relay stumbled", error=type(error).__name__)
                await self._drop_producer()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
        await self._drop_producer()

    async def stop(self) -> None:
        """Send what is there and end."""
        self._stopping = True
        self._wake.set()

    async def _lead(self) -> None:
        name = f"{self._db.name} relay"
        engine = create_async_engine(
            self._db.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "timeout": 5,
                "server_settings": {**SERVER_SETTINGS, **RELAY_SETTINGS, "application_name": name},
            },
        )
        try:
            async with engine.connect() as connection:
                if await self._got_the_lock(connection):
                    await self._relay(connection)
        finally:
            await engine.dispose()

    async def _got_the_lock(self, connection: AsyncConnection) -> bool:
        while not (await connection.execute(LOCK)).scalar_one():
            if self._stopping:
                return False
            await self._woken(0.5)
            if self._letters:  # another replica is at work, and cannot know
                self._letters.forget()
                await connection.execute(RING)
        return True

    async def _woken(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()

    async def _relay(self, connection: AsyncConnection) -> None:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.add_listener("outbox", self._rung)  # type: ignore[union-attr]
        self._letters.forget()
        self._sent.clear()
        self._look_at = 0.0
        while True:
            letters = await self._next(connection)
            stuck = await self._send(letters) if letters else None
            if stuck is not None:
                await self._forget(connection)
                raise stuck
            if len(self._sent) >= MOST or monotonic() >= self._forget_at:
                await self._forget(connection)
            if letters:
                continue
            if self._stopping:
                await self._forget(connection)
                return
            until = self._forget_at if self._sent else self._look_at
            await self._woken(max(0.0, until - monotonic()))

    def _rung(self, *_: object) -> None:
        """Another replica has put something there."""
        self._look_at = 0.0
        self._wake.set()

    async def _next(self, connection: AsyncConnection) -> Sequence[Posted]:
        """What to send now: from memory where that is safe, else from the table."""
        letters = self._letters.take() if monotonic() < self._look_at else None
        if letters is not None:
            return letters
        self._look_at = monotonic() + self.LOOK_SECONDS
        rows = (await connection.execute(NEXT, {"sent": self._sent})).all()
        found = [
            Posted(seq, Letter(id_, topic, key, unpack(headers), payload, at))
            for seq, id_, topic, key, headers, payload, at in rows
        ]
        self._letters.found(found, complete=len(found) < MOST)
        return found

    async def _forget(self, connection: AsyncConnection) -> None:
        if self._sent:
            await connection.execute(DELETE, {"seqs": self._sent})
            self._sent.clear()

    async def _send(self, letters: Sequence[Posted]) -> BaseException | None:
        """Send them; why one could not be sent."""
        producer = await self._ready_producer()
        async with asyncio.timeout(self.SEND_SECONDS):
            results = await self._publish(producer, letters)
        faults.point("relay.after_publish")
        stuck: set[tuple[str, bytes | None]] = set()
        sent = 0
        for one, result in zip(letters, results, strict=True):
            if isinstance(result, BaseException):
                stuck.add(one.place)  # later ones of the key wait behind it
            elif one.place not in stuck:
                if not self._sent:
                    self._forget_at = monotonic() + self.FORGET_SECONDS
                self._sent.append(one.seq)
                sent += 1
        metrics.RELAYED.labels(self._db.name).inc(sent)
        return next((r for r in results if isinstance(r, BaseException)), None)

    async def _publish(
        self, producer: AIOKafkaProducer, letters: Sequence[Posted]
    ) -> list[BaseException | object]:
        """What became of each. One that Kafka can never take stops its key, and nobody else."""
        refused: dict[tuple[str, bytes | None], Exception] = {}
        sent: list[asyncio.Future[Any] | Exception] = []
        for one in letters:
            if one.place not in refused:
                letter = one.letter
                try:
                    sent.append(
                        await producer.send(
                            letter.topic, letter.payload, key=letter.key, headers=letter.headers
                        )
                    )
                    continue
                except UNSENDABLE as error:
                    log.error("cannot be sent", topic=letter.topic, seq=one.seq, exc_info=error)
                    refused[one.place] = error
            sent.append(refused[one.place])
        futures = [future for future in sent if isinstance(future, asyncio.Future)]
        done = iter(await asyncio.gather(*futures, return_exceptions=True))
        return [next(done) if isinstance(s, asyncio.Future) else s for s in sent]

    async def _ready_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._brokers.client,
                client_id=f"{self._db.name}-relay",
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=262_144,
                request_timeout_ms=10_000,
                partitioner=_partition,
            )
            await producer.start()
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), 5)
