"""New notices as they come, to the people who are connected here.

One look at the database per replica serves all of its clients, however many, and finds what other
replicas wrote. Positions are (transaction, number): reading goes up to the oldest transaction that
still runs, so a notice that is committed late is not skipped. A client that comes back with the
last id it saw gets what it missed.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from chassis.database import Database, Transaction
from fastapi.sse import format_sse_event
from sqlalchemy import text

from notifications.http.inbox import shown
from notifications.settings import Settings
from notifications.store import dossiers, people
from notifications.store.notices import SELECT, Reader, notice

HORIZON = text(
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS horizon"
)
NEWS = text(f"""
    {SELECT}, n.written_in FROM notice n
     WHERE (n.recipient_ref, n.organisation_id)
           IN (SELECT * FROM unnest(CAST(:refs AS uuid[]), CAST(:organisations AS uuid[])))
       AND n.state <> 'waiting'
       AND (n.written_in, n.number) > (:written_in, :number) AND n.written_in < :horizon
     ORDER BY n.written_in, n.number LIMIT :limit
""")  # noqa: S608 - column names of ours
PAGE = 200
RETRY_MS = 3000


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the order in which notices became visible."""

    written_in: int
    number: int

    def __str__(self) -> str:
        return f"{self.written_in}-{self.number}"

    @classmethod
    def read(cls, text: str | None) -> "Position | None":
        """The place that an event id names; None for what is not one of ours."""
        parts = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18})", text or "")
        return cls(int(parts[1]), int(parts[2])) if parts else None


@dataclass(frozen=True, slots=True)
class News:
    """One notice on its way to a client."""

    position: Position
    reader: Reader
    content: str

    def encoded(self) -> bytes:
        """As the wire wants it."""
        return format_sse_event(event="notice", data_str=self.content, id=str(self.position))


async def horizon(tx: Transaction) -> int:
    """All transactions before this one are over."""
    row = await tx.row(HORIZON)
    return int(row["horizon"]) if row else 0


async def news(
    tx: Transaction, readers: Sequence[Reader], after: Position, until: int, limit: int = PAGE
) -> list[News]:
    """Visible notices of these readers behind a place, in order, in their words."""
    params: dict[str, Any] = {
        "refs": [reader.person_ref for reader in readers],
        "organisations": [reader.organisation_id for reader in readers],
        "written_in": after.written_in,
        "number": after.number,
        "horizon": until,
        "limit": limit,
    }
    rows = await tx.rows(NEWS, params)
    if not rows:
        return []
    known = await people.people(tx, {row["recipient_ref"] for row in rows})
    files = await dossiers.dossiers(tx, [notice(row) for row in rows])
    found: list[News] = []
    for row, dossier in zip(rows, files, strict=True):
        person = known.get(row["recipient_ref"])
        view = shown(dossier, person.language if person else "de")
        place = Position(row["written_in"], row["number"])
        reader = Reader(row["recipient_ref"], row["organisation_id"])
        found.append(News(place, reader, view.model_dump_json()))
    return found


class Hub:
    """The clients of this replica."""

    WAITING = 1000
    """Notices that may wait for one slow client; then it has to come back."""

    def __init__(self) -> None:
        self._clients: dict[Reader, set[asyncio.Queue[News | None]]] = {}
        self._wake = asyncio.Event()

    async def run(self, db: Database, settings: Settings) -> None:
        """Look for news until cancelled. Without clients nothing is asked."""
        db.after_commit(self._wake.set)
        async with db.reading() as tx:
            place = Position(await horizon(tx), 0)
        while True:
            if self._clients:
                async with db.reading() as tx:
                    place = await self._look(tx, place)
            self._wake.clear()
            # Not `wait_for`: that of Python 3.11 can swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.stream_poll_seconds):
                    await self._wake.wait()

    async def _look(self, tx: Transaction, place: Position) -> Position:
        """Hand out what is new since the last look; a client skips what it has read already."""
        until = await horizon(tx)
        while True:
            found = await news(tx, list(self._clients), place, until)
            for one in found:
                self._hand_out(one)
            if len(found) < PAGE:
                return Position(until, 0)
            place = found[-1].position

    def _hand_out(self, one: News) -> None:
        for queue in self._clients.get(one.reader, ()):
            if queue.qsize() < self.WAITING:
                queue.put_nowait(one)
            elif queue.qsize() == self.WAITING:
                queue.put_nowait(None)

    @contextlib.contextmanager
    def joined(self, reader: Reader) -> Iterator[asyncio.Queue[News | None]]:
        """A queue with what comes for this reader from now on; None ends it."""
        queue: asyncio.Queue[News | None] = asyncio.Queue()
        self._clients.setdefault(reader, set()).add(queue)
        self._wake.set()
        try:
            yield queue
        finally:
            self._clients[reader].discard(queue)
            if not self._clients[reader]:
                del self._clients[reader]


async def stream(
    hub: Hub, db: Database, settings: Settings, reader: Reader, last_seen: Position | None
) -> AsyncIterator[bytes]:
    """What a reader's client is sent, until its time is over: then it comes back with its id."""
    ends_at = monotonic() + settings.stream_seconds
    with hub.joined(reader) as queue:  # first join, then read: nothing falls in between
        async with db.reading() as tx:
            until = await horizon(tx)
        place = last_seen or Position(until, 0)
        yield format_sse_event(comment="welcome", retry=RETRY_MS)
        while last_seen is not None:
            async with db.reading() as tx:
                missed = await news(tx, [reader], place, until)
            for one in missed:
                place = one.position
                yield one.encoded()
            if len(missed) < PAGE:
                break
        while monotonic() < ends_at:
            try:
                async with asyncio.timeout(settings.stream_heartbeat_seconds):
                    new = await queue.get()
            except TimeoutError:
                yield format_sse_event(comment="here")
                continue
            if new is None:
                return
            if new.position > place:
                place = new.position
                yield new.encoded()
