"""A list of an organisation with many years behind it costs what a young one's costs."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.testing_plans import rows_read, take_stock
from enrolment.views import listing
from sqlalchemy import text

from services.enrolment.tests.conftest import Office

ROWS, TO_COME, IN_EACH = 20_000, 400, 50
COLUMNS = text("""
    SELECT string_agg(column_name, ', ') FILTER (WHERE table_name = 'enrolment') AS enrolment,
           string_agg(column_name, ', ') FILTER (WHERE table_name = 'run') AS run
      FROM information_schema.columns
     WHERE (table_name = 'enrolment' AND column_name NOT IN
               ('id', 'run_id', 'organisation_id', 'person_ref', 'requested_at', 'state'))
        OR (table_name = 'run' AND column_name NOT IN ('id', 'starts_at', 'ends_at', 'begun'))
""")
RUNS = """
    INSERT INTO run (id, starts_at, ends_at, begun, {names})
    SELECT made.id, now() + made.days, now() + made.days + interval '7 hours',
           made.days < interval '0 days', {names}
      FROM run CROSS JOIN (SELECT CAST(:made AS uuid) AS id,
                                  make_interval(days => CAST(:day AS int)) AS days) made
     WHERE run.id = :run
"""
COPIES = """
    INSERT INTO enrolment (id, run_id, organisation_id, person_ref, requested_at, state, {names})
    SELECT gen_random_uuid(), made.id, CAST(:ours AS uuid), gen_random_uuid(),
           e.requested_at - make_interval(mins => g), 'confirmed', {names}
      FROM enrolment e CROSS JOIN generate_series(1, :rows) g
     CROSS JOIN (SELECT CAST(:made AS uuid) AS id) made WHERE e.id = :one
"""


@pytest.fixture
async def organisation(office: Office) -> UUID:
    """One with twenty thousand enrolments in a course of last year, and as many to come."""
    run = await office.schedule(capacity=3)
    booked = await office.book(run)
    ours = uuid4()
    days_to_come = [(day, uuid4(), IN_EACH) for day in range(1, TO_COME + 1)]
    async with office.app.db.transaction() as tx:
        (names,) = await tx.rows(COLUMNS)
        runs = text(RUNS.format(names=names["run"]))
        copies = text(COPIES.format(names=names["enrolment"]))
        one = UUID(booked["enrolment_id"])
        for day, made, rows in ((-400, uuid4(), ROWS), *days_to_come):
            await tx.execute(runs, {"made": made, "day": day, "run": run.id})
            await tx.execute(copies, {"made": made, "ours": ours, "rows": rows, "one": one})
    await take_stock(office.app.db.url, "enrolment", "run")
    return ours


async def test_neither_page_nor_counts_read_the_years(office: Office, organisation: UUID) -> None:
    whose: dict[str, Any] = {"organisation": organisation}
    counting = {"at_most": listing.COUNT_AT_MOST}
    # Of what is to come, those of a course that the page begins with are read to be sorted;
    # what is over is met behind what is to come, which was shown before it
    read = {1: 26 + 2 * IN_EACH, 2: 26 + TO_COME * IN_EACH}
    person = {**whose, "person": uuid4()}
    async with office.app.db.reading() as tx:
        for parts in listing.ORDERS.values():
            for number, part in enumerate(parts):
                page = listing._page(part, (), in_states=False, after=False)
                shown = {**whose, "most": 26, "at": office.app.db.clock()}
                assert await rows_read(tx, page, shown) <= read.get(number, 26)
        # Where nearly all rows match, reading the table from its start is the shorter way to the
        # first thousand: past rows of other organisations, but never to the end
        assert await rows_read(tx, listing._counts(()), {**whose, **counting}) < ROWS / 2
        own = listing._page(listing.NEWEST, ("person",), in_states=False, after=False)
        assert await rows_read(tx, own, {**person, "most": 26}) <= 1
        assert await rows_read(tx, listing._counts(("person",)), {**person, **counting}) <= 1


async def test_control_who_counts_to_the_end_reads_them_all(
    office: Office, organisation: UUID
) -> None:
    count = text("SELECT count(*) FROM enrolment WHERE organisation_id = :organisation")
    every = ROWS + TO_COME * IN_EACH
    async with office.app.db.reading() as tx:
        assert await rows_read(tx, count, {"organisation": organisation}) == every


async def test_pages_of_what_is_to_come_go_on_where_they_ended(
    office: Office, organisation: UUID
) -> None:
    page = listing._page(listing.ORDERS["deadline"][1], (), in_states=False, after=False)
    after = listing._page(listing.ORDERS["deadline"][1], (), in_states=False, after=True)
    shown = {"organisation": organisation, "at": office.app.db.clock()}
    async with office.app.db.reading() as tx:
        all_at_once = await tx.rows(page, {**shown, "most": 120})
        first = all_at_once[59]
        place = {"after_at": first["sorted_by"], "after_id": first["id"]}
        rest = await tx.rows(after, {**shown, "most": 60, **place})
    assert [row["id"] for row in rest] == [row["id"] for row in all_at_once[60:]]
