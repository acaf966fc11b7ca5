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
SHOWN_SECONDS = 30.0  # two rounds of Prometheus earlier, so that it is seen before the end
LOOK_SECONDS = 10.0

log = structlog.get_logger(__name__)


async def stood_still(listener: Listener) -> float:
    """For how many seconds records wait at their place on a partition, and no outage is known.

    0 while a batch is at work: what waits behind it is not forgotten.
    """
    consumer = listener.consumer
    if consumer is None:
        return 0.0
    waiting = await listener.backlog.look(consumer)
    if consumer.paused() or listener.delivered.running.locked():
        return 0.0
    return max((place.still for place in waiting.values()), default=0.0)


async def stands_still(listener: Listener) -> bool:
    """Records wait, no outage is waited out, and yet nothing at all was handled for a minute.

    One partition that stands while others go on is shown (`kc_consumer_stalled`); a new process
    would find it as it is.
    """
    silent = monotonic() - listener.delivered.last_handled_at
    return min(silent, await stood_still(listener)) > STANDSTILL_SECONDS


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
