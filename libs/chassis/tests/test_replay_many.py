"""Many messages are put back in one go: in order per key, at a pace, each key for itself."""

import asyncio
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis import replay_many as many
from chassis.dead_letter_acts import Doing
from chassis.replay_many import Spread, replay_many
from chassis.testing import TestApp
from sqlalchemy import text

from libs.chassis.tests.conftest import TROUBLES, times_heard

BASE = "/api/enrolment/dead-letters"
TYPE = b"catalog.run-cancelled.v1"
WHY = {"reason": "fixed in 1.4"}


async def set_aside(app: TestApp, messages: int = 1) -> tuple[UUID, list[str]]:
    """Messages of one run that cannot be handled yet; the run, and their ids in order."""
    run_id = uuid4()
    TROUBLES.unbearable.add(run_id)
    body = '{"run_id":"%s","offer_id":"%s","cancelled_at":"2026-01-01T00:00:00Z"}'
    for _ in range(messages):
        headers = [("ce_id", str(uuid4()).encode()), ("ce_type", TYPE)]
        value = (body % (run_id, uuid4())).encode()
        await app.send_raw(("catalog.runs", str(run_id).encode(), value, headers))
        await app.settled()
    async with app.http("ops") as client:
        listed = (await client.get(BASE, params={"key": str(run_id)})).json()["items"]
    assert len(listed) == messages
    return run_id, [one["id"] for one in listed]


