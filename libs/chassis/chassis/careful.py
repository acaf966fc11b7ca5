"""Reading batches without losing any when a read fails.

One read of aiokafka drains several partitions. When one of them raises (a broken checksum, say,
or a compression that cannot be read here), what was drained from the others before is dropped
although their positions have moved: the next commit would lose it. So after a failed read every
partition goes back to what is handled, and for a while records are read one at a time: such a
read either gives its record or has moved nothing. The others go on, whatever is wrong with one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ConsumerStoppedError

from chassis.delivery import Delivered
from chassis.records import Record

Read: TypeAlias = Callable[[AIOKafkaConsumer], Awaitable[tuple[Record, ...]]]

CAREFUL_SECONDS = 5.0
NOTHING_SECONDS = 0.02  # between two looks at partitions where nothing has come
TROUBLE_SECONDS = 1.0  # when there is nothing but a partition that cannot be read

log = structlog.get_logger(__name__)


class Careful:
    """Reads batches for one subscription, as fast as possible and as carefully as needed."""

    def __init__(self, read: Read, delivered: Delivered, most: int) -> None:
        self._fast, self._delivered, self._most = read, delivered, most
        self._astray = False  # a partition may stand behind records that nobody got
        self._careful_until = 0.0

    async def read(self, consumer: AIOKafkaConsumer) -> tuple[Record, ...]:
        """The next batch, empty when there is none.

        Raises:
            ConsumerStoppedError: the consumer is being stopped.
            KafkaError: it cannot be found out what is handled; the next call tries again.
        """
        if not self._astray and monotonic() >= self._careful_until:
            try:
                return await self._fast(consumer)
            except ConsumerStoppedError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, records may be gone
                log.warning("reading carefully", error=type(error).__name__)
                self._astray = True
        if self._astray:
            await self._go_back(consumer)
            self._careful_until = monotonic() + CAREFUL_SECONDS
        self._astray = True  # until this batch is handed over
        batch = await self._one_by_one(consumer)
        self._astray = False
        return tuple(batch)

    async def _go_back(self, consumer: AIOKafkaConsumer) -> None:
        """To what is handled. Another owner may have handled more than this process knows."""
        for place in consumer.assignment():
            committed = await consumer.committed(place) or 0
            handled = max(committed, self._delivered.next_offsets.get(place, 0))
            if handled:
                consumer.seek(place, handled)
            else:
                await consumer.seek_to_beginning(place)

    async def _one_by_one(self, consumer: AIOKafkaConsumer) -> list[Record]:
        batch: list[Record] = []
        pause = NOTHING_SECONDS
        places = consumer.assignment()
        for place in places:
            try:
                for _ in range(max(1, self._most // len(places))):
                    got = await consumer.getmany(place, max_records=1)
                    if not got:
                        break
                    batch += got[place]
            except ConsumerStoppedError:
                raise
            except Exception as error:  # noqa: BLE001 - of this partition; the others go on
                where = {"topic": place.topic, "partition": place.partition}
                log.error("partition unreadable", error=type(error).__name__, **where)
                pause = TROUBLE_SECONDS
        if not batch:
            await asyncio.sleep(pause)
        return batch
