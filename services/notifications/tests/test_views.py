"""Projections: a replay into empty tables gives what lived, and old news changes nothing."""

import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from chassis.database import Database
from chassis.migrations import migrate
from chassis.testing import Servers, new_database
from chassis.testing_issuer import Issuer
from contracts.base import Event
from contracts.enrolment import EnrolmentRescheduled
from notifications import handlers
from notifications.settings import Settings
from sqlalchemy import text

from .builders import (
    ANNA,
    CARLA,
    COUNTY,
    NOON,
    RUN,
    cancelled,
    confirmed,
    offered,
    priced,
    received,
    rejected,
    reminded,
    run_scheduled,
    waitlisted,
)

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"


def a_life(enrolment_id: UUID) -> list[Event]:
    """Line, offer, seat, another date, end: five settled steps at five times."""
    fields: dict[str, Any] = {"enrolment_id": enrolment_id}
    moved = EnrolmentRescheduled(
        enrolment_id=enrolment_id,
        run_id=RUN,
        organisation_id=COUNTY,
        person_ref=ANNA,
        booked_by_ref=CARLA,
        starts_at=NOON,
        ends_at=NOON,
        rescheduled_at=NOON,
    )
    steps: list[Event] = [
        waitlisted(**fields),
        offered(**fields),
        confirmed(**fields),
        moved,
        cancelled(**fields),
    ]
    return [
        received(step, NOON + timedelta(minutes=n), version=n + 2) for n, step in enumerate(steps)
    ]


async def replay(db: Database, events: Sequence[Event], batch: int) -> dict[str, list[Any]]:
    """What stands in the projections after these events, in batches of this size."""
    for start in range(0, len(events), batch):
        async with db.transaction() as tx:
            part = events[start : start + batch]
            await handlers.hear_runs(tx, part)
            await handlers.hear_quotes(tx, part)
            await handlers.hear_steps(tx, part)
    async with db.reading() as tx:
        found = {
            "run": [dict(row) for row in await tx.rows(text("TABLE run ORDER BY 1"))],
            "booking": [dict(row) for row in await tx.rows(text("TABLE booking ORDER BY 1"))],
        }
    async with db.transaction() as tx:
        await tx.execute(text("TRUNCATE run, booking, notice, outbox"))
    return found


async def test_any_batches_and_any_order_between_topics_give_the_same_rows(
    servers: Servers, issuer: Issuer
) -> None:
    lives = [a_life(uuid4()) for _ in range(8)]
    prices = [received(priced(UUID(events[0].key))) for events in lives]
    runs = [
        received(run_scheduled(title=f"Fassung {n}"), NOON + timedelta(minutes=n)) for n in range(3)
    ]
    async with new_database(servers) as url:
        await migrate(url, VERSIONS)
        db = Database(Settings(database_url=url, issuer="x", jwks_url=issuer.url), "test")
        lived = await replay(db, [*runs, *prices, *(e for life in lives for e in life)], 1)
        again = await replay(db, [*(e for life in lives for e in life), *prices, *runs], 1000)
        shuffled = [*runs, *prices, *(e for life in lives for e in life)]
        random.Random(7).shuffle(shuffled)
        late = await replay(db, shuffled, 3)
        await db.close()
    assert lived == again == late
    assert [row["title"] for row in lived["run"]] == ["Fassung 2"]
    states = {(row["state"], row["was_confirmed"], row["sequence"]) for row in lived["booking"]}
    assert states == {("cancelled", True, 6)}


async def test_a_moved_run_leaves_an_enrolment_where_it_was(
    servers: Servers, issuer: Issuer
) -> None:
    life = a_life(uuid4())
    async with new_database(servers) as url:
        await migrate(url, VERSIONS)
        db = Database(Settings(database_url=url, issuer="x", jwks_url=issuer.url), "test")
        in_line = await replay(db, [life[0], life[3]], 2)
        booked = await replay(db, [life[2], life[3]], 1)
        await db.close()
    assert [(r["state"], r["was_confirmed"]) for r in in_line["booking"]] == [("waitlisted", False)]
    assert [(r["state"], r["was_confirmed"]) for r in booked["booking"]] == [("confirmed", True)]


async def test_who_decided_is_kept_in_any_order(servers: Servers, issuer: Issuer) -> None:
    about: dict[str, Any] = {"enrolment_id": uuid4()}
    asked = received(reminded(**about), NOON, version=3)
    later = received(reminded(**about), NOON + timedelta(minutes=2), version=5)
    no = received(rejected(**about), NOON + timedelta(minutes=1), version=4)
    async with new_database(servers) as url:
        await migrate(url, VERSIONS)
        db = Database(Settings(database_url=url, issuer="x", jwks_url=issuer.url), "test")
        found = [await replay(db, [asked, no], 1), await replay(db, [no, asked], 1)]
        found += [await replay(db, [no, later], 2), await replay(db, [asked], 1)]
        await db.close()
    rows = [(row["state"], row["decided_by_ref"]) for each in found for row in each["booking"]]
    assert rows == [("rejected", CARLA)] * 3 + [(None, None)]
