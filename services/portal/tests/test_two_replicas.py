"""Two portals on one database and one Kafka: any of them can serve any client.

A browser's stream is open at one of them, that one dies, and the other takes the stream up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from chassis.brokers import Brokers
from chassis.database import Database
from chassis.kafka import create_topics
from chassis.migrations import migrate
from chassis.settings import system_clock
from chassis.testing import Servers, new_database, until
from chassis.testing_issuer import Issuer
from contracts.topics import ENROLMENTS
from portal.app import MIGRATIONS
from portal.live import OVERLAP_MS, TOPICS
from portal.sessions import Sealer, Sessions, Tokens
from portal.settings import Settings

ANNA, ORGANISATION = uuid4(), uuid4()
SECRET, KEY = "a secret of this test", "k" * 40


@dataclass
class Portal:
    """One process."""

    url: str
    process: asyncio.subprocess.Process

    async def is_ready(self) -> bool:
        """Whether it shows pages."""
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"{self.url}/health/ready")).is_success
            except httpx.HTTPError:
                return False

    async def die(self) -> None:
        """Without a word to anybody."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@dataclass
class Heard:
    """What a stream has brought so far."""

    events: list[tuple[str, str]] = field(default_factory=list)
    """Name of the event, and the id of what changed."""
    last_id: str = ""

    def times(self, enrolment_id: UUID) -> int:
        """How often it was told of this enrolment."""
        return self.events.count(("enrolment", str(enrolment_id)))

    def take(self, block: dict[str, str]) -> None:
        """One event, as it came."""
        self.last_id = block.get("id", self.last_id)
        if "data" in block:
            self.events.append((block["event"], json.loads(block["data"]).get("id", "")))


@dataclass
class Pair:
    """Two portals, and Anna, who is signed in."""

    servers: Servers
    one: Portal
    other: Portal
    cookie: str

    async def happens(self, person: UUID = ANNA) -> UUID:
        """Something changes for somebody; the id of the enrolment."""
        id_ = uuid4()
        body = {
            "enrolment_id": str(id_),
            "person_ref": str(person),
            "booked_by_ref": str(person),
            "organisation_id": str(ORGANISATION),
        }
        producer = AIOKafkaProducer(bootstrap_servers=self.servers.kafka, acks="all")
        await producer.start()
        try:
            await producer.send_and_wait(
                ENROLMENTS.name, json.dumps(body).encode(), key=str(id_).encode()
            )
        finally:
            await producer.stop()
        return id_

    @contextlib.asynccontextmanager
    async def listening(self, at: Portal, last_id: str = "") -> AsyncIterator[Heard]:
        """Anna's browser with an open stream; it has been told from when on it listens."""
        heard = Heard()
        reading = asyncio.create_task(self._read(at, heard, last_id))
        try:
            await until(lambda: heard.events, 20, name="the first event")
            yield heard
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, at: Portal, heard: Heard, last_id: str) -> None:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        headers["Cookie"] = f"kc_sitzung={self.cookie}"
        async with (
            httpx.AsyncClient(timeout=60, trust_env=False) as client,
            client.stream("GET", f"{at.url}/live", headers=headers) as answer,
        ):
            block: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    block[name] = value
                else:
                    heard.take(block)
                    block = {}


@pytest.fixture
async def pair(servers: Servers, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Pair]:
    (tmp_path / "manifest.json").write_text("{}")  # the stream needs no style sheet
    await create_topics(Brokers(servers.kafka), TOPICS)
    async with new_database(servers) as url, contextlib.AsyncExitStack() as ending:
        await migrate(url, MIGRATIONS)
        settings = Settings(
            database_url=url,
            kafka=servers.kafka,
            plaintext="kafka,database_url",
            issuer=issuer.url,
            jwks_url=issuer.url,
            client_secret=SECRET,
            session_key=KEY,
            assets=tmp_path,
        )
        one = await _started(settings)
        ending.push_async_callback(one.die)
        other = await _started(settings)
        ending.push_async_callback(other.die)
        await until(one.is_ready, 60, name="a portal")
        await until(other.is_ready, 60, name="the other portal")
        yield Pair(servers, one, other, await _signed_in(settings, issuer))


async def _started(settings: Settings) -> Portal:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = settings.model_dump(
        include={"database_url", "kafka", "plaintext", "issuer", "jwks_url", "assets"}
        | {"client_secret", "session_key"}
    )
    environment = {f"KC_{name.upper()}": str(value) for name, value in told.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "portal", env={**os.environ, **environment, "KC_PORT": str(port)}
    )
    return Portal(f"http://127.0.0.1:{port}", process)


async def _signed_in(settings: Settings, issuer: Issuer) -> str:
    """A session of Anna's in the database that both share."""
    token = issuer.token(sub=ANNA, org=ORGANISATION, roles=["employee"])
    db = Database(settings, "portal", system_clock)
    try:
        sessions = Sessions(db, Sealer(settings.session_key), settings)
        until_ = datetime.now(UTC) + timedelta(minutes=5)
        return await sessions.begin(Tokens(token, "refresh", "identity", until_), ANNA, "sid")
    finally:
        await db.close()


async def test_a_stream_that_was_cut_goes_on_at_the_other_replica(pair: Pair) -> None:
    async with pair.listening(pair.one) as heard:
        long_ago = await pair.happens()
        await until(lambda: heard.times(long_ago) == 1, 20, name="the first news")
        await asyncio.sleep(OVERLAP_MS / 1000 + 1)
        just_before = await pair.happens()
        await until(lambda: heard.times(just_before) == 1, 20, name="the second news")
        await pair.one.die()
        missed = [await pair.happens() for _ in range(5)]
        strangers = await pair.happens(uuid4())
    async with pair.listening(pair.other, heard.last_id) as again:
        await until(lambda: all(map(again.times, missed)), 20, name="what was missed")
        later = await pair.happens()
        await until(lambda: again.times(later), 20, name="what happens now")
    assert [again.times(each) for each in (*missed, later)] == [1] * 6
    assert again.times(long_ago) == 0
    assert again.times(strangers) == 0
    assert ("refresh", "") not in again.events


async def test_control_without_the_last_id_what_was_missed_stays_so(pair: Pair) -> None:
    async with pair.listening(pair.other) as witness:
        missed = await pair.happens()
        await until(lambda: witness.times(missed), 20, name="the news at the other replica")
        async with pair.listening(pair.other) as again:
            later = await pair.happens()
            await until(lambda: again.times(later), 20, name="what happens now")
            assert again.times(missed) == 0
    async with pair.listening(pair.other, "1000") as too_late:
        assert too_late.events[0] == ("refresh", "")
