"""What waits on the partitions of a service: how much, since when, and whether it moves.

Kafka tells the end of a partition, but not when the records before it were written. The time is
known of records that were read; of others it is bounded by what this process has seen: they came
after the last that was handled, and after the last look at which nothing waited.
"""

from dataclasses import dataclass
from time import monotonic, time

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.delivery import Delivered


@dataclass(frozen=True)
class Waiting:
    """What waits on one partition."""

    records: int
    since: float
    """When the oldest of them was written, seconds since 1970, as near as it is known."""
    still: float
    """For how many seconds it has been seen to wait at the same place."""


class Backlog:
    """Looks at the partitions of one consumer, and remembers what it saw."""

    def __init__(self, delivered: Delivered) -> None:
        self._delivered = delivered
        self._began: dict[TopicPartition, float] = {}  # when something was first seen to wait
        self._was_empty: set[TopicPartition] = set()  # so what waits came after that
        self._stood: dict[TopicPartition, tuple[int, float]] = {}  # at which offset, since when

    async def look(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, Waiting]:
        """The partitions on which something waits. What is being handled waits, too."""
        found = {}
        for place in consumer.assignment():
            end = consumer.highwater(place)
            if end is None:
                continue  # nobody has fetched it yet
            at_hand = self._delivered.at_hand.get(place)
            offset = at_hand.offset if at_hand else await consumer.position(place)
            if end > offset:
                still = self._still(place, offset)
                found[place] = Waiting(end - offset, self._since(place), still)
            else:
                self._was_empty.add(place)
                self._began.pop(place, None)
                self._stood.pop(place, None)
        return found

    def forget(self) -> None:
        """Partitions change hands: nothing that was seen holds any longer."""
        self._began.clear()
        self._was_empty.clear()
        self._stood.clear()

    def _since(self, place: TopicPartition) -> float:
        if at_hand := self._delivered.at_hand.get(place):
            return float(at_hand.timestamp) / 1000
        began = self._began.setdefault(place, time())
        handled = self._delivered.handled_until.get(place, began)
        return max(handled, began) if place in self._was_empty else handled

    def _still(self, place: TopicPartition, offset: int) -> float:
        before, since = self._stood.get(place, (-1, 0.0))
        if before != offset:
            since = monotonic()
            self._stood[place] = offset, since
        return monotonic() - since
