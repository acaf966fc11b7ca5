"""A small service for the tests of the chassis: it hears runs and keeps a ledger of them."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest
from chassis.app import Service
from chassis.auth import Actor, Allowed
from chassis.database import Clock, Transaction
from chassis.delivery import Subscriptions
from chassis.http import Body, Read, View, Write, problems
from chassis.settings import ServiceSettings, system_clock
from chassis.testing import Servers, TestApp, running
from chassis.testing_issuer import Issuer
from contracts import topics
from contracts.base import Cause, Event
from contracts.catalog import RunCancelled
from contracts.enrolment import EnrolmentExpired
from contracts.refusal import NOT_FOUND, Refusal, Rule
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import TextClause, text

UNLUCKY = Rule("unlucky-number", 409, "Not this number.", "Diese Zahl nicht.")

router = APIRouter(prefix="/api/enrolment")


class Number(Body):
    """A number to be written down."""

    number: int


class Note(BaseModel):
    """A number that a client wants written down."""

    number: int
    cause: Any = None


class Written(View):
    """How many notes there are after this one."""

    number: int
    total: int


async def write_down(tx: Transaction, notes: Sequence[Note]) -> list[Written | Refusal]:
    """Write numbers into the ledger; 13 is refused, 666 is a bug."""
    answers: list[Written | Refusal] = []
    for note in notes:
        if note.number == 13:
            answers.append(UNLUCKY.refuse("/number"))
            continue
        if note.number == 666:
            raise ArithmeticError("a bug")
        row = await tx.row(
            text("INSERT INTO note (number) VALUES (:n) RETURNING id"), {"n": note.number}
        )
        answers.append(Written(number=note.number, total=row["id"] if row else 0))
    return answers


@router.post("/notes", status_code=201, responses=problems(403, 409))
async def post_note(
    body: Number, _: Annotated[Actor, Allowed("coordinator")], write: Write
) -> Written:
    """Write a number down."""
    return await write(write_down, Note(number=body.number, cause=write.cause))


@router.get("/notes/{note_id}")
async def get_note(
    note_id: int, _: Annotated[Actor, Allowed("coordinator")], read: Read
) -> Written:
    """Read a number."""
    async with read() as tx:
        row = await tx.row(text("SELECT * FROM note WHERE id = :id"), {"id": note_id})
    if row is None:
        raise NOT_FOUND.refuse()
    return Written(number=row["number"], total=row["id"])


class Troubles:
    """What the handler shall suffer from: ids of runs that it cannot bear, of those with a number
    that no column holds (found by driver or server), and of those during which the server ends its
    connection so many times.
    """

    def __init__(self) -> None:
        self.unbearable: set[UUID] = set()
        self.too_large: dict[UUID, TextClause] = {}
        self.cut: Counter[UUID] = Counter()
        self.full: Counter[UUID] = Counter()


TROUBLES = Troubles()
# what PostgreSQL says when its disk is full
NO_ROOM = text("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$")


async def hear_runs(tx: Transaction, events: Sequence[Event]) -> None:
    """Count every run once, and tell about it."""
    for event in events:
        if not isinstance(event, RunCancelled):
            continue
        if event.run_id in TROUBLES.unbearable:
            raise ArithmeticError("cannot bear it")
        if event.run_id in TROUBLES.too_large:
            await tx.execute(TROUBLES.too_large[event.run_id], {"n": 2**40})
        if TROUBLES.cut[event.run_id] > 0:
            TROUBLES.cut[event.run_id] -= 1
            await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        if TROUBLES.full[event.run_id] > 0:
            TROUBLES.full[event.run_id] -= 1
            await tx.execute(NO_ROOM)
        await tx.execute(
            text("INSERT INTO heard (run_id, event_id) VALUES (:run, :event)"),
            {"run": event.run_id, "event": event.meta.id},
        )
        told = EnrolmentExpired(
            enrolment_id=event.run_id,
            run_id=event.run_id,
            organisation_id=event.offer_id,
            person_ref=event.offer_id,
            reason="run-started",
            expired_at=tx.now,
        )
        await tx.emit(told.because(event.cause, version=1))


def subscribe(on: Subscriptions) -> None:
    """What the small service hears."""
    on(topics.RUNS, hear_runs)


class Settings(ServiceSettings):
    """Nothing of its own."""


def build(clock: Clock = system_clock, **settings: Any) -> Service:
    """The small service."""
    return Service(
        name="enrolment",
        settings=Settings(**settings),
        migrations=Path(__file__).parent / "migrations",
        routers=[router],
        subscribe=subscribe,
        clock=clock,
    )


@pytest.fixture(scope="package")
async def app(servers: Servers, issuer: Issuer) -> AsyncIterator[TestApp]:
    """The small service at work."""
    async with running(build, servers, issuer) as test:
        yield test


def a_cancelled_run(run_id: UUID | None = None) -> RunCancelled:
    """An event that the small service hears."""
    return RunCancelled(run_id=run_id or uuid4(), offer_id=uuid4(), cancelled_at=datetime.now(UTC))


async def times_heard(app: TestApp, run_id: UUID) -> int:
    """How often the handler took effect."""
    async with app.db.reading() as tx:
        return len(await tx.rows(text("SELECT 1 FROM heard WHERE run_id = :r"), {"r": run_id}))


def cause() -> Cause:
    """Why something happens in a test."""
    return Cause("correlation-of-a-test")
