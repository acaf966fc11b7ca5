"""How long the broker is asked to collect: not for few records, longer for a busy process."""

from types import SimpleNamespace
from typing import Any

import pytest
from chassis import fetching
from chassis.fetching import ENOUGH_BYTES, IDLE_MS, LONGEST_MS, Fetching


class Consumer:
    """Hands out what a test gives it, and keeps what the next fetch will ask for."""

    def __init__(self, time: "Time") -> None:
        self.records, self.wait, self._time = 0, 0.0, time
        self._fetcher = SimpleNamespace(_fetch_min_bytes=1, _fetch_max_wait_ms=IDLE_MS)

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[str, list[int]]:
        """So many records, after a while."""
        self._time.now += self.wait
        return {"place": list(range(self.records))} if self.records else {}

    @property
    def asked(self) -> tuple[int, int]:
        """Least bytes and longest wait of the next fetch."""
        return (self._fetcher._fetch_min_bytes, self._fetcher._fetch_max_wait_ms)


class Time:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time that `Fetching` sees."""
    made = Time()
    monkeypatch.setattr(fetching, "monotonic", made)
    return made


async def read(consumer: Any, fetch: Fetching, count: int, wait: float, took: float = 0.0) -> None:
    """Ten batches of so many records, each waited for so long and handled in `took` seconds."""
    consumer.records, consumer.wait = count, wait
    for _ in range(10):
        await fetch.read(consumer)
        consumer._time.now += took


async def test_a_few_records_are_handed_out_at_once(time: Time) -> None:
    consumer, fetch = Consumer(time), Fetching(1000, 10)
    await read(consumer, fetch, count=1, wait=0.05, took=0.002)
    assert consumer.asked == (1, IDLE_MS)


async def test_many_records_are_collected_by_the_broker(time: Time) -> None:
    consumer, fetch = Consumer(time), Fetching(1000, 10)
    await read(consumer, fetch, count=3, wait=0.005, took=0.002)
    assert consumer.asked == (ENOUGH_BYTES, 10)


async def test_who_can_wait_collects_few_records_too(time: Time) -> None:
    consumer, fetch = Consumer(time), Fetching(1000, 100)
    await read(consumer, fetch, count=1, wait=0.05, took=0.002)
    assert consumer.asked == (ENOUGH_BYTES, 100)


async def test_batches_that_take_long_become_larger_but_not_without_end(time: Time) -> None:
    consumer, fetch = Consumer(time), Fetching(1000, 10)
    await read(consumer, fetch, count=50, wait=0.005, took=0.03)
    assert consumer.asked == (ENOUGH_BYTES, 60)
    await read(consumer, fetch, count=50, wait=0.005, took=3)
    assert consumer.asked == (ENOUGH_BYTES, LONGEST_MS)


async def test_when_nothing_comes_any_more_the_next_one_is_handed_out_at_once(time: Time) -> None:
    consumer, fetch = Consumer(time), Fetching(1000, 100)
    await read(consumer, fetch, count=20, wait=0.005)
    assert consumer.asked[0] == ENOUGH_BYTES
    await read(consumer, fetch, count=0, wait=0.5)
    assert consumer.asked == (1, IDLE_MS)
