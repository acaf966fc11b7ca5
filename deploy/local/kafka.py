"""Apache Kafka in KRaft mode: one broker that is its own controller, with a bounded heap."""

from __future__ import annotations

import base64
import socket
import struct
import uuid
from pathlib import Path

from deploy.local import fetch
from deploy.local.environment import java, run
from deploy.local.parts import Part
from deploy.local.settings import LOOPBACK, Settings

COMMON = Path(__file__).parents[1] / "kafka"
JVM = ("-Xmx256m", "-Xms96m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# a heap that is full, or a missing class, ends the process: the supervisor starts a new one
FATAL = ("-XX:+ExitOnOutOfMemoryError",)


def part(settings: Settings) -> Part:
    """The broker on loopback; ready when it is in its own list of living brokers."""
    return Part(
        name="kafka",
        command=[
            java(),
            *JVM,
            *FATAL,
            f"-Dlog4j2.configurationFile={COMMON / 'log4j2.properties'}",
            "-cp",
            _classpath(settings),
            "kafka.Kafka",
            str(_config(settings)),
        ],
        env={},
        ready=lambda: living_brokers(settings.address("kafka")) > 0,
        prepare=lambda: prepare(settings),
        addresses={"Kafka": settings.address("kafka")},
    )


def living_brokers(address: str) -> int:
    """How many brokers the broker at `address` knows to be alive; 0 if it does not answer.

    A Metadata request (version 4) by hand: no client library starts this quickly.
    """
    body = struct.pack(">hhih5si?", 3, 4, 1, 5, b"ready", 0, False)
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            head = connection.recv(16, socket.MSG_WAITALL)
    except OSError:
        return 0
    return int(struct.unpack(">iiii", head)[3]) if len(head) == 16 else 0


def prepare(settings: Settings) -> None:
    """Fetch the jars, write the settings, format the storage once."""
    fetch.unpack(settings, "kafka")
    folder = settings.run / "kafka"
    folder.mkdir(parents=True, exist_ok=True)
    _config(settings).write_text(_properties(settings))
    if not (folder / "data" / "meta.properties").exists():
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().strip("-")
        tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster]
        config = ["-c", str(_config(settings))]
        run(settings, [java(), *JVM, "-cp", _classpath(settings), *tool, *config])


def _config(settings: Settings) -> Path:
    return settings.run / "kafka" / "server.properties"


def _classpath(settings: Settings) -> str:
    return str(fetch.unpacked(settings, "kafka") / "*")


def _properties(settings: Settings) -> str:
    broker, controller = settings.ports["kafka"], settings.ports["kafka_controller"]
    own = {
        "node.id": "1",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{broker},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{broker}",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "log.dirs": _in_properties(settings.run / "kafka" / "data"),
    }
    lines = [f"{name}={value}" for name, value in own.items()]
    return (COMMON / "server.properties").read_text() + "\n" + "\n".join(lines) + "\n"


def _in_properties(path: Path) -> str:
    """Java reads such files as Latin-1: everything beyond ASCII is written as an escape."""
    units = str(path).replace("\\", "\\\\").encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)
