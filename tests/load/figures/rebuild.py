"""Rebuilding a projection: the seats that the catalogue shows, from the start of `enrolment.seats`.

There is no command for it. It is done as operations would: the service stands still, its projection
and the inbox marks of the topic are emptied, the offsets of its group go back to 0, the service
starts. The rows must be the same as before. The rate is taken from the marks of the inbox: all but
the last batch, from the start of the first batch to the start of the last one.
"""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from contracts import topics

from tests.load.bench import PATIENCE, Bench, until
from tests.load.clients import closed_loop
from tests.load.figure import Figure
from tests.load.processes import Meter

LEAST = 40_000
TOPIC = topics.SEATS
ROWS = "SELECT * FROM run_seats ORDER BY run_id"
FORGET = "DELETE FROM inbox WHERE topic = $1"
MARKS = "SELECT count(*) FROM inbox WHERE topic = $1"
BATCHES = """
    SELECT received_at, count(*) AS n FROM inbox WHERE topic = $1 GROUP BY received_at ORDER BY 1
"""


def measure(bench: Bench) -> list[Figure]:
    """Enough events, then the rebuild."""
    bench.warm_up()
    bench.wait(_enough(bench, bench.size(LEAST)))
    events, before = bench.wait(_state(bench))
    bench.stack.stop("catalog")
    try:
        bench.wait(_emptied(bench))
    finally:
        meter = Meter(bench.stack)
        bench.stack.start("catalog")
    batches = bench.wait(_rebuilt(bench, events, before))
    used = meter.read()
    seconds = (batches[-1]["received_at"] - batches[0]["received_at"]).total_seconds()
    handled = sum(batch["n"] for batch in batches[:-1])
    details = {
        "events": events,
        "batches": len(batches),
        "cpu_us_by_part_with_start": {k: round(v * 1000) for k, v in used.each(events).items()},
    }
    rate = handled / seconds if seconds else 0.0
    note = "catalog, table run_seats; rows equal to those before"
    return [
        Figure(
            "rebuild of a projection", rate, "events/s", at_least=50_000, note=note, details=details
        )
    ]


async def _enough(bench: Bench, least: int) -> None:
    """Two seat events for each enrolment: book until there are so many."""
    known = int(await bench.databases.value("catalog", MARKS, TOPIC.name))
    missing = max(0, least - known) // 2
    if missing:
        lists = bench.bulks(max(100, missing // 100 * 100))
        await closed_loop(bench.address, lists, 8)
    await until(bench.quiet, PATIENCE, "the last notice")


async def _state(bench: Bench) -> tuple[int, list[tuple[Any, ...]]]:
    """How many events there are, when all are handled, and the rows that they make."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bench.stack.settings.address("kafka"))
    await consumer.start()
    places = [TopicPartition(TOPIC.name, n) for n in range(TOPIC.partitions)]
    events = sum((await consumer.end_offsets(places)).values())
    await consumer.stop()
    await _handled(bench, events)
    return events, await _rows(bench)


async def _emptied(bench: Bench) -> None:
    await bench.databases.run("catalog", "TRUNCATE run_seats")
    await bench.databases.rows("catalog", FORGET, TOPIC.name)
    await bench.databases.run("catalog", "VACUUM ANALYZE inbox")
    group = "catalog"
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bench.stack.settings.address("kafka"),
        group_id=group,
        enable_auto_commit=False,
    )
    await consumer.start()
    places = [TopicPartition(TOPIC.name, n) for n in range(TOPIC.partitions)]
    consumer.assign(places)
    await consumer.commit(dict.fromkeys(places, 0))
    await consumer.stop()


async def _rebuilt(bench: Bench, events: int, before: list[tuple[Any, ...]]) -> list[Any]:
    await _handled(bench, events)
    after = await _rows(bench)
    if after != before or not after:
        raise RuntimeError(f"the rebuilt projection differs: {len(before)} and {len(after)} rows")
    return await bench.databases.rows("catalog", BATCHES, TOPIC.name)


async def _handled(bench: Bench, events: int) -> None:
    async def done() -> bool:
        return int(await bench.databases.value("catalog", MARKS, TOPIC.name)) >= events

    await until(done, PATIENCE, "the projection")


async def _rows(bench: Bench) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await bench.databases.rows("catalog", ROWS)]
