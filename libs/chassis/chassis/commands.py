"""Group commit: requests gather while the last transaction runs, then one transaction serves all.

Nobody waits on purpose. Each command gets its own answer; one that fails does not fail its
neighbours. An Idempotency-Key and its answer are stored in the transaction of the effect: the same
key gives the same answer (also a refusal), the same key with another body is refused.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar, cast, get_args, get_type_hints

import orjson
import structlog
from contracts.refusal import Refusal, Rule
from pydantic import TypeAdapter
from sqlalchemy import text

from chassis import admission, faults, metrics
from chassis.database import Database, Transaction, is_outage, is_passing
from chassis.problems import KEY_REUSED, Unavailable

Answer_co = TypeVar("Answer_co", covariant=True)

TABLE = """
CREATE TABLE idempotency (
    scope text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    answer text,
    refusal text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
)
"""
INDEX = "CREATE INDEX idempotency_age ON idempotency USING brin (created_at)"
KNOWN = text("""
    SELECT scope, key, fingerprint, answer, refusal FROM idempotency
     WHERE (scope, key) IN (SELECT * FROM unnest(CAST(:scopes AS text[]), CAST(:keys AS text[])))
""")
# The last statement of a transaction but the outbox: whoever waits here holds nobody up for long.
KEEP = text("""
    INSERT INTO idempotency (scope, key, fingerprint, answer, refusal, created_at)
    SELECT s, k, f, a, r, :now
      FROM unnest(CAST(:scopes AS text[]), CAST(:keys AS text[]), CAST(:fingerprints AS bytea[]),
                  CAST(:answers AS text[]), CAST(:refusals AS text[])) AS t(s, k, f, a, r)
     ORDER BY s, k
    ON CONFLICT DO NOTHING
""")

log = structlog.get_logger(__name__)


class CommandHandler(Protocol[Answer_co]):
    """Decides a sequence of commands in one transaction: one answer each, in order."""

    def __call__(
        self, tx: Transaction, commands: Sequence[Any], /
    ) -> Awaitable[Sequence[Answer_co | Refusal]]:
        """Load, decide, save, emit."""


@dataclass(frozen=True)
class IdempotencyKey:
    """A client's key. `scope` is who and which route; `fingerprint` the hash of what was sent."""

    scope: str
    key: str
    fingerprint: bytes

    @property
    def name(self) -> tuple[str, str]:
        """What makes it unique."""
        return (self.scope, self.key)


@dataclass(eq=False)
class Waiting:
    """A command and whoever waits for its answer."""

    command: Any
    key: IdempotencyKey | None
    future: asyncio.Future[tuple[Any, bool]]
    deadline: float


@dataclass
class Gate(Generic[Answer_co]):
    """The queue in front of one handler."""

    handler: CommandHandler[Answer_co]
    answers: TypeAdapter[Any]
    queue: list[Waiting] = field(default_factory=list)
    worker: asyncio.Task[None] | None = None


class Commands:
    """All handlers of a service that take commands."""

    GROUP = 500

    def __init__(self, db: Database, limit: int) -> None:
        self._db, self._limit = db, limit
        self._gates: dict[Callable[..., Any], Gate[Any]] = {}
        self._context = copy_context()  # not that of the request that happens to come first

    async def run(
        self, handler: CommandHandler[Any], command: Any, key: IdempotencyKey | None
    ) -> tuple[Any, bool]:
        """The answer, and whether it was given before (same key).

        Raises:
            Refusal: a rule said no.
            Unavailable: the queue is full, or the database is not there.
        """
        gate = self._gate(handler)
        if len(gate.queue) >= self._limit:
            raise Unavailable("overloaded")
        future = asyncio.get_running_loop().create_future()
        waiting = Waiting(command, key, future, admission.deadline())
        gate.queue.append(waiting)
        if gate.worker is None or gate.worker.done():
            gate.worker = asyncio.create_task(self._work(gate), context=self._context.copy())
        return await waiting.future

    async def close(self) -> None:
        """Finish what was begun."""
        workers = [gate.worker for gate in self._gates.values() if gate.worker]
        await asyncio.gather(*workers, return_exceptions=True)

    def _gate(self, handler: CommandHandler[Any]) -> Gate[Any]:
        call = cast("Callable[..., Any]", handler)
        if call not in self._gates:
            self._gates[call] = Gate(handler, TypeAdapter(_answer_type(call)))
        return self._gates[call]

    async def _work(self, gate: Gate[Any]) -> None:
        while gate.queue:
            _refuse_late(gate.queue[: self.GROUP])
            group = [w for w in gate.queue[: self.GROUP] if not w.future.done()]
            del gate.queue[: self.GROUP]
            if group:
                name = getattr(gate.handler, "__name__", "handler")
                metrics.GROUP_SIZE.labels(self._db.name, name).observe(len(group))
                await self._serve(gate, group)

    async def _serve(self, gate: Gate[Any], group: list[Waiting]) -> None:
        for attempt in (1, 2, 3):
            try:
                answers = await self._decide(gate, group)
            except Exception as error:  # noqa: BLE001 - it becomes the answer of those who wait
                if (is_passing(error) or isinstance(error, KeyTaken)) and attempt < 3:
                    await asyncio.sleep(0.01 * attempt)
                    continue
                await self._failed(gate, group, error)
            else:
                for waiting, answer in zip(group, answers, strict=True):
                    _answer(waiting, answer)
            return

    async def _failed(self, gate: Gate[Any], group: list[Waiting], error: Exception) -> None:
        if is_outage(error) or is_passing(error) or isinstance(error, KeyTaken):
            log.warning("commands not possible", count=len(group), error=type(error).__name__)
            for waiting in group:
                _answer(waiting, Unavailable())
        elif len(group) == 1:
            _answer(group[0], error)
        else:
            for waiting in group:  # one of them is to blame: each alone
                await self._serve(gate, [waiting])

    async def _decide(self, gate: Gate[Any], group: list[Waiting]) -> list[Any]:
        async with self._db.transaction() as tx:
            first = _first_of_each_key(group)
            stored = await _known(tx, [w.key for w in first.values() if w.key])
            # read before anything takes effect: an answer of an older version may not be readable
            restored = {name: (_restored(gate, row), True) for name, row in stored.items()}
            todo = [w for w in first.values() if w.key is None or w.key.name not in stored]
            answers = await gate.handler(tx, [w.command for w in todo]) if todo else []
            decided = {id(w): (a, False) for w, a in zip(todo, answers, strict=True)}
            await _keep(tx, gate, [(w.key, decided[id(w)][0]) for w in todo if w.key])
        faults.point("commands.after_commit")
        for waiting in first.values():
            if waiting.key and waiting.key.name in stored:
                decided[id(waiting)] = restored[waiting.key.name]
        return [_of_its_key(w, first, decided, stored) for w in group]


