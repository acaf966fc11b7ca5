"""The relay: sends what stands in the outbox to Kafka, in order, and then forgets it.

One relay per database is at work (session advisory lock); the relays of other replicas wait for
its place. A crash between sending and deleting sends again: at least once, and the inbox of the
consumer knows the event id. `seq > last` is never asked for: commits are not in order of `seq`.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from chassis import faults, metrics
from chassis.database import SERVER_SETTINGS, Database
from chassis.outbox import unpack

LOCK = text("SELECT pg_try_advisory_lock(hashtext('outbox relay'))")
NEXT = text("SELECT seq, topic, key, headers, payload FROM outbox ORDER BY seq LIMIT 1000")
DELETE = text("DELETE FROM outbox WHERE seq = ANY(CAST(:seqs AS bigint[]))")

# What the client refuses before it asks Kafka: too large, or neither key nor value.
UNSENDABLE = (MessageSizeTooLargeError, AssertionError, TypeError, ValueError)

# The lock goes with its connection. A frozen process or a dead host must not keep both: the server
# closes a connection that asked nothing for 10 s (the relay polls far more often) or is not there.
GIVE_UP = {
    "idle_session_timeout": "10000",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

log = structlog.get_logger(__name__)


class Relay:
    """Sends the outbox of one database."""

    POLL_SECONDS = 0.05  # finds what another replica or a crash left; ours wakes us at once
    SEND_SECONDS = 20.0  # aiokafka itself would wait for ever

    def __init__(self, db: Database, bootstrap: str) -> None:
        self._db = db
        self._bootstrap = bootstrap
        self._wake = asyncio.Event()
        self._producer: AIOKafkaProducer | None = None
        self._stopping = False
        db.after_commit(self.wake)

    def wake(self, told: bool = True) -> None:
        """There is something to send."""
        if told:
            self._wake.set()

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
                "server_settings": {**SERVER_SETTINGS, **GIVE_UP, "application_name": name},
            },
        )
        try:
            async with engine.connect() as connection:
                while not (await connection.execute(LOCK)).scalar_one():
                    if self._stopping:
                        return
                    await asyncio.sleep(0.5)
                await self._relay(connection)
        finally:
            await engine.dispose()

    async def _relay(self, connection: AsyncConnection) -> None:
        while True:
            self._wake.clear()
            rows = (await connection.execute(NEXT)).all()
            if rows:
                await self._send(connection, rows)
            elif self._stopping:
                return
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self.POLL_SECONDS)

    async def _send(self, connection: AsyncConnection, rows: Sequence[Row[Any]]) -> None:
        producer = await self._ready_producer()
        async with asyncio.timeout(self.SEND_SECONDS):
            results = await self._publish(producer, rows)
        faults.point("relay.after_publish")
        done: list[int] = []
        stuck: set[tuple[str, bytes | None]] = set()
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, BaseException):
                stuck.add((row.topic, row.key))  # later ones of the key wait behind it
            elif (row.topic, row.key) not in stuck:
                done.append(row.seq)
        await connection.execute(DELETE, {"seqs": done})
        metrics.RELAYED.labels(self._db.name).inc(len(done))
        if stuck:
            raise next(r for r in results if isinstance(r, BaseException))

    async def _publish(
        self, producer: AIOKafkaProducer, rows: Sequence[Row[Any]]
    ) -> list[BaseException | object]:
        """What became of each row. One that Kafka can never take stops its key, and nobody else."""
        refused: dict[tuple[str, bytes | None], Exception] = {}
        sent: list[asyncio.Future[Any] | Exception] = []
        for row in rows:
            place = (row.topic, row.key)
            if place not in refused:
                try:
                    headers = unpack(row.headers)
                    sent.append(
                        await producer.send(row.topic, row.payload, key=row.key, headers=headers)
                    )
                    continue
                except UNSENDABLE as error:
                    log.error("cannot be sent", topic=row.topic, seq=row.seq, exc_info=error)
                    refused[place] = error
            sent.append(refused[place])
        futures = [future for future in sent if isinstance(future, asyncio.Future)]
        done = iter(await asyncio.gather(*futures, return_exceptions=True))
        return [next(done) if isinstance(s, asyncio.Future) else s for s in sent]

    async def _ready_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                client_id=f"{self._db.name}-relay",
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=262_144,
                request_timeout_ms=10_000,
            )
            await producer.start()
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), 5)
