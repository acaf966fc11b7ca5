"""One transaction: read, write and `emit` belong together or do not happen.

Outside this module nobody commits. SQL is set-based text of the services' own `store.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any, TypeAlias

import asyncpg
from contracts.base import Event
from sqlalchemy import TextClause, event
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chassis import metrics, outbox
from chassis.ids import ordered_ids
from chassis.settings import ServiceSettings, system_clock

Clock = Callable[[], datetime]

# A forgotten lock or statement must not hold up everybody else (reliability page 7.1).
SERVER_SETTINGS = {
    "jit": "off",
    "timezone": "UTC",
    "lock_timeout": "5000",
    "statement_timeout": "20000",
    "idle_in_transaction_session_timeout": "15000",
}


_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]


Row: TypeAlias = asyncpg.Record
"""A row of an answer: `row["column"]`, or its values in order."""


@lru_cache(maxsize=2000)
def _compiled(sql: TextClause) -> tuple[str, tuple[str, ...]]:
    """A statement as the driver takes it, and the names of its parameters in order."""
    compiled = sql.compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ())


class Transaction:
    """What a handler works with. `now` is the one time of everything in it.

    Statements go to the driver as they are, without SQLAlchemy's result objects: they cost more
    than the statements (docs/performance.md).
    """

    def __init__(self, driver: asyncpg.Connection, now: datetime) -> None:
        self._driver = driver
        self._told: list[Event] = []
        self._letters: list[outbox.Letter] = []
        self._bells: set[str] = set()
        self._afterwards: list[Callable[[], None]] = []
        self.now = now

    async def execute(self, sql: TextClause, params: Mapping[str, Any] | None = None) -> int:
        """Run a statement; how many rows it changed."""
        query, names = _compiled(sql)
        done = await self._driver.execute(query, *[(params or {})[name] for name in names])
        count = done.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    async def rows(self, sql: TextClause, params: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """Run a statement and read its rows."""
        query, names = _compiled(sql)
        found: list[Row] = await self._driver.fetch(
            query, *[(params or {})[name] for name in names]
        )
        return found

    async def row(self, sql: TextClause, params: Mapping[str, Any] | None = None) -> Row | None:
        """Run a statement and read its first row, if there is one."""
        rows = await self.rows(sql, params)
        return rows[0] if rows else None

    def ring(self, bell: str) -> None:
        """Wake who waits for this bell (`Database.bell`), after the commit."""
        self._bells.add(bell)

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call this after the commit, or never: to count what really happened."""
        self._afterwards.append(call)

    async def emit(self, *events: Event) -> None:
        """Tell what happened: the rows reach the outbox with this commit, in this order.

        Call it after the rows that the events speak of are locked: only then is the order of the
        outbox the order of the changes.
        """
        self._told += events

    async def send_as_is(self, letter: "outbox.Letter") -> None:
        """Send bytes that are not an event of ours (a dead letter), with this commit."""
        self._letters.append(letter)

    @property
    def rung(self) -> set[str]:
        """The bells that were rung."""
        return self._bells

    @property
    def calls(self) -> Sequence[Callable[[], None]]:
        """What has to be called after the commit."""
        return self._afterwards

    async def flush(self) -> "list[outbox.Posted]":
        """Write what was told to the outbox; it comes back with its numbers."""
        letters = [
            outbox.letter(event, id_, self.now)
            for event, id_ in zip(self._told, ordered_ids(len(self._told), self.now), strict=True)
        ] + self._letters
        self._told, self._letters = [], []
        if not letters:
            return []
        rows = await self.rows(outbox.INSERT, outbox.params(letters))
        numbers = sorted(row["seq"] for row in rows)
        return [outbox.Posted(*pair) for pair in zip(numbers, letters, strict=True)]