def _refuse_late(taken: list[Waiting]) -> None:
    """Nobody waits any more for what was not begun in time."""
    now = monotonic()
    for waiting in taken:
        if waiting.deadline < now:
            _answer(waiting, Unavailable("too-late"))


def _of_its_key(
    waiting: Waiting,
    first: dict[Any, Waiting],
    decided: dict[int, tuple[Any, bool]],
    stored: dict[tuple[str, str], Any],
) -> Any:
    if waiting.key is None:
        return decided[id(waiting)]
    original = first[waiting.key.name]
    row = stored.get(waiting.key.name)
    fingerprint = bytes(row["fingerprint"]) if row else cast("Any", original.key).fingerprint
    if fingerprint != waiting.key.fingerprint:
        return (KEY_REUSED.refuse(), False)
    answer, replayed = decided[id(original)]
    return (answer, replayed or waiting is not original)


def _first_of_each_key(group: list[Waiting]) -> dict[Any, Waiting]:
    first: dict[Any, Waiting] = {}
    for waiting in group:
        first.setdefault(waiting.key.name if waiting.key else id(waiting), waiting)
    return first


async def _known(tx: Transaction, keys: list[IdempotencyKey]) -> dict[tuple[str, str], Any]:
    """What was answered under these keys before."""
    if not keys:
        return {}
    names = {"scopes": [k.scope for k in keys], "keys": [k.key for k in keys]}
    return {(row["scope"], row["key"]): row for row in await tx.rows(KNOWN, names)}


class KeyTaken(Exception):  # noqa: N818 - not an error: the other one's answer will be given
    """Another replica served the same key at the same time, and was faster."""


async def _keep(
    tx: Transaction, gate: Gate[Any], decided: list[tuple[IdempotencyKey, Any]]
) -> None:
    """Store the answers with their effect.

    Raises:
        KeyTaken: one of the keys is not new any more; the effect must not happen.
    """
    if not decided:
        return
    answers = [None if isinstance(a, Refusal) else gate.answers.dump_json(a) for _, a in decided]
    kept = await tx.execute(
        KEEP,
        {
            "scopes": [key.scope for key, _ in decided],
            "keys": [key.key for key, _ in decided],
            "fingerprints": [key.fingerprint for key, _ in decided],
            "answers": [None if a is None else a.decode() for a in answers],
            "refusals": [_packed(a) if isinstance(a, Refusal) else None for _, a in decided],
            "now": tx.now,
        },
    )
    if kept != len(decided):
        raise KeyTaken


def _packed(refusal: Refusal) -> str:
    rule = refusal.rule
    return orjson.dumps(
        [rule.code, rule.status, rule.en, rule.de, refusal.pointer, dict(refusal.data)],
        default=str,
    ).decode()


def _restored(gate: Gate[Any], row: Any) -> Any:
    if row["refusal"] is not None:
        code, status, en, de, pointer, data = orjson.loads(row["refusal"])
        return Refusal(Rule(code, status, en, de), pointer, data)
    return gate.answers.validate_json(row["answer"])


def _answer(waiting: Waiting, answer: Any) -> None:
    result, replayed = answer if isinstance(answer, tuple) else (answer, False)
    with contextlib.suppress(asyncio.InvalidStateError):  # the client may have gone
        if isinstance(result, Exception):
            waiting.future.set_exception(result)
        else:
            waiting.future.set_result((result, replayed))


def _answer_type(handler: Callable[..., Any]) -> Any:
    """`X` of a handler that returns `list[X | Refusal]`: what a stored answer is read back as."""
    (answers,) = get_args(get_type_hints(handler)["return"])
    kinds = [kind for kind in get_args(answers) or (answers,) if kind is not Refusal]
    union: Any = kinds[0]
    for kind in kinds[1:]:
        union = union | kind
    return union
