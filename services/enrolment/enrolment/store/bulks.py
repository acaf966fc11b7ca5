"""Bulk bookings: how many of their rows still wait for their first answer."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.database import Transaction, columns
from contracts.enrolment import BulkRow, BulkSettled
from sqlalchemy import text

from enrolment.domain.book import Book
from enrolment.domain.enrolment import State
from enrolment.store.lines import read_places

OPEN_BULKS = text("""
    INSERT INTO bulk (id, run_id, organisation_id, booked_by_ref, open_rows, total, created_at)
    SELECT id, run_id, organisation_id, booked_by_ref, open_rows, total, :now
      FROM unnest(CAST(:id AS uuid[]), CAST(:run_id AS uuid[]), CAST(:organisation_id AS uuid[]),
                  CAST(:booked_by_ref AS uuid[]), CAST(:open_rows AS int[]), CAST(:total AS int[]))
        AS t(id, run_id, organisation_id, booked_by_ref, open_rows, total)
""")
SETTLE_BULKS = text("""
    UPDATE bulk b SET open_rows = b.open_rows - t.n,
                      settled_at = CASE WHEN b.open_rows = t.n THEN CAST(:now AS timestamptz) END
      FROM unnest(CAST(:ids AS uuid[]), CAST(:counts AS int[])) AS t(id, n)
     WHERE b.id = t.id
    RETURNING b.id, b.run_id, b.organisation_id, b.booked_by_ref, b.open_rows, b.total
""")
ROWS_OF_BULKS = text("""
    SELECT id, bulk_id, person_ref, state, price_cents, number, run_id
      FROM enrolment WHERE bulk_id = ANY(CAST(:ids AS uuid[])) ORDER BY number
""")

BULKS_BELL = "bulks settled"
"""Rung when the last row of a bulk booking has its first answer."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """A bulk booking. `open_rows` of its `total` rows still wait for their first answer.

    One that is booked at once counts only the rows that were accepted; one that is booked in parts
    counts all.
    """

    id: UUID
    run_id: UUID
    organisation_id: UUID
    booked_by_ref: UUID
    open_rows: int
    total: int


async def open_bulks(tx: Transaction, bulks: Sequence[Bulk]) -> None:
    """Remember new bulk bookings."""
    if bulks:
        names = ("id", "run_id", "organisation_id", "booked_by_ref", "open_rows", "total")
        await tx.execute(OPEN_BULKS, {**columns(bulks, names), "now": tx.now})


async def settle_bulks(tx: Transaction, book: Book) -> None:
    """Count rows of bulk bookings; tell of each whose last row got its first answer."""
    if not book.settled:
        return
    counts = {"ids": list(book.settled), "counts": list(book.settled.values()), "now": tx.now}
    done = [row for row in await tx.rows(SETTLE_BULKS, counts) if row["open_rows"] == 0]
    if not done:
        return
    tx.ring(BULKS_BELL)
    rows = await tx.rows(ROWS_OF_BULKS, {"ids": [bulk["id"] for bulk in done]})
    waiting = [row["id"] for row in rows if row["state"] == State.WAITLISTED]
    places = await read_places(tx, {bulk["run_id"] for bulk in done}, waiting)
    told: dict[UUID, list[BulkRow]] = defaultdict(list)
    for row in rows:
        told[row["bulk_id"]].append(
            BulkRow(
                enrolment_id=row["id"],
                person_ref=row["person_ref"],
                state=row["state"],
                place=places.get(row["id"]),
                price_cents=row["price_cents"],
            )
        )
    for bulk in done:
        event = BulkSettled(
            bulk_id=bulk["id"],
            run_id=bulk["run_id"],
            organisation_id=bulk["organisation_id"],
            booked_by_ref=bulk["booked_by_ref"],
            rows=told[bulk["id"]],
            refused=bulk["total"] - len(told[bulk["id"]]),
            settled_at=tx.now,
        )
        await tx.emit(event.because(book.because[bulk["id"]].cause, 1))
