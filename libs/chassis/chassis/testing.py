"""For tests of one service: the real program, its own database, a real Kafka, a test issuer.

`servers` (PostgreSQL and Kafka, started once per test run) comes from the root `conftest.py`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import pytest
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from contracts.base import Event
from contracts.topics import TOPICS, Topic
from fastapi import FastAPI
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.app import Running, Service, create_app
from chassis.brokers import Brokers
from chassis.kafka import create_topics, topics_of
from chassis.outbox import letter
from chassis.records import Record, read
from chassis.testing_issuer import Issuer

E = TypeVar("E", bound=Event)

# The console of structlog draws all variables of a traceback: with large messages that takes longer
# than Kafka waits for a sign of life. Services write JSON without them.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@dataclass(frozen=True)
class Servers:
    """Where the real servers of this test run are. `postgres` is an administrator's address."""

    postgres: str
    kafka: str


class TestClock:
    """A clock that tests may set; it runs on from there with the machine's."""

    __test__ = False

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Now."""
        return datetime.now(UTC) + self._ahead

    def set(self, moment: datetime) -> None:
        """Pretend that it is this moment."""
        self._ahead = moment - datetime.now(UTC)

    def advance(self, **by: float) -> None:
        """Let time pass: `advance(hours=49)`."""
        self._ahead += timedelta(**by)

    def reset(self) -> None:
        """Back to the machine's time."""
        self._ahead = timedelta()


@dataclass
class TestApp:
    """A service at work in a test."""

    __test__ = False

    app: FastAPI
    running: Running
    issuer: Issuer
    clock: TestClock
    servers: Servers
    records: list[Record] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def db(self) -> Any:
        """Its database."""
        return self.running.db

    def http(self, *roles: str, **claims: Any) -> httpx.AsyncClient:
        """A client with a token of these roles; `sub`, `org`, `provider` as in `Issuer.token`."""
        return self.client({"Authorization": f"Bearer {self.issuer.token(roles=roles, **claims)}"})

    def client(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """A client without a token."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers)

    async def send(self, *events: Event, ids: Sequence[UUID] | None = None) -> list[UUID]:
        """Put events on their topics as their owner would; their `ce_id`s come back."""
        made = [
            letter(event, id_, self.clock())
            for event, id_ in zip(events, ids or [uuid4() for _ in events], strict=True)
        ]
        await self.send_raw(*((m.topic, m.key, m.payload, m.headers) for m in made))
        return [m.event_id for m in made]

    async def send_raw(self, *records: tuple[str, bytes | None, bytes | None, Any]) -> None:
        """Put records (topic, key, value, headers) on topics."""
        producer = AIOKafkaProducer(bootstrap_servers=self.servers.kafka, acks="all")
        await producer.start()
        try:
            sent = [
                await producer.send(topic, value, key=key, headers=list(headers))
                for topic, key, value, headers in records
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def heard(
        self,
        kind: type[E],
        where: Callable[[E], bool] = lambda _: True,
        count: int = 1,
        seconds: float = 15,
    ) -> list[E]:
        """Wait until the service has told at least `count` such events; all of them so far."""

        def found() -> list[E]:
            contents = (read(record, raw=False).content for record in self.records)
            return [event for event in contents if isinstance(event, kind) and where(event)]

        async with self.news:
            try:
                await asyncio.wait_for(self.news.wait_for(lambda: len(found()) >= count), seconds)
            except TimeoutError:
                raise AssertionError(
                    f"{len(found())} of {count} {kind.type} within {seconds} s"
                ) from None
            return found()

    async def settled(self, seconds: float = 20) -> None:
        """Wait until everything that was sent is handled and everything told is on its topic."""
        await until(self._is_settled, seconds)

    async def _is_settled(self) -> bool:
        async with self.db.reading() as tx:
            if await tx.row(text("SELECT 1 FROM outbox LIMIT 1")):
                return False
        listener = self.running.listener
        if listener is None or listener.consumer is None or listener.delivered.running.locked():
            return False
        places = list(listener.consumer.assignment())
        ends = await listener.consumer.end_offsets(places) if places else {}
        await listener.commit()
        for place in places:
            if (await listener.consumer.committed(place) or 0) < ends[place]:
                return False
        return bool(places)

    async def listen(self) -> None:
        """Collect what the service tells, until cancelled."""
        names = [topic.name for topic in TOPICS if topic.owner == self.running.service.name]
        dead = [s.topic.dead for s in self.running.service.subscriptions.all]
        consumer = AIOKafkaConsumer(
            *names, *dead, bootstrap_servers=self.servers.kafka, auto_offset_reset="latest"
        )
        await consumer.start()
        try:
            for place in consumer.assignment():
                await consumer.position(place)  # from here on nothing is missed
            self.listening.set()
            while True:
                got = await consumer.getmany(timeout_ms=100)
                async with self.news:
                    for records in got.values():
                        self.records += records
                    self.news.notify_all()
        finally:
            await consumer.stop()

    listening: asyncio.Event = field(default_factory=asyncio.Event)


async def until(
    what: Callable[[], Any], seconds: float = 20, every: float = 0.02, name: str = "it"
) -> Any:
    """Wait for a condition (plain or async) with a deadline; its first true value."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        got = what()
        if asyncio.iscoroutine(got):
            got = await got
        if got:
            return got
        if loop.time() > end:
            raise AssertionError(f"{name} did not happen within {seconds} s")
        await asyncio.sleep(every)


@contextlib.asynccontextmanager
async def new_database(servers: Servers) -> AsyncIterator[str]:
    """A fresh database on the test server; its address."""
    name = f"test_{uuid4().hex}"
    await _as_admin(servers, f"CREATE DATABASE {name}")
    url = make_url(servers.postgres).set(drivername="postgresql+asyncpg", database=name)
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        await _as_admin(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def _as_admin(servers: Servers, statement: str) -> None:
    url = make_url(servers.postgres).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()


async def _skip_history(servers: Servers, group: str, topics: Sequence[Topic]) -> None:
    """Earlier tests left records; this group begins behind them."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers.kafka, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        places = [
            TopicPartition(topic.name, n) for topic in topics for n in range(topic.partitions)
        ]
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        await consumer.commit(ends)
    finally:
        await consumer.stop()


@contextlib.asynccontextmanager
async def running(
    build: Callable[..., Service], servers: Servers, issuer: Issuer, **settings: Any
) -> AsyncIterator[TestApp]:
    """The service at work, on a database of its own. `settings` are those of its class."""
    clock = TestClock()
    group = f"test-{uuid4()}"
    async with new_database(servers) as url:
        service = build(
            database_url=url,
            kafka=servers.kafka,
            issuer=issuer.url,
            jwks_url=issuer.url,
            clock=clock,
            **{"kafka_group": group, "plaintext": "kafka,database_url", **settings},
        )
        heard = [subscription.topic for subscription in service.subscriptions.all]
        await create_topics(
            Brokers(servers.kafka), topics_of(service.name, service.subscriptions.all)
        )
        await _skip_history(servers, group, heard)
        app = create_app(service)
        test = TestApp(app, app.state.running, issuer, clock, servers)
        async with app.router.lifespan_context(app):
            listening = asyncio.create_task(test.listen())
            try:
                await until(lambda: test.running.kafka_ready, 30, name="the start of the service")
                await asyncio.wait_for(test.listening.wait(), 15)
                yield test
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """The test issuer."""
    made = Issuer()
    yield made
    made.close()
