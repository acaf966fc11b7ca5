"""The end of a service: in time, whatever is still open."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from time import monotonic

import httpx
from chassis.app import Running
from chassis.testing import Servers, new_database, until
from chassis.testing_issuer import Issuer

from libs.chassis.tests.conftest import build

PROGRAM = """
import json, sys
from chassis.app import serve
from libs.chassis.tests.conftest import build

serve(lambda: build(**json.loads(sys.argv[1])))
"""
PATIENCE = 8  # seconds that `deploy/local` gives


async def test_a_request_that_never_ends_does_not_keep_the_service_from_ending_in_time(
    servers: Servers, issuer: Issuer
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with new_database(servers) as url:
        settings = {
            "database_url": url,
            "kafka": servers.kafka,
            "issuer": issuer.url,
            "jwks_url": issuer.url,
            "port": port,
            "leaving_ms": 0,
        }
        command = [sys.executable, "-c", PROGRAM, json.dumps(settings)]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
        try:
            await until(lambda: answers(port), 40, every=0.2, name="the start")
            with socket.create_connection(("127.0.0.1", port)) as half:
                half.sendall(b"POST /api/enrolment/notes HTTP/1.1\r\nHost: x\r\n")
                half.sendall(b"Content-Length: 10\r\n\r\n{")
                await asyncio.sleep(0.3)  # it shall be begun, and nobody could tell us
                began = monotonic()
                process.send_signal(signal.SIGTERM)
                await asyncio.wait_for(process.wait(), 30)
            assert monotonic() - began < PATIENCE
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


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
