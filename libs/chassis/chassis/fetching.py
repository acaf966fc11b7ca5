"""How much a read brings: at once what there is while little comes, more at a time under load.

Every batch has a price of its own (a transaction, its statements, what is told of it), so under
load the *broker* collects records for a moment before it answers a fetch. Waiting in this process
instead would collect nothing: aiokafka asks for no more while something is not taken.
"""

from math import exp
from time import monotonic

from aiokafka import AIOKafkaConsumer

from chassis.records import Record

IDLE_MS = 500  # a fetch is answered after this, or with the first record
POLL_MS = 500
WINDOW_SECONDS = 0.5  # over which the rate of records is taken
ENOUGH_BYTES = 1_000_000  # a fetch that collects ends early with so much
LONGEST_MS = 200


class Fetching:
    """Reads for one consumer, and tells the broker how long to collect.

    `gather_ms` is the shortest time for which it collects. It collects twice as long as the last
    batch took, so that a busy machine does fewer and larger batches.
    """

    def __init__(self, most: int, gather_ms: int) -> None:
        self._most, self._gather_ms = most, gather_ms
        self._rate, self._looked_at, self._handed_at = 0.0, monotonic(), 0.0

    async def read(self, consumer: AIOKafkaConsumer) -> tuple[Record, ...]:
        """The next records, empty when there are none for a while.

        Raises:
            ConsumerStoppedError: the consumer is being stopped.
            KafkaError: a partition cannot be read.
        """
        took_ms = (monotonic() - self._handed_at) * 1000 if self._handed_at else 0.0
        got = await consumer.getmany(timeout_ms=POLL_MS, max_records=self._most)
        records = tuple(record for some in got.values() for record in some)
        self._ask_for_more_or_less(consumer, len(records), took_ms)
        self._handed_at = monotonic() if records else 0.0
        return records

    def _ask_for_more_or_less(self, consumer: AIOKafkaConsumer, count: int, took_ms: float) -> None:
        now = monotonic()
        fading = exp((self._looked_at - now) / WINDOW_SECONDS)
        self._rate, self._looked_at = self._rate * fading + count / WINDOW_SECONDS, now
        wait_ms = min(max(self._gather_ms, 2 * took_ms), LONGEST_MS)
        pays = self._rate * wait_ms / 1000 >= 0.5  # somebody else may come meanwhile
        fetcher = consumer._fetcher  # its next request takes what stands here
        fetcher._fetch_min_bytes = ENOUGH_BYTES if pays else 1
        fetcher._fetch_max_wait_ms = int(wait_ms) if pays else IDLE_MS
