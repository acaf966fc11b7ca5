"""Delivery on the real broker: repeats, poison, failing handlers, parking and replay."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from chassis import dead_letters
from chassis.testing import TestApp, until
from contracts.enrolment import EnrolmentExpired
from sqlalchemy import text

from libs.chassis.tests.conftest import TROUBLES, a_cancelled_run, times_heard


async def dead(app: TestApp, key: UUID) -> list[Any]:
    """What was set aside of a key."""
    async with app.db.reading() as tx:
        return list(
            await tx.rows(
                text("SELECT * FROM dead_letter WHERE key = :k ORDER BY seq"),
                {"k": str(key).encode()},
            )
        )


async def test_an_event_is_handled_and_its_answer_told_with_its_cause(app: TestApp) -> None:
    event = a_cancelled_run()
    (event_id,) = await app.send(event)
    (told,) = await app.heard(EnrolmentExpired, lambda e: e.run_id == event.run_id)
    assert told.meta.causation_id == str(event_id)
    assert told.meta.correlation_id == str(event_id)
    assert told.meta.version == 1


async def test_a_repeated_event_takes_effect_once(app: TestApp) -> None:
    event, id_ = a_cancelled_run(), uuid4()
    await app.send(event, ids=[id_])
    await app.send(event, event, ids=[id_, id_])
    await app.settled()
    assert await times_heard(app, event.run_id) == 1


async def test_a_message_that_cannot_be_read_is_set_aside_and_others_go_on(app: TestApp) -> None:
    run_id = uuid4()
    headers = [("ce_id", str(uuid4()).encode()), ("ce_type", b"catalog.run-cancelled.v1")]
    good = a_cancelled_run()
    await app.send_raw(
        ("catalog.runs", str(run_id).encode(), b"{", [*headers, ("odd", None), ("bad", b"\xff")])
    )
    await app.send(good)
    await app.settled()
    assert await times_heard(app, good.run_id) == 1
    (row,) = await dead(app, run_id)
    assert (row["reason"], bytes(row["payload"])) == ("invalid", b"{")
    copies = [r for r in app.records if r.topic == "catalog.runs.dead" and r.value == b"{"]
    told = dict(copies[-1].headers)
    assert told["dead_reason"] == b"invalid"
    assert told["bad"] == b"\xff"
    assert told["odd"] is None


async def test_later_messages_of_a_key_wait_behind_the_dead_one_until_it_is_replayed(
    app: TestApp,
) -> None:
    run_id, neighbour = uuid4(), a_cancelled_run()
    TROUBLES.unbearable.add(run_id)
    await app.send(a_cancelled_run(run_id), a_cancelled_run(run_id), neighbour)
    await app.settled()
    assert await times_heard(app, neighbour.run_id) == 1
    TROUBLES.unbearable.discard(run_id)
    await app.send(a_cancelled_run(run_id))
    await app.settled()
    rows = await dead(app, run_id)
    assert [row["reason"] for row in rows] == ["handler-failed", "parked-behind", "parked-behind"]
    async with app.http("ops") as client:
        url = f"/api/enrolment/dead-letters/{rows[0]['id']}"
        assert (await client.get(url)).json()["followers"] == 3
        tried = await client.post(f"{url}/replay?dry_run=true")
        assert tried.json() == {"found": 3, "handled": 3, "dry_run": True, "error": None}
        assert await times_heard(app, run_id) == 0
        done = await client.post(f"{url}/replay")
        assert done.json()["handled"] == 3
        assert (await client.post(f"{url}/replay")).status_code == 404
    assert await times_heard(app, run_id) == 3


async def test_what_is_put_back_meanwhile_cannot_be_given_up(app: TestApp) -> None:
    run_id = uuid4()
    await app.send_raw(("catalog.runs", str(run_id).encode(), b"{", []))
    await app.settled()
    (row,) = await dead(app, run_id)
    async with app.http("ops") as client:
        async with app.db.transaction() as tx:
            (claimed,) = await dead_letters.claim(tx, row["id"])
            url = f"/api/enrolment/dead-letters/{row['id']}/discard"
            giving_up = asyncio.create_task(client.post(url, json={"reason": "test"}))
            await until(lambda: waits_for_a_lock(app), 5)
            await dead_letters.settle(tx, [claimed["id"]], "replayed", None, "test")
        assert (await giving_up).status_code == 404
    (row,) = await dead(app, run_id)
    assert row["state"] == "replayed"


async def waits_for_a_lock(app: TestApp) -> bool:
    """Whether a transaction waits for its turn, or is through."""
    async with app.db.reading() as tx:
        found = await tx.rows(
            text("""SELECT 1 FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'""")
        )
    return bool(found)


async def test_an_unknown_type_passes(app: TestApp) -> None:
    headers = [("ce_id", str(uuid4()).encode()), ("ce_type", b"catalog.run-painted.v1")]
    key = uuid4()
    await app.send_raw(("catalog.runs", str(key).encode(), b"{}", headers))
    await app.settled()
    assert await dead(app, key) == []
