"""What the clock does: holds and offers end, runs begin."""

from datetime import datetime, timedelta
from uuid import uuid4

from chassis.testing import TestApp
from contracts.enrolment import EnrolmentExpired
from sqlalchemy import text

from services.enrolment.tests.conftest import BASE, Office
from services.enrolment.tests.test_approval import asked_for


async def tick(app: TestApp, name: str) -> int:
    """Let a timer do what is due."""
    return int(await app.running.timers.once(name))


async def test_a_hold_that_nobody_decides_on_goes_to_the_next(office: Office) -> None:
    run = await office.schedule(capacity=1)
    asked = await asked_for(office, run)
    waits = await office.in_state(asked["enrolment_id"], "awaiting_approval")
    first = await office.book(run)
    office.app.clock.set(datetime.fromisoformat(waits["held_until"]))
    await tick(office.app, "expire-overdue")
    ended = await office.show(asked["enrolment_id"])
    assert (ended["state"], ended["ended_reason"]) == ("expired", "hold-expired")
    offered = await office.in_state(first["enrolment_id"], "offered")
    told = await office.app.heard(EnrolmentExpired, lambda e: e.run_id == run.id)
    assert (told[0].reason, told[0].version) == ("hold-expired", 3)
    office.app.clock.set(datetime.fromisoformat(offered["offered_until"]))
    async with office.carla as client:
        late = await client.post(f"{BASE}/{first['enrolment_id']}/acceptance")
    assert (late.status_code, late.json()["code"]) == (409, "offer-expired")
    await tick(office.app, "expire-overdue")
    ended = await office.show(first["enrolment_id"])
    assert (ended["state"], ended["ended_reason"]) == ("expired", "offer-expired")
    assert (await office.seats(run))["taken"] == 0


async def test_many_overdue_holds_end_in_one_go(office: Office) -> None:
    run = await office.schedule(capacity=30)
    asked = [await asked_for(office, run) for _ in range(3)]
    for one in asked:
        await office.in_state(one["enrolment_id"], "awaiting_approval")
    office.app.clock.advance(days=9)
    await tick(office.app, "expire-overdue")
    seats = await office.seats(run)
    assert (seats["taken"], seats["held"]) == (0, 0)


async def test_a_run_that_begins_leaves_nobody_in_doubt(office: Office) -> None:
    run = await office.schedule(capacity=1, closes_at=office.app.clock() + timedelta(days=60))
    sure = await office.book(run)
    line = [await office.book(run) for _ in range(3)]
    office.app.clock.set(run.starts_at)
    await tick(office.app, "begin-runs")
    assert (await office.show(sure["enrolment_id"]))["state"] == "confirmed"
    for one in line:
        ended = await office.show(one["enrolment_id"])
        assert (ended["state"], ended["ended_reason"]) == ("expired", "run-started")
    async with office.app.db.reading() as tx:
        row = await tx.row(text("SELECT * FROM run WHERE id = :id"), {"id": run.id})
    assert (row["begun"], row["waiting"], row["taken"]) == (True, 0, 1)
    async with office.carla as client:
        late = await client.post(f"{BASE}/{sure['enrolment_id']}/cancellation")
        assert (late.status_code, late.json()["code"]) == (409, "run-started")
        closed = await client.post(BASE, json={"run_id": str(run.id), "person_ref": str(uuid4())})
        assert closed.json()["code"] == "booking-closed"
