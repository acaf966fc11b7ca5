"""What clients see of long lists that are booked in parts."""

from collections.abc import Mapping
from uuid import UUID

from chassis.database import Row, Transaction
from contracts.refusal import NOT_FOUND
from sqlalchemy import text

from enrolment.commands import Who
from enrolment.views import reading
from enrolment.views.shapes import EnrolmentView, JobView, RowView

BOOKED = ("held", "waitlisted")

JOB = text("""
    SELECT j.id AS job_id, b.run_id, b.total, j.all_or_nothing, b.created_at, j.finished_at,
           j.refused_as, j.free,
           (SELECT count(code) FROM bulk_job_row r WHERE r.job_id = j.id) AS done
      FROM bulk_job j JOIN bulk b ON b.id = j.id
     WHERE j.id = :id AND b.organisation_id = CAST(:organisation AS uuid)
""")
ROWS = text("""
    SELECT number, person_ref, enrolment_id, code
      FROM bulk_job_row WHERE job_id = :id ORDER BY number
""")


async def one(tx: Transaction, job_id: UUID, who: Who, *, rows: bool) -> JobView:
    """A list of the own organisation; with what became of its rows, as they stand now.

    Raises:
        Refusal: it is missing, or foreign; both are answered the same.
    """
    found = await tx.row(JOB, {"id": job_id, "organisation": who.organisation_id})
    if found is None:
        raise NOT_FOUND.refuse()
    facts = {name: value for name, value in found.items() if name != "refused_as"}
    return JobView(
        **facts,
        code=found["refused_as"],
        state=_state(found),
        rows=await _rows(tx, job_id) if rows else None,
    )


def _state(job: Row) -> str:
    if job["finished_at"] is None:
        return "working"
    return "refused" if job["refused_as"] else "done"


async def _rows(tx: Transaction, job_id: UUID) -> list[RowView]:
    rows = await tx.rows(ROWS, {"id": job_id})
    booked = [row["enrolment_id"] for row in rows if row["code"] in BOOKED and row["enrolment_id"]]
    known = await reading.by_id(tx, booked)
    return [_row(row, known) for row in rows]


def _row(row: Row, known: Mapping[UUID, EnrolmentView]) -> RowView:
    code = row["code"] or "pending"
    now = known.get(row["enrolment_id"]) if code in BOOKED else None
    return RowView(
        pointer=f"/people/{row['number']}",
        code=code,
        person_ref=row["person_ref"],
        enrolment_id=None if code == "pending" else row["enrolment_id"],
        state=now.state if now else None,
        place=now.place if now else None,
        price=now.price if now else None,
    )
