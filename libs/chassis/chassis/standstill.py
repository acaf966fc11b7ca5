"""Consumers that stopped without a word: how they are seen, and what heals them.

A client of Kafka keeps tasks of its own, and one that ends is not always replaced: no error, no
batch, no rebalance. Nobody in the process can mend that; a new process is as good as any other,
for nothing is lost between two (`docs/reliability.md`). So a service that stands still ends, and
whoever started it (supervisor, container engine, Kubernetes) starts it anew.
"""

import asyncio
from collections.abc import Callable
from time import monotonic

import structlog

from chassis.kafka import Listener

STANDSTILL_SECONDS = 60.0
LOOK_SECONDS = 10.0

log = structlog.get_logger(__name__)


async def lag(listener: Listener) -> dict[str, int]:
    """Records not yet handled, by topic."""
    waiting = {topic.name: 0 for topic in listener.topics}
    consumer = listener.consumer
    if consumer is not None:
        for place in consumer.assignment():
            end = consumer.highwater(place)
            if end is not None:
                waiting[place.topic] += max(0, end - await consumer.position(place))
    return waiting


async def stands_still(listener: Listener) -> bool:
    """Records wait, no outage is waited out, and yet nothing was handled for a minute."""
    consumer = listener.consumer
    if consumer is None or consumer.paused() or listener.delivered.running.locked():
        return False
    silent = monotonic() - listener.delivered.last_handled_at
    return silent > STANDSTILL_SECONDS and any((await lag(listener)).values())


async def watch(listener: Listener, end: Callable[[], None]) -> None:
    """Look now and then; `end` is called once, when the consumer stands still.

    A look may fail (partitions were given away meanwhile) or find no end (a position that nobody
    fetches any more); whatever it is, this goes on looking.
    """
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                still = await stands_still(listener)
        except Exception as error:  # noqa: BLE001 - a client that is broken raises anything
            log.warning("no look at the consumer", error=type(error).__name__)
            continue
        if still:
            log.error("the consumer stands still: ending, to be started anew")
            end()
            return
