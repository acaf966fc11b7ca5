"""Kafka by TLS and SASL, as the services enter it: on a real broker that demands both."""

from __future__ import annotations

import ipaddress
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from chassis.brokers import Brokers
from chassis.kafka import create_topics
from contracts.topics import RUNS
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from faststream.kafka import KafkaBroker

from deploy.local import fetch, kafka
from deploy.local.environment import clean, java, run
from deploy.local.settings import LOOPBACK, Settings
from deploy.local.stack import Stack

SECONDS = 120
USER, PASSWORD = "catalog", "p9Wq1"


@dataclass(frozen=True)
class Certificate:
    """A certificate for the loopback, signed by itself: its own authority."""

    chain: str
    key: str


def make_certificate() -> Certificate:
    """A fresh one, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka of this test")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return Certificate(made.public_bytes(pem).decode(), private.decode())


def properties(settings: Settings, keys: Path) -> str:
    """A broker whose clients come by SASL_SSL alone; its own way in is another port."""
    inner, outer = settings.ports["smtp"], settings.ports["kafka"]
    controller = settings.ports["kafka_controller"]
    own = {
        "node.id": "1",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{inner},SASL_SSL://{LOOPBACK}:{outer},"
        f"CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{inner},SASL_SSL://{LOOPBACK}:{outer}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,"
        "CONTROLLER:PLAINTEXT",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "log.dirs": str(settings.run / "kafka" / "data"),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keys),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common."
        "security.scram.ScramLoginModule required;",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": "org.apache.kafka.common.security."
        f'plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
    }
    common = (kafka.COMMON / "server.properties").read_text("utf-8")
    return common + "\n" + "\n".join(f"{name}={value}" for name, value in own.items()) + "\n"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """A broker that takes nobody without TLS and a password."""
    settings, folder = Settings.for_tests("kafka-access"), tmp_path_factory.mktemp("keys")
    certificate = make_certificate()
    (folder / "keys.pem").write_text(certificate.key + certificate.chain)
    (folder / "ca.pem").write_text(certificate.chain)
    settings.run.mkdir(parents=True)
    config = folder / "server.properties"
    config.write_text(properties(settings, folder / "keys.pem"))
    jars = f"{fetch.unpack(settings, 'kafka')}/*"
    user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    tool = ["kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg"]
    run(settings, [java(), "-cp", jars, *tool, "-c", str(config), "--add-scram", user])
    command = [java(), *kafka.JVM, "-cp", jars, "kafka.Kafka", str(config)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=clean(settings), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + SECONDS
        while kafka.living_brokers(settings.address("smtp")) == 0:
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the broker does not start"
            time.sleep(0.2)
        yield Brokers(
            settings.address("kafka"),
            "sasl_ssl",
            "SCRAM-SHA-512",
            USER,
            PASSWORD,
            str(folder / "ca.pem"),
        )
    finally:
        process.terminate()
        process.wait(30)
        Stack(settings, {"kafka"}).clean()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_topics_are_made_and_events_sent_through_the_guarded_door(
    guarded: Brokers, mechanism: str
) -> None:
    brokers = replace(guarded, mechanism=mechanism)
    await create_topics(brokers, [RUNS])
    producer = AIOKafkaProducer(**brokers.client, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        sent = await producer.send_and_wait(RUNS.name, b"{}", key=b"k")
    finally:
        await producer.stop()
    assert sent.topic == RUNS.name


async def test_faststream_comes_in_by_the_same_door(guarded: Brokers) -> None:
    async with KafkaBroker(guarded.bootstrap, security=guarded.faststream) as broker:
        assert await broker.ping(timeout=30)


@pytest.mark.parametrize(
    "change",
    [{"password": "wrong"}, {"ca": ""}, {"security": "sasl_plaintext"}, {"security": "ssl"}],
)
async def test_nobody_else_comes_in(guarded: Brokers, change: dict[str, str]) -> None:
    producer = AIOKafkaProducer(**replace(guarded, **change).client, request_timeout_ms=5000)
    try:
        with pytest.raises(KafkaError):
            await producer.start()
    finally:
        await producer.stop()