async def put_back(app: TestApp, ids: list[str], dry: bool = False) -> list[dict[str, Any]]:
    """What became of each key, or would."""
    async with app.http("ops") as client:
        query = {"dry_run": "true"} if dry else {}
        answer = await client.post(f"{BASE}/replay", json={**WHY, "ids": ids}, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["dry_run"] is dry
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def acts(app: TestApp, id_: str) -> list[tuple[str, str | None, str]]:
    """What was done with a message."""
    async with app.http("ops") as client:
        found = (await client.get(f"{BASE}/{id_}")).json()["acts"]
    return [(act["act"], act["error"], act["reason"]) for act in found]


async def test_many_are_put_back_in_order_and_one_that_fails_stops_no_other(app: TestApp) -> None:
    good, (first, second) = await set_aside(app, 2)
    bad, (broken,) = await set_aside(app)
    late, (last,) = await set_aside(app)
    TROUBLES.unbearable -= {good, late}
    told = [
        {"ids": [first, second], "outcome": "handled", "error": None},
        {"ids": [broken], "outcome": "failed", "error": "ArithmeticError"},
        {"ids": [last], "outcome": "handled", "error": None},
    ]
    chosen = [last, broken, second, first]
    assert await put_back(app, chosen, dry=True) == told
    assert [await times_heard(app, run) for run in (good, bad, late)] == [0, 0, 0]
    assert await put_back(app, chosen) == told
    assert [await times_heard(app, run) for run in (good, bad, late)] == [2, 0, 1]
    for id_ in (first, second, last):
        assert await acts(app, id_) == [
            ("dry-run", None, WHY["reason"]),
            ("replay", None, *WHY.values()),
        ]
    assert [act[:2] for act in await acts(app, broken)] == [
        ("dry-run", "ArithmeticError"),
        ("replay", "ArithmeticError"),
    ]
    async with app.db.reading() as tx:
        sql = text("""
            SELECT h.event_id = d.message_id AS same FROM heard h
              JOIN dead_letter d ON d.key = convert_to(h.run_id::text, 'UTF8')
             WHERE h.run_id = :run ORDER BY h.ctid, d.seq
        """)
        same = [row["same"] for row in await tx.rows(sql, {"run": good})]
    assert same == [True, False, False, True]  # both of them, in their order
    TROUBLES.unbearable.discard(bad)


async def test_asked_for_twice_at_once_it_happens_once_and_both_are_told_so(app: TestApp) -> None:
    run, ids = await set_aside(app, 2)
    TROUBLES.unbearable.discard(run)
    answers = await asyncio.gather(put_back(app, ids), put_back(app, ids))
    assert await times_heard(app, run) == 2
    outcomes = sorted({each["outcome"] for answer in answers for each in answer})
    assert outcomes in (["handled", "replayed"], ["handled"])
    again = await put_back(app, ids)
    assert [(each["ids"], each["outcome"]) for each in again] == [
        ([id_], "replayed") for id_ in ids
    ]
    assert [len(await acts(app, id_)) for id_ in ids] == [1, 1]


async def test_what_was_given_up_stays_so_and_what_is_unknown_stops_all(app: TestApp) -> None:
    run, (id_,) = await set_aside(app)
    other, (still,) = await set_aside(app)
    TROUBLES.unbearable -= {run, other}
    async with app.http("ops") as client:
        await client.post(f"{BASE}/{id_}/discard", json=WHY)
        unknown = {**WHY, "ids": [still, str(uuid4())]}
        assert (await client.post(f"{BASE}/replay", json=unknown)).status_code == 404
        assert (await client.post(f"{BASE}/replay", json={"ids": [still]})).status_code == 422
        many = {**WHY, "ids": [str(uuid4())] * 51}
        assert (await client.post(f"{BASE}/replay", json=many)).status_code == 422
    async with app.http("coordinator") as stranger:
        forbidden = await stranger.post(f"{BASE}/replay", json={**WHY, "ids": [still]})
    assert forbidden.status_code == 403
    assert await times_heard(app, other) == 0
    (told,) = await put_back(app, [id_])
    assert (told["outcome"], await times_heard(app, run)) == ("discarded", 0)
    await put_back(app, [still])


async def test_what_somebody_gives_up_just_before_its_turn_is_told_and_has_no_other_act(
    app: TestApp,
) -> None:
    run, (first, second) = await set_aside(app, 2)
    async with app.http("ops") as client:
        await client.post(f"{BASE}/{second}/discard", json=WHY)  # after it was looked at
    chosen, doing = [UUID(first), UUID(second)], Doing("replay", uuid4(), WHY["reason"])
    for error in ("ArithmeticError", None):
        tried = await many._try(app.running, chosen, doing) or []
        assert [(str(*each.ids), each.outcome, each.error) for each in tried] == [
            (first, "failed" if error else "handled", error),
            (second, "discarded", None),
        ]
        TROUBLES.unbearable.discard(run)
    assert [act[0] for act in await acts(app, second)] == ["discard"]


async def test_a_database_that_goes_away_leaves_the_rest_for_another_time(app: TestApp) -> None:
    runs = [await set_aside(app) for _ in range(3)]
    TROUBLES.unbearable.difference_update(run for run, _ in runs)
    TROUBLES.cut[runs[1][0]] = 1
    ids = [id_ for _, (id_,) in runs]
    told = [each["outcome"] for each in await put_back(app, ids)]
    assert told == ["handled", "not-tried", "not-tried"]
    told = [each["outcome"] for each in await put_back(app, ids)]
    assert told == ["replayed", "handled", "handled"]
    assert [await times_heard(app, run) for run, _ in runs] == [1, 1, 1]


async def test_the_pace_is_kept_and_what_would_take_too_long_is_not_begun(app: TestApp) -> None:
    runs = [await set_aside(app) for _ in range(2)]
    TROUBLES.unbearable.difference_update(run for run, _ in runs)
    ids = [id_ for _, (id_,) in runs]
    doing = Doing("replay", uuid4(), WHY["reason"])
    one_in_ten_seconds = Spread(0.1)
    done = await replay_many(app.running, [UUID(id_) for id_ in ids], doing, one_in_ten_seconds)
    assert [each.outcome for each in done.results] == ["handled", "not-tried"]
    await put_back(app, ids)
    assert [await times_heard(app, run) for run, _ in runs] == [1, 1]


async def test_messages_are_spread_over_time_whoever_asks() -> None:
    spread, begun = Spread(50), monotonic()
    for _ in range(10):
        assert await spread.turn(begun + 5)
        spread.took(2)
    assert 0.35 < monotonic() - begun < 3  # 18 before the last
    assert not await spread.turn(monotonic())
    assert await spread.turn(monotonic() + 5)


async def test_a_key_with_thousands_does_not_hold_up_the_others_for_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(many, "LONGEST", 0.2)
    spread = Spread(50)
    spread.took(6500)
    assert not await spread.turn(monotonic())
    assert await spread.turn(monotonic() + 2)
