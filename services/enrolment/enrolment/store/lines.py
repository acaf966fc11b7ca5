"""Places in the lines."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from chassis.database import Transaction
from sqlalchemy import text

PLACES = text("""
    SELECT id, place
      FROM (SELECT id, row_number() OVER (PARTITION BY run_id ORDER BY number) AS place
              FROM enrolment
             WHERE state = 'waitlisted' AND run_id = ANY(CAST(:run_ids AS uuid[]))) line
     WHERE id = ANY(CAST(:ids AS uuid[]))
""")


async def read_places(
    tx: Transaction, run_ids: Iterable[UUID], ids: Sequence[UUID]
) -> dict[UUID, int]:
    """The places in their lines of waiting enrolments: one pass per line, none per row."""
    if not ids:
        return {}
    rows = await tx.rows(PLACES, {"run_ids": list(run_ids), "ids": list(ids)})
    return {row["id"]: row["place"] for row in rows}
