"""What a Kafka client is told when its connection closes under its hands, on services' loop."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest
from chassis import broken
from chassis.testing import Servers


async def _write_after_the_end(kafka: str) -> None:
    """A request on a connection that was closed a moment ago."""
    host, port = kafka.split(":")
    connection = AIOKafkaConnection(host, int(port), request_timeout_ms=5000)
    await connection.connect()
    try:
        connection._read_task.cancel()  # so that nobody sees the end before the next request
        connection._writer.transport.abort()
        await asyncio.sleep(0.05)
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()
        await asyncio.sleep(0.05)


def _on_uvloop(send: Callable[..., Any], kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AIOKafkaConnection, "send", send)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(_write_after_the_end(kafka), 20))


def test_a_closed_connection_is_told_as_such(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KafkaConnectionError, match="while it was written to"):
        _on_uvloop(broken._send_or_tell, servers.kafka, monkeypatch)


def test_control_the_library_alone_raises_what_its_own_tasks_do_not_expect(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeError, match="closed") as raised:
        _on_uvloop(broken._send, servers.kafka, monkeypatch)
    assert not isinstance(raised.value, KafkaConnectionError)
