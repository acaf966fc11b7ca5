"""Many commands in one transaction: equal keys, one that fails, two replicas; and what holds it."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import pytest
from chassis import commands
from chassis.commands import Commands, IdempotencyKey
from chassis.database import Database
from chassis.problems import KEY_REUSED
from chassis.testing import TestApp
from contracts.refusal import Refusal
from sqlalchemy import text

from libs.chassis.tests.conftest import UNLUCKY, Note, Written, write_down

BUG, REFUSED = 666, 13  # what the handler of the small service cannot bear, and what it refuses
MANY = 20


def a_number() -> int:
    """A number that no other test writes down."""
    return random.randrange(10_000, 2**31)


def a_key(body: bytes = b"") -> IdempotencyKey:
    """A key of a client who sent this body."""
    return IdempotencyKey("somebody POST /notes", uuid4().hex, body)


async def times_written(app: TestApp, *numbers: int) -> list[int]:
    """How many notes there are of each number."""
    async with app.db.reading() as tx:
        rows = await tx.rows(
            text("SELECT number FROM note WHERE number = ANY(CAST(:n AS int[]))"),
            {"n": list(numbers)},
        )
    found = [row["number"] for row in rows]
    return [found.count(number) for number in numbers]


async def all_at_once(queue: Commands, *wanted: tuple[int, IdempotencyKey | None]) -> list[Any]:
    """The answers to commands that arrive while nothing else runs: one group."""
    runs = [queue.run(write_down, Note(number=number), key) for number, key in wanted]
    return list(await asyncio.gather(*runs, return_exceptions=True))


async def test_equal_keys_in_one_group_have_one_effect_and_one_answer(app: TestApp) -> None:
    number, key = a_number(), a_key()
    answers = await all_at_once(Commands(app.db, 1000), *[(number, key)] * MANY)
    assert await times_written(app, number) == [1]
    assert {answer.total for answer, _ in answers} == {answers[0][0].total}
    assert [replayed for _, replayed in answers] == [False] + [True] * (MANY - 1)


async def test_equal_keys_in_later_groups_get_the_same_answer(app: TestApp) -> None:
    number, key = a_number(), a_key()
    queue = Commands(app.db, 1000)
    (first,) = await all_at_once(queue, (number, key))
    later = await all_at_once(queue, *[(number, key)] * MANY)
    assert await times_written(app, number) == [1]
    assert later == [(first[0], True)] * MANY


async def test_control_without_looking_at_keys_every_repeat_takes_effect(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_first_of_each_key", lambda group: {id(w): w for w in group})
    monkeypatch.setattr(commands, "_of_its_key", lambda w, first, decided, stored: decided[id(w)])
    _forget_keys(monkeypatch)
    number = a_number()
    await all_at_once(Commands(app.db, 1000), *[(number, a_key())] * MANY)
    assert await times_written(app, number) == [MANY]


def _forget_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> dict[tuple[str, str], Any]:
        return {}

    monkeypatch.setattr(commands, "_known", nothing)
    monkeypatch.setattr(commands, "_keep", nothing)


async def test_a_key_with_another_body_is_refused_in_its_group_and_later(app: TestApp) -> None:
    mine, other = a_number(), a_number()
    key = a_key(b"mine")
    reused = IdempotencyKey(key.scope, key.key, b"another body")
    queue = Commands(app.db, 1000)
    together = await all_at_once(queue, (mine, key), (other, reused), (mine, key))
    later = await all_at_once(queue, (other, reused))
    assert [a for a in (together[1], later[0]) if not _says(a, KEY_REUSED.code)] == []
    assert together[0][0] == together[2][0] == Written(number=mine, total=together[0][0].total)
    assert await times_written(app, mine, other) == [1, 0]


def _says(answer: Any, code: str) -> bool:
    return isinstance(answer, Refusal) and answer.code == code


async def test_the_same_key_of_another_client_is_another_key(app: TestApp) -> None:
    mine, other = a_number(), a_number()
    key = a_key()
    foreign = IdempotencyKey("somebody else POST /notes", key.key, b"another body")
    await all_at_once(Commands(app.db, 1000), (mine, key), (other, foreign))
    assert await times_written(app, mine, other) == [1, 1]


async def test_one_bad_command_among_many_harms_no_neighbour(app: TestApp) -> None:
    numbers = [a_number() for _ in range(MANY)]
    bad = MANY // 2
    wanted = [(number, a_key()) for number in numbers]
    wanted[bad] = (BUG, wanted[bad][1])
    wanted[bad + 1] = (REFUSED, wanted[bad + 1][1])
    answers = await all_at_once(Commands(app.db, 1000), *wanted)
    assert isinstance(answers[bad], ArithmeticError)
    assert _says(answers[bad + 1], UNLUCKY.code)
    good = [n for n, (number, _) in enumerate(wanted) if number not in (BUG, REFUSED)]
    assert [answers[n][0].number for n in good] == [numbers[n] for n in good]
    assert await times_written(app, *(numbers[n] for n in good)) == [1] * (MANY - 2)


async def test_control_without_trying_each_alone_the_neighbours_suffer(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def everybody(_: Any, __: Any, group: list[Any], error: Exception) -> None:
        for waiting in group:
            waiting.future.set_exception(error)

    monkeypatch.setattr(Commands, "_failed", everybody)
    number = a_number()
    answers = await all_at_once(Commands(app.db, 1000), (number, a_key()), (BUG, a_key()))
    assert [type(answer) for answer in answers] == [ArithmeticError] * 2
    assert await times_written(app, number) == [0]


async def two_replicas_get(app: TestApp, number: int, key: IdempotencyKey) -> list[Any]:
    """The answers of two replicas that get the same request at the same time, many times."""
    settings = app.running.service.settings
    databases = [Database(settings, f"replica-{n}") for n in (1, 2)]
    try:
        queues = [Commands(db, 1000) for db in databases]
        found = await asyncio.gather(
            *(all_at_once(queue, *[(number, key)] * MANY) for queue in queues)
        )
        return [answer for answers in found for answer in answers]
    finally:
        for db in databases:
            await db.close()


async def test_two_replicas_with_the_same_key_have_one_effect(app: TestApp) -> None:
    number, key = a_number(), a_key()
    answers = await two_replicas_get(app, number, key)
    assert await times_written(app, number) == [1]
    assert len({answer.total for answer, _ in answers}) == 1
    assert [replayed for _, replayed in answers].count(False) == 1


async def test_control_without_keeping_the_key_both_replicas_take_effect(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    _forget_keys(monkeypatch)
    number = a_number()
    await two_replicas_get(app, number, a_key())
    assert await times_written(app, number) == [2]


async def test_equal_keys_over_http_have_one_effect_and_one_answer(app: TestApp) -> None:
    number = a_number()
    async with app.http("coordinator", org=uuid4(), sub=uuid4()) as client:
        answers = await asyncio.gather(
            *(
                client.post(
                    "/api/enrolment/notes",
                    json={"number": number},
                    headers={"Idempotency-Key": "the-only-one"},
                )
                for _ in range(MANY)
            )
        )
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert ["idempotency-replayed" in a.headers for a in answers].count(False) == 1
    assert await times_written(app, number) == [1]
