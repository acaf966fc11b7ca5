"""The limit: the same number of records of the same size through three bare hops.

They wait on the first topic, as the requests of `pipeline` do; three processes pass them on, on the
same Kafka and PostgreSQL (`tests/load/bare_hop.py`). Nobody could be faster with these clients.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from contracts.enrolment import EnrolmentRequested
from contracts.topics import ENROLMENTS

from deploy.local.settings import ROOT
from tests.load.bare_hop import Hop
from tests.load.bench import PATIENCE, Bench
from tests.load.figure import Figure
from tests.load.processes import Meter

COUNT, PARTITIONS = 20_000, 6
RECENT = 2000  # records that are looked through for the newest request
TABLE = "CREATE TABLE IF NOT EXISTS {} (event_id text, key bytea, payload bytea)"
HEADERS = (
    "ce_type",
    "ce_source",
    "ce_specversion",
    "ce_time",
    "ce_subject",
    "content-type",
    "ce_correlationid",
    "ce_causationid",
    "traceparent",
)


def measure(bench: Bench) -> list[Figure]:
    """Records per second from the first batch of the first hop to the last of the third."""
    bench.warm_up()
    count = bench.size(COUNT)
    hops = _hops(bench, count)
    size = bench.wait(_fill(bench, hops, count))
    meter = Meter(bench.stack)
    told = _run(bench, hops)
    used = meter.read()
    seconds = told[-1]["ended"] - told[0]["began"]
    own = {f"hop {n}": round(hop["cpu"] / count * 1000, 3) for n, hop in enumerate(told, 1)}
    servers = {part: ms for part, ms in used.each(count).items() if part in {"kafka", "postgres"}}
    bench.known["bare"] = count / seconds
    cpu = sum(own.values()) + sum(servers.values())
    details = {"records": count, "bytes_each": size, "cpu_ms_by_part": {**own, **servers}}
    return [
        Figure("bare limit: records through three hops", count / seconds, "/s", details=details),
        Figure("bare limit: CPU per record", cpu, "ms"),
    ]


def _hops(bench: Bench, count: int) -> list[Hop]:
    run = uuid4().hex[:6]
    topics = [f"bench.{run}.{name}" for name in ("requests", "prices", "seats")]
    url = bench.stack.database_url("postgres", admin=True).replace("+asyncpg", "")
    kafka = bench.stack.settings.address("kafka")
    return [
        Hop(kafka, url, source, target, f"bare_{number}", count)
        for number, (source, target) in enumerate(
            zip(topics, [*topics[1:], None], strict=True), start=1
        )
    ]


async def _fill(bench: Bench, hops: list[Hop], count: int) -> int:
    """Tables, topics, and the records on the first one; the size of each."""
    for hop in hops:
        await bench.databases.run("postgres", TABLE.format(hop.table))
        await bench.databases.run("postgres", f"TRUNCATE {hop.table}")
    admin = AIOKafkaAdminClient(bootstrap_servers=hops[0].kafka)
    await admin.start()
    await admin.create_topics([NewTopic(hop.source, PARTITIONS, 1) for hop in hops])
    await admin.close()
    value = await _a_payload(bench)
    producer = AIOKafkaProducer(bootstrap_servers=hops[0].kafka, max_batch_size=262_144)
    await producer.start()
    for _ in range(count // 500 + 1):
        batch = [_record() for _ in range(min(500, count))]
        sent = [await producer.send(hops[0].source, value, key=k, headers=h) for k, h in batch]
        await asyncio.gather(*sent)
        count -= len(batch)
    await producer.stop()
    return len(value)


async def _a_payload(bench: Bench) -> bytes:
    """What the newest request of an enrolment tells. Lists tell much more on the same topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bench.stack.settings.address("kafka"))
    await consumer.start()
    places = [TopicPartition(ENROLMENTS.name, n) for n in range(ENROLMENTS.partitions)]
    ends = await consumer.end_offsets(places)
    place = max(places, key=lambda one: ends[one])
    consumer.assign([place])
    consumer.seek(place, max(0, ends[place] - RECENT))
    found = None
    while await consumer.position(place) < ends[place]:
        record = await consumer.getone()
        if dict(record.headers)["ce_type"] == EnrolmentRequested.type.encode():
            found = record.value
    await consumer.stop()
    if found is None:
        raise RuntimeError(f"no request among the last {RECENT} records of {place}")
    return bytes(found)


def _record() -> tuple[bytes, list[tuple[str, bytes]]]:
    key = str(uuid4())
    named = [(name, key.encode()) for name in HEADERS]
    return key.encode(), [("ce_id", str(uuid4()).encode()), *named]


def _run(bench: Bench, hops: list[Hop]) -> list[dict[str, float]]:
    """The last first: when the first one begins, the others wait for its records."""
    running: list[subprocess.Popen[str]] = []
    folder = Path(bench.stack.settings.run) / "bare"
    folder.mkdir(exist_ok=True)
    try:
        for hop in reversed(hops):
            file = folder / f"{hop.table}.json"
            file.write_text(json.dumps(dataclasses.asdict(hop)), encoding="utf-8")
            file.chmod(0o600)
            command = [sys.executable, "-m", "tests.load.bare_hop", str(file)]
            running.insert(
                0, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            )
        return [json.loads(process.communicate(timeout=PATIENCE)[0]) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
        for hop in hops:
            bench.wait(bench.databases.run("postgres", f"TRUNCATE {hop.table}"))
