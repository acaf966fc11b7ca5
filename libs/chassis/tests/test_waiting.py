"""Answers that wait until something is finished, here or in another replica."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from chassis.database import Transaction
from chassis.testing import TestApp, until
from chassis.waiting import Waiter, preferred_seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("wait=5", 5),
        ("respond-async, wait=10", 10),
        ('wait="7"; foo=bar', 7),
        ("wait = 3", 3),
        ("wait=99999", 30),
        ("wait=-1", 0),
        ("wait=soon", 0),
        ("return=minimal", 0),
        ("awaits=5", 0),
    ],
)
def test_the_wish_to_wait_is_read_from_prefer(header: str | None, seconds: int) -> None:
    assert preferred_seconds(header) == seconds


BELL = "work finished"


class Work:
    """Things that get finished; it counts how often somebody asks."""

    def __init__(self) -> None:
        self.done: dict[UUID, str] = {}
        self.asked = 0
        self.most = 0

    async def finished(self, _: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
        """Those of the things that are finished."""
        self.asked += 1
        self.most = max(self.most, len(ids))
        return {id_: self.done[id_] for id_ in ids if id_ in self.done}


async def test_a_commit_of_this_process_wakes_who_waits(app: TestApp) -> None:
    work, id_ = Work(), uuid4()
    waiter = Waiter(app.db, work.finished, BELL)
    waiting = asyncio.create_task(waiter.until(id_, 10))
    await asyncio.sleep(0)
    work.done[id_] = "ready"
    async with app.db.transaction() as tx:
        tx.ring(BELL)
    assert await asyncio.wait_for(waiting, 0.5) == "ready"


async def test_a_commit_that_finished_nothing_asks_nothing(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Waiter, "SHORTEST_PAUSE", 3600)
    work = Work()
    waiting = asyncio.create_task(Waiter(app.db, work.finished, BELL).until(uuid4(), 0.3))
    await asyncio.sleep(0)
    async with app.db.transaction():
        pass
    assert await waiting is None
    assert not work.asked


async def test_what_another_replica_finishes_is_found_soon(app: TestApp) -> None:
    work, id_ = Work(), uuid4()
    waiting = asyncio.create_task(Waiter(app.db, work.finished, BELL).until(id_, 10))
    await until(lambda: work.asked >= 3)
    work.done[id_] = "ready"
    assert await asyncio.wait_for(waiting, 1) == "ready"


async def test_everybody_who_waits_is_one_question(app: TestApp) -> None:
    work, ids = Work(), [uuid4() for _ in range(200)]
    waiter = Waiter(app.db, work.finished, BELL)
    waiting = [asyncio.create_task(waiter.until(id_, 5)) for id_ in [*ids, *ids]]
    await until(lambda: work.most == len(ids))
    work.done = dict.fromkeys(ids, "ready")
    assert set(await asyncio.gather(*waiting)) == {"ready"}
    assert work.asked < 20


async def test_who_waits_too_long_gets_nothing_and_nobody_asks_any_more(app: TestApp) -> None:
    work = Work()
    assert await Waiter(app.db, work.finished, BELL).until(uuid4(), 0.2) is None
    await asyncio.sleep(0.25)
    asked = work.asked
    async with app.db.transaction():
        pass
    await asyncio.sleep(0.1)
    assert work.asked == asked


async def test_who_waits_is_answered_after_a_question_that_failed(app: TestApp) -> None:
    work, id_ = Work(), uuid4()
    work.done[id_] = "ready"

    async def stumbling(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
        found = await work.finished(tx, ids)
        if work.asked == 1:
            raise ArithmeticError("a bug")
        return found

    assert await Waiter(app.db, stumbling, BELL).until(id_, 3) == "ready"


async def test_control_who_only_looks_after_own_commits_misses_what_another_replica_finishes(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Waiter, "SHORTEST_PAUSE", 3600)
    monkeypatch.setattr(Waiter, "LONGEST_PAUSE", 3600)
    work, id_ = Work(), uuid4()
    waiting = asyncio.create_task(Waiter(app.db, work.finished, BELL).until(id_, 2))
    await asyncio.sleep(0)
    work.done[id_] = "ready"
    assert await waiting is None
