"""One bare hop as a process of its own: `python -m tests.load.bare_hop FILE`, told by a JSON file.

Batches of 500 from one topic, one COPY in one commit, the same records on to the next topic (with
ten CloudEvents headers), offsets committed. No inbox, no outbox, nothing is read or checked: what
Kafka, PostgreSQL and their clients alone allow. It ends after `count` records and prints what it
saw: when it began and ended, and its CPU.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

BATCH = 500
COLUMNS = ["event_id", "key", "payload"]


@dataclass(frozen=True)
class Hop:
    """What one process does."""

    kafka: str
    database: str
    source: str
    target: str | None
    table: str
    count: int


async def run(hop: Hop) -> dict[str, float]:
    """All records once."""
    connection = await asyncpg.connect(hop.database)
    consumer = AIOKafkaConsumer(
        hop.source,
        bootstrap_servers=hop.kafka,
        group_id=f"bench-{hop.source}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=20,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=hop.kafka, acks="all", enable_idempotence=True, max_batch_size=262_144
    )
    await consumer.start()
    await producer.start()
    try:
        return await _move(hop, connection, consumer, producer)
    finally:
        await consumer.stop()
        await producer.stop()
        await connection.close()


async def _move(hop: Hop, connection: Any, consumer: Any, producer: Any) -> dict[str, float]:
    seen, began, cpu = 0, 0.0, 0.0
    while seen < hop.count:
        found = await consumer.getmany(max_records=BATCH, timeout_ms=100)
        records = [record for batch in found.values() for record in batch]
        if not records:
            continue
        if not began:
            began, cpu = time.time(), time.process_time()
        async with connection.transaction():
            rows = [(dict(r.headers)["ce_id"].decode(), r.key, r.value) for r in records]
            await connection.copy_records_to_table(hop.table, records=rows, columns=COLUMNS)
        if hop.target:
            sent = [
                await producer.send(hop.target, r.value, key=r.key, headers=list(r.headers))
                for r in records
            ]
            await asyncio.gather(*sent)
        await consumer.commit()
        seen += len(records)
    return {"began": began, "ended": time.time(), "cpu": time.process_time() - cpu}


def main() -> None:
    """Read what to do, do it, tell how it went."""
    hop = Hop(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(hop))))


if __name__ == "__main__":
    main()
