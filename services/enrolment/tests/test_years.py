"""A list of an organisation with many years behind it costs what a young one's costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.testing import TestApp
from enrolment.views import listing
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.enrolment.tests.conftest import Office

ROWS = 20_000
COLUMNS = text("""
    SELECT string_agg(column_name, ', ') FILTER (WHERE table_name = 'enrolment') AS enrolment,
           string_agg(column_name, ', ') FILTER (WHERE table_name = 'run') AS run
      FROM information_schema.columns
     WHERE (table_name = 'enrolment' AND column_name NOT IN
               ('id', 'run_id', 'organisation_id', 'person_ref', 'requested_at', 'state'))
        OR (table_name = 'run' AND column_name NOT IN ('id', 'starts_at', 'ends_at', 'begun'))
""")
PAST = """
    INSERT INTO run (id, starts_at, ends_at, begun, {names})
    SELECT :past, now() - interval '400 days', now() - interval '399 days', true, {names}
      FROM run WHERE id = :run
"""
COPIES = """
    INSERT INTO enrolment (id, run_id, organisation_id, person_ref, requested_at, state, {names})
    SELECT gen_random_uuid(), :past, CAST(:ours AS uuid), gen_random_uuid(),
           e.requested_at - make_interval(mins => g), 'confirmed', {names}
      FROM enrolment e CROSS JOIN generate_series(1, :rows) g WHERE e.id = :one
"""


@pytest.fixture
async def organisation(office: Office) -> UUID:
    """One with twenty thousand enrolments in a course of last year."""
    run = await office.schedule(capacity=3)
    booked = await office.book(run)
    ours, past = uuid4(), uuid4()
    async with office.app.db.transaction() as tx:
        (names,) = await tx.rows(COLUMNS)
        await tx.execute(text(PAST.format(names=names["run"])), {"past": past, "run": run.id})
        copies = text(COPIES.format(names=names["enrolment"]))
        one = UUID(booked["enrolment_id"])
        await tx.execute(copies, {"ours": ours, "past": past, "rows": ROWS, "one": one})
    engine = create_async_engine(office.app.db.url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("VACUUM ANALYZE enrolment, run"))
    await engine.dispose()
    return ours


async def rows_read(app: TestApp, statement: TextClause, params: dict[str, Any]) -> int:
    """How many rows the busiest step of the plan has touched."""
    explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}")
    async with app.db.snapshot() as tx:
        (row,) = await tx.rows(explain, params)
    return max(steps(row["QUERY PLAN"][0]["Plan"]))


def steps(node: dict[str, Any]) -> Iterator[int]:
    """Rows of each step, with those that it threw away."""
    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    yield int(read)
    for inner in node.get("Plans", ()):
        yield from steps(inner)


async def test_neither_page_nor_counts_read_the_years(office: Office, organisation: UUID) -> None:
    app, most = office.app, listing.COUNT_AT_MOST
    whose: dict[str, Any] = {"organisation": organisation}
    counting = {"at_most": most}
    for part in (*listing.ORDERS["newest"], *listing.ORDERS["deadline"]):
        page = listing._page(part, (), in_states=False, after=False)
        assert await rows_read(app, page, {**whose, "most": 26, "at": office.app.db.clock()}) <= 26
    assert await rows_read(app, listing._counts(()), {**whose, **counting}) <= most + 26
    person = {**whose, "person": uuid4()}
    own = listing._page(listing.NEWEST, ("person",), in_states=False, after=False)
    assert await rows_read(app, own, {**person, "most": 26}) <= 1
    assert await rows_read(app, listing._counts(("person",)), {**person, **counting}) <= most + 26


async def test_control_who_counts_to_the_end_reads_them_all(
    office: Office, organisation: UUID
) -> None:
    count = text("SELECT count(*) FROM enrolment WHERE organisation_id = :organisation")
    assert await rows_read(office.app, count, {"organisation": organisation}) == ROWS
