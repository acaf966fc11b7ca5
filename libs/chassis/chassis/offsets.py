"""Offsets are committed a moment behind the work: one request to Kafka for many batches.

The inbox makes that safe: what a crash lets come again is skipped. Before partitions are given
away, and at the end, what is handled is committed at once.
"""

import asyncio
import contextlib
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

BEHIND_SECONDS = 0.5
TRIES = 50  # then the next batch takes it up again


class Offsets:
    """Commits what is handled, for one consumer at a time."""

    def __init__(self, handled: Mapping[TopicPartition, int]) -> None:
        """`handled` says behind which offset this process is, and is kept up to date by others."""
        self._handled = handled
        self._committed: dict[TopicPartition, int] = {}
        self._later: asyncio.Task[None] | None = None

    def soon(self, consumer: AIOKafkaConsumer) -> None:
        """Commit in a moment, together with what will be handled until then."""
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._wait(consumer))

    async def _wait(self, consumer: AIOKafkaConsumer) -> None:
        """Until all is committed: also what was handled while a commit was on its way."""
        for _ in range(TRIES):
            await asyncio.sleep(BEHIND_SECONDS)
            await self.commit(consumer)
            if not self._new(consumer):
                return

    def _new(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        mine = consumer.assignment()
        return {
            place: offset
            for place, offset in self._handled.items()
            if place in mine and self._committed.get(place) != offset
        }

    async def commit(self, consumer: AIOKafkaConsumer) -> None:
        """Commit now. A failure is no harm: the same is committed next time, or comes again."""
        if new := self._new(consumer):
            # a rebalance, an outage, or partitions that were just given away
            with contextlib.suppress(KafkaError):
                await consumer.commit(new)
                self._committed.update(new)

    def forget(self) -> None:
        """Other members may commit from now on."""
        self._committed.clear()