def _refuse_lost(connection: Any, *_: Any) -> None:
    """A connection that the server has ended meanwhile is no use, and neither are its like."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


class Database:
    """The database of one service."""

    def __init__(self, settings: ServiceSettings, name: str, clock: Clock = system_clock) -> None:
        self.name = name
        self.clock = clock
        self.url = settings.database_url
        self._after_commit: list[Callable[[], None]] = []
        self._bells: dict[str, asyncio.Event] = {}
        self._followers: list[outbox.Follower] = []
        self._waits = metrics.POOL_WAIT.labels(name)
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=settings.pool_size,
            max_overflow=0,
            pool_timeout=settings.pool_wait_ms / 1000,
            pool_use_lifo=True,
            hide_parameters=True,  # the text of an error must not repeat names
            connect_args={
                "timeout": 5,
                "server_settings": {**SERVER_SETTINGS, "application_name": name},
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _refuse_lost)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call this after every commit of ours."""
        self._after_commit.append(call)

    def follow(self, follower: outbox.Follower) -> None:
        """Tell what transactions of ours put into the outbox, and how they ended."""
        self._followers.append(follower)

    def bell(self, name: str) -> asyncio.Event:
        """Set by every commit of ours that rang it; whoever waits for it clears it."""
        return self._bells.setdefault(name, asyncio.Event())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commit on a clean exit, roll back on any error."""
        posted: list[outbox.Posted] = []
        try:
            async with self._driver() as driver, driver.transaction():
                tx = Transaction(driver, self.clock())
                yield tx
                posted = await tx.flush()
                for follower in self._followers:
                    follower.drawn(posted)
        except BaseException:  # also where only the answer to the COMMIT is missing
            for follower in self._followers:
                follower.abandoned(posted)
            raise
        for follower in self._followers:
            follower.committed(posted)
        for call in (*self._after_commit, *tx.calls):
            call()
        for name in tx.rung:
            self.bell(name).set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """To read by: each statement sees what is committed when it begins; what is told is not.

        No transaction is open, so nothing is held up meanwhile. Whoever needs one state of several
        tables asks in one statement.
        """
        async with self._driver() as driver:
            yield Transaction(driver, self.clock())

    @asynccontextmanager
    async def _driver(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the pool, as the driver has it."""
        async with self._connection() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None  # noqa: S101 - only a closed one has none
            try:
                yield driver
            except BaseException as error:
                if driver.is_closed() or not isinstance(error, Exception):
                    await connection.invalidate()  # lost, or left in the middle of a statement
                raise

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection of the pool; how long that took is counted, also where none came."""
        asked = monotonic()
        try:
            async with self.engine.connect() as connection:
                self._waits.observe(monotonic() - asked)
                yield connection
        except PoolTimeout:
            self._waits.observe(monotonic() - asked)
            raise

    async def answers(self) -> bool:
        """Whether the database is there and takes writes. Whatever else it says means no."""
        try:
            async with self.engine.connect() as connection:
                found = await connection.exec_driver_sql("SHOW transaction_read_only")
                return bool(found.scalar_one() == "off")
        except Exception:  # noqa: BLE001 - who waits for it must not end because of it
            return False

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


# SQLSTATE classes and codes that say "the server", not "the statement": connection, resources,
# operator intervention, system error; and, as a passing fault, deadlock, serialisation, lock wait.
# Also nobody's message is to blame when the server does not let us in (28, 3D), is a standby that
# takes no writes (25006), or gave up on us because this process stood still (25P03).
OUTAGE_CLASSES = ("08", "28", "3D", "53", "57", "58")
OUTAGES = ("25006", "25P03")
TOO_SLOW = "57014"
NO_TEXT = "22021"
PASSING = ("40001", "40P01", "55P03")


def _sqlstate(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlstate", "") or getattr(cause, "pgcode", "") or "")


def _says_outage(state: str) -> bool:
    return state[:2] in OUTAGE_CLASSES or state in OUTAGES


def is_passing(error: BaseException) -> bool:
    """A deadlock or a lock that took too long: the same work may go through next time."""
    return _sqlstate(error) in PASSING


def is_too_slow(error: BaseException) -> bool:
    """A statement ran into its time limit: less work at once may go through."""
    return _sqlstate(error) == TOO_SLOW


def is_no_text(error: BaseException) -> bool:
    """A NUL in a path or a query got as far as a statement: no text of the database."""
    return _sqlstate(error) == NO_TEXT


def is_outage(error: BaseException) -> bool:
    """The world is down (database, network, resources): nothing is wrong with the message."""
    if isinstance(error, OSError | PoolTimeout | TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        state = str(getattr(error, "sqlstate", "") or "08")
        return type(error).__module__.startswith("asyncpg") and _says_outage(state)
    state = _sqlstate(error)
    if _says_outage(state) or error.connection_invalidated:
        return True
    return not state and isinstance(error, OperationalError | InterfaceError)


def columns(items: Iterable[object], names: Sequence[str]) -> dict[str, list[Any]]:
    """Attributes of many objects as arrays, for `unnest(CAST(:name AS …[]))`."""
    listed = list(items)
    return {name: [getattr(item, name) for item in listed] for name in names}
