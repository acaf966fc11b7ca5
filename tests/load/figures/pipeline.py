"""Enrolments per second through the event pipeline: request -> price -> seat -> notice.

Membership stands still while the requests are booked (lists of 100), so that they wait on the
topic. Then it starts, and what counts is the time from its first batch to the last recorded notice;
its own start does not. The limit is measured in the same run (`bare`).
"""

from __future__ import annotations

from datetime import datetime

from tests.load.bench import NOW, PATIENCE, Bench, until
from tests.load.clients import closed_loop
from tests.load.figure import Figure
from tests.load.figures import bare
from tests.load.processes import Meter, Used

COUNT = 20_000
FIRST = """
    SELECT count(*) AS n, min(received_at) AS began FROM inbox
     WHERE topic = 'enrolment.enrolments' AND received_at >= $1
"""
PRICED = "SELECT count(*) FROM enrolment WHERE state = 'requested'"
ENDED = "SELECT max(coalesce(sent_at, created_at)) FROM notice WHERE written_in >= $1"
DONE = "SELECT count(*) FROM notice WHERE written_in >= $1 AND state <> 'waiting'"
HERE = "SELECT clock_timestamp()"


def measure(bench: Bench) -> list[Figure]:
    """Book, hold back, let go; then the ratio to the limit."""
    bench.warm_up()
    found = [] if "bare" in bench.known else bare.measure(bench)
    count = max(100, bench.size(COUNT) // 100 * 100)
    bench.stack.stop("membership")
    try:
        began, mark = bench.wait(_booked(bench, count))
    finally:
        bench.stack.start("membership")
    used, measured = bench.wait(_followed(bench, began, mark, count))
    rate = count / bench.wait(_seconds(bench, began, mark))
    ratio = rate / bench.known["bare"] * 100
    return [
        *found,
        Figure("enrolments through the event pipeline", rate, "/s"),
        Figure(
            "pipeline against the bare limit",
            ratio,
            "%",
            at_least=60,
            note=f"{rate:,.0f}/s of {bench.known['bare']:,.0f}/s",
            details={"enrolments": count, "cpu_ms_by_part": used.each(measured)},
        ),
        Figure("pipeline: CPU per enrolment", used.counted / measured * 1000, "ms"),
    ]


async def _booked(bench: Bench, count: int) -> tuple[datetime, int]:
    """All requests wait on the topic for membership; the moment and the mark before its start."""
    mark = int(await bench.databases.value("notifications", NOW))
    outcome = await closed_loop(bench.address, bench.bulks(count), 8)
    if set(outcome.statuses) != {202}:
        raise RuntimeError(f"not all lists were taken: {outcome.statuses}")

    async def told() -> bool:
        return not await bench.databases.value("enrolment", "SELECT count(*) FROM outbox")

    await until(told, PATIENCE, "the end of the outbox")
    held = await bench.databases.value("enrolment", PRICED)
    if held < count:
        raise RuntimeError(f"only {held} of {count} requests wait for their price")
    return await bench.databases.value("membership", HERE), mark


async def _followed(bench: Bench, began: datetime, mark: int, count: int) -> tuple[Used, int]:
    """CPU from the first batch on, and how many enrolments that was for."""

    async def first() -> bool:
        return bool(await bench.databases.value("membership", FIRST, began))

    await until(first, PATIENCE, "the first batch")
    before = int(await bench.databases.value("membership", FIRST, began))
    meter = Meter(bench.stack)

    async def done() -> bool:
        told = int(await bench.databases.value("notifications", DONE, mark))
        return told >= count + count // 100 and await bench.quiet()

    await until(done, PATIENCE, "the notices of the pipeline")
    if left := await bench.databases.value("enrolment", PRICED):
        raise RuntimeError(f"{left} enrolments have no price")
    return meter.read(), max(1, count - before)


async def _seconds(bench: Bench, began: datetime, mark: int) -> float:
    """From membership's first batch to the last notice, by the clock of the database."""
    (first,) = await bench.databases.rows("membership", FIRST, began)
    last = await bench.databases.value("notifications", ENDED, mark)
    return float((last - first["began"]).total_seconds())
