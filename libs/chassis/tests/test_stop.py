"""The end of a service: in time, whatever is still open."""

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from unittest.mock import AsyncMock
from uuid import uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer
from chassis import standstill
from chassis.app import Running
from chassis.testing import Servers, new_database, until
from chassis.testing_issuer import Issuer
from contracts import topics

from libs.chassis.tests.conftest import build

PROGRAM = """
import json, sys
from chassis.app import serve
from libs.chassis.tests.conftest import build
{before}
serve(lambda: build(**json.loads(sys.argv[1])))
"""
PATIENCE = 8  # seconds that `deploy/local` gives
LONGEST = 12  # of a stop with a command that waits: 6 with its limit, 15 without


BRIEF = "from chassis import standstill as s; s.STANDSTILL_SECONDS, s.LOOK_SECONDS = 1.0, 0.2"
STILL = (
    BRIEF
    + """
import asyncio
from chassis.careful import Careful

async def nothing(self, consumer):
    await asyncio.sleep(0.05)
    return ()

Careful.read = nothing
"""
)


@dataclass
class Program:
    """A service as a process of its own."""

    process: asyncio.subprocess.Process
    port: int
    database: str


@asynccontextmanager
async def program(servers: Servers, issuer: Issuer, before: str = "") -> AsyncIterator[Program]:
    """The small service, ready; `before` is done in its process before it begins."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with new_database(servers) as url:
        settings = {
            "database_url": url,
            "kafka": servers.kafka,
            "kafka_group": f"stop-{uuid4()}",
            "issuer": issuer.url,
            "jwks_url": issuer.url,
            "port": port,
            "leaving_ms": 0,
        }
        command = [sys.executable, "-c", PROGRAM.format(before=before), json.dumps(settings)]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
        try:
            await until(lambda: answers(port), 40, every=0.2, name="the start")
            yield Program(process, port, url.replace("+asyncpg", ""))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_a_request_that_never_ends_does_not_keep_the_service_from_ending_in_time(
    servers: Servers, issuer: Issuer
) -> None:
    async with program(servers, issuer) as one:
        with socket.create_connection(("127.0.0.1", one.port)) as half:
            half.sendall(b"POST /api/enrolment/notes HTTP/1.1\r\nHost: x\r\n")
            half.sendall(b"Content-Length: 10\r\n\r\n{")
            await asyncio.sleep(0.3)  # it shall be begun, and nobody could tell us
            began = monotonic()
            one.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(one.process.wait(), 30)
        assert monotonic() - began < PATIENCE


async def test_a_command_that_waits_for_a_lock_does_not_keep_the_service_from_ending(
    servers: Servers, issuer: Issuer
) -> None:
    """Without a limit of its own it would be tried three times, until the lock's limit each."""
    token = {"Authorization": f"Bearer {issuer.token(uuid4(), uuid4(), ['coordinator'])}"}
    async with program(servers, issuer) as one:
        locked = await asyncpg.connect(one.database)
        await locked.execute("BEGIN; LOCK TABLE note IN ACCESS EXCLUSIVE MODE")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{one.port}") as client:
            path = "/api/enrolment/notes"
            asked = asyncio.create_task(client.post(path, json={"number": 1}, headers=token))
            await asyncio.sleep(0.3)  # it shall be begun, and nobody could tell us
            began = monotonic()
            one.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(one.process.wait(), 40)
            took = monotonic() - began
            with contextlib.suppress(httpx.HTTPError):
                await asked
        locked.terminate()
    assert took < LONGEST


async def test_a_service_whose_consumer_stands_still_ends_to_be_started_anew(
    servers: Servers, issuer: Issuer
) -> None:
    await _a_record(servers)
    async with program(servers, issuer, STILL) as one:
        assert await asyncio.wait_for(one.process.wait(), 30) == -signal.SIGTERM


async def test_control_a_service_at_work_does_not_end(servers: Servers, issuer: Issuer) -> None:
    await _a_record(servers)
    async with program(servers, issuer, BRIEF) as one:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(one.process.wait(), 4)


async def test_a_look_that_fails_is_not_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bool | Exception] = [RuntimeError("closed"), False, True]

    async def look(_: object) -> bool:
        found = looks.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(standstill, "stands_still", look)
    monkeypatch.setattr(standstill, "LOOK_SECONDS", 0.01)
    ended: list[bool] = []
    await asyncio.wait_for(standstill.watch(AsyncMock(), lambda: ended.append(True)), 5)
    assert (ended, looks) == ([True], [])


async def _a_record(servers: Servers) -> None:
    """Something for every consumer that begins at the start, and no use for any."""
    producer = AIOKafkaProducer(bootstrap_servers=servers.kafka)
    await producer.start()
    try:
        await producer.send_and_wait(topics.RUNS.name, b"{}", headers=[("ce_type", b"later")])
    finally:
        await producer.stop()


async def test_consumers_that_do_not_stop_do_not_keep_the_outbox_from_being_sent() -> None:
    class Broken:
        async def stop(self) -> None:
            raise ConnectionError

    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    running = Running(build(database_url=nowhere, issuer=nowhere, jwks_url=nowhere))
    running._broker = Broken()
    running._relaying = asyncio.create_task(running.relay.run())
    await running.stop()
    assert running._relaying.done()


async def answers(port: int) -> bool:
    """Whether the service is ready."""
    async with httpx.AsyncClient() as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
        except httpx.HTTPError:
            return False
        return answer.status_code == 200
