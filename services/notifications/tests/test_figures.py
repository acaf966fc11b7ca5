"""Mails that should be gone are shown; what is left of synthetic bookings is forgotten."""

from uuid import uuid4

from chassis.testing import TestApp, until
from contracts import synthetic
from contracts.notifications import NoticeSent
from prometheus_client import REGISTRY
from sqlalchemy import text

from .builders import confirmed
from .conftest import Post, a_known_run, about, rows, two


def figure(name: str) -> float:
    """What this process shows."""
    return REGISTRY.get_sample_value(name) or 0.0


async def test_mails_that_should_be_gone_are_shown_with_their_age(app: TestApp, post: Post) -> None:
    anna, carla = await two(app)
    run_id = await a_known_run(app)
    post.stop()
    try:
        await app.send(confirmed(**about(anna, carla, run_id)))

        async def shown() -> bool:
            await app.running.timers.once("figures")
            return figure("kc_notices_overdue") >= 1 and figure("kc_notices_overdue_seconds") > 1

        await until(shown, 30, name="the overdue mail")
    finally:
        post.start()

    async def gone() -> bool:
        await app.running.timers.once("figures")
        return figure("kc_notices_overdue") == 0 == figure("kc_notices_overdue_seconds")

    await until(gone, 30, name="the end of it")


async def test_what_is_left_of_synthetic_bookings_is_forgotten(app: TestApp) -> None:
    run_id, person = await a_known_run(app), uuid4()
    event = confirmed(
        person_ref=person,
        organisation_id=synthetic.ORGANISATION,
        booked_by_ref=person,
        run_id=run_id,
        enrolment_id=uuid4(),
    )
    (cause,) = await app.send(event)
    await app.heard(NoticeSent, lambda e: e.cause_id == cause)
    anna, _ = await two(app)
    (real,) = await app.send(confirmed(**about(anna, None, run_id)))
    await app.heard(NoticeSent, lambda e: e.cause_id == real)
    await app.running.timers.once("forget-synthetic")
    assert len(await rows(app, person)) == 1
    old = text("UPDATE notice SET created_at = created_at - interval '2 hours'")
    older = text("UPDATE booking SET told_at = told_at - interval '2 hours'")
    async with app.db.transaction() as tx:
        await tx.execute(old)
        await tx.execute(older)
    await app.running.timers.once("forget-synthetic")
    assert await rows(app, person) == []
    assert len(await rows(app, anna.ref)) == 1
    async with app.db.reading() as tx:
        sql = text("SELECT 1 FROM booking WHERE organisation_id = :id")
        assert await tx.rows(sql, {"id": synthetic.ORGANISATION}) == []
