"""`Prefer: wait=N`: an answer that waits until something is finished, wherever it is finished.

One task per process asks one set-based query for everybody who waits, only while somebody waits:
right after a commit of this process that rang for it, and else in growing pauses, for another
replica may have done the work.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar, cast
from uuid import UUID

import structlog
from fastapi import Depends, Header, Request, Response

from chassis import admission
from chassis.database import Database, Transaction, is_outage

T = TypeVar("T")
Finished = Callable[[Transaction, Sequence[UUID]], Awaitable[Mapping[UUID, T]]]
"""Which of these ids are finished, with what the answer needs of them."""

LONGEST = 30

log = structlog.get_logger(__name__)


class Waiter(Generic[T]):
    """Wakes those who wait, as soon as what they wait for is finished."""

    SHORTEST_PAUSE, LONGEST_PAUSE = 0.025, 0.2

    def __init__(self, db: Database, finished: Finished[T], bell: str) -> None:
        """`bell` is rung (`Transaction.ring`) by every transaction that finishes something."""
        self._db, self._finished = db, finished
        self._waiting: dict[UUID, list[asyncio.Future[T]]] = {}
        self._news = db.bell(bell)
        self._task: asyncio.Task[None] | None = None

    async def until(self, id_: UUID, seconds: float) -> T | None:
        """What is finished under that id, or None when it took too long."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(id_, []).append(future)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._ask())
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return None
        finally:
            self._forget(id_, future)

    def _forget(self, id_: UUID, future: asyncio.Future[T]) -> None:
        futures = self._waiting.get(id_, [])
        if future in futures:
            futures.remove(future)
        if not futures:
            self._waiting.pop(id_, None)

    async def _ask(self) -> None:
        pause = self.SHORTEST_PAUSE
        while self._waiting:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), pause)
            heard = self._news.is_set()
            self._news.clear()
            pause = self.SHORTEST_PAUSE if heard else min(pause * 1.5, self.LONGEST_PAUSE)
            await self._look()
            await asyncio.sleep(0.005)  # many commits in a row are one question

    async def _look(self) -> None:
        try:
            async with self._db.reading() as tx:
                found = await self._finished(tx, list(self._waiting))
        except Exception as error:  # it is asked again, as long as somebody waits
            log.warning(
                "cannot look what is finished",
                error=type(error).__name__,
                exc_info=None if is_outage(error) else error,
            )
            await asyncio.sleep(self.LONGEST_PAUSE)
            return
        for id_, value in found.items():
            for future in self._waiting.pop(id_, []):
                if not future.done():
                    future.set_result(value)


class Wait(Generic[T]):
    """How long this request wants to wait. `seconds` is 0 when it does not."""

    def __init__(self, waiter: Waiter[T], seconds: int, response: Response) -> None:
        self._waiter, self.seconds, self._response = waiter, seconds, response

    async def until(self, id_: UUID) -> T | None:
        """What is finished under that id; None when nobody wanted to wait, or it took too long."""
        if not self.seconds:
            return None
        with admission.parked() as may_wait:
            return await self._waiter.until(id_, self.seconds) if may_wait else None

    def answered(self) -> None:
        """Say in the answer that the wish was heard."""
        if self.seconds:
            self._response.headers["Preference-Applied"] = f"wait={self.seconds}"


def preferred_seconds(prefer: str | None) -> int:
    """N of `Prefer: wait=N` (RFC 7240), at most 30; 0 without it."""
    found = re.search(r"(?:^|[,;]\s*)wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?=$|[,;])", prefer or "")
    return min(int(found[1]), LONGEST) if found else 0


def waiting_for(finished: Finished[Any], bell: str) -> Any:
    """`Annotated[Wait[T], waiting_for(query, bell)]`: one waiter per query and process."""

    async def wait(
        request: Request,
        response: Response,
        prefer: Annotated[str | None, Header(description="wait=N, up to 30 seconds")] = None,
    ) -> Wait[Any]:
        state = request.app.state
        if not hasattr(state, "waiters"):
            state.waiters = {}
        waiters = cast("dict[Finished[Any], Waiter[Any]]", state.waiters)
        if finished not in waiters:
            waiters[finished] = Waiter(state.db, finished, bell)
        return Wait(waiters[finished], preferred_seconds(prefer), response)

    return Depends(wait)
