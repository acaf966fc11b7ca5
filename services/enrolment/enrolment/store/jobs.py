"""Long lists that are booked in parts. A row without a code is still to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.database import Transaction, columns
from contracts.base import Cause
from contracts.refusal import Refusal
from sqlalchemy import text

from enrolment.commands import BookBulk, BulkRow, Who
from enrolment.domain.refusals import TWICE_IN_LIST

KEPT = timedelta(days=30)
"""How long a finished list can be looked at."""

ROW_NAMES = ("enrolment_id", "person_ref", "cost_centre", "order_reference")

ADD_JOBS = text("""
    INSERT INTO bulk_job (id, all_or_nothing, correlation_id, traceparent, worked_at)
    SELECT id, all_or_nothing, correlation_id, traceparent, :now
      FROM unnest(CAST(:ids AS uuid[]), CAST(:wholes AS bool[]), CAST(:correlations AS text[]),
                  CAST(:traces AS text[])) AS t(id, all_or_nothing, correlation_id, traceparent)
""")
ADD_ROWS = text("""
    INSERT INTO bulk_job_row (job_id, number, person_ref, cost_centre, order_reference,
                              enrolment_id, code)
    SELECT CAST(:job AS uuid), number, person_ref, cost_centre, order_reference,
           CASE WHEN code IS NULL THEN enrolment_id END, code
      FROM unnest(CAST(:number AS int[]), CAST(:person_ref AS uuid[]), CAST(:cost_centre AS text[]),
                  CAST(:order_reference AS text[]), CAST(:enrolment_id AS uuid[]),
                  CAST(:code AS text[]))
        AS t(number, person_ref, cost_centre, order_reference, enrolment_id, code)
""")
# Whoever works on a list holds its row; other replicas take the next one. The list that was worked
# on longest ago comes first, so that a long one does not hold up the others.
CLAIM = text("""
    SELECT j.id, j.all_or_nothing, j.correlation_id, j.traceparent,
           b.run_id, b.organisation_id, b.booked_by_ref
      FROM bulk_job j JOIN bulk b ON b.id = j.id
     WHERE j.finished_at IS NULL
     ORDER BY j.worked_at, j.id LIMIT 1
       FOR NO KEY UPDATE OF j SKIP LOCKED
""")
TO_DO = text("""
    SELECT number, person_ref, cost_centre, order_reference, enrolment_id
      FROM bulk_job_row WHERE job_id = :id AND code IS NULL ORDER BY number LIMIT :most
""")
KEEP_ROWS = text("""
    UPDATE bulk_job_row r SET code = t.code, enrolment_id = t.enrolment_id
      FROM unnest(CAST(:number AS int[]), CAST(:code AS text[]), CAST(:enrolment_id AS uuid[]))
        AS t(number, code, enrolment_id)
     WHERE r.job_id = :id AND r.number = t.number
""")
KEEP_JOB = text("""
    UPDATE bulk_job j
       SET worked_at = :now, refused_as = :refused_as, free = :free,
           finished_at = CASE WHEN NOT EXISTS
               (SELECT FROM bulk_job_row r WHERE r.job_id = j.id AND r.code IS NULL)
                         THEN CAST(:now AS timestamptz) END
     WHERE j.id = :id
""")
FORGET = text("""
    DELETE FROM bulk_job WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM bulk_job WHERE finished_at < :before LIMIT 20))
""")


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one row of a long list."""

    number: int
    code: str
    enrolment_id: UUID | None


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of a long list that are booked next, as one command, with their numbers."""

    command: BookBulk
    numbers: Sequence[int]


async def add_jobs(tx: Transaction, lists: Sequence[BookBulk]) -> None:
    """Remember lists that are to be booked; their bulk bookings are there already.

    What is refused already has its code from the beginning.
    """
    if not lists:
        return
    await tx.execute(
        ADD_JOBS,
        {
            "ids": [command.bulk_id for command in lists],
            "wholes": [command.all_or_nothing for command in lists],
            "correlations": [command.cause.correlation_id for command in lists],
            "traces": [command.cause.traceparent for command in lists],
            "now": tx.now,
        },
    )
    for command in lists:
        refused = command.refused_at_once
        codes = [TWICE_IN_LIST.code if n in refused else None for n in range(len(command.rows))]
        rows = {"job": command.bulk_id, "number": list(range(len(codes))), "code": codes}
        await tx.execute(ADD_ROWS, {**rows, **columns(command.rows, ROW_NAMES)})


async def claim_part(tx: Transaction, most: int) -> Part | None:
    """The next rows of a list that nobody else works on, at most so many.

    A list that is booked as a whole or not at all comes as a whole.
    """
    job = await tx.row(CLAIM)
    if job is None:
        return None
    limit = None if job["all_or_nothing"] else most
    rows = await tx.rows(TO_DO, {"id": job["id"], "most": limit})
    command = BookBulk(
        bulk_id=job["id"],
        run_id=job["run_id"],
        rows=[BulkRow(**{name: row[name] for name in ROW_NAMES}) for row in rows],
        all_or_nothing=job["all_or_nothing"],
        who=Who(job["booked_by_ref"], job["organisation_id"], coordinator=True),
        cause=Cause(job["correlation_id"], None, job["traceparent"]),
    )
    return Part(command, [row["number"] for row in rows])


async def keep_part(
    tx: Transaction, id_: UUID, rows: Sequence[Decided], why_nobody: Refusal | None = None
) -> None:
    """Write down what became of these rows; the list is finished when none is left."""
    known = columns(rows, ("number", "code", "enrolment_id"))
    await tx.execute(KEEP_ROWS, {"id": id_, **known})
    facts: dict[str, Any] = {"refused_as": None, "free": None}
    if why_nobody is not None:
        facts = {"refused_as": why_nobody.code, "free": why_nobody.data.get("free")}
    await tx.execute(KEEP_JOB, {"id": id_, "now": tx.now, **facts})


async def forget(tx: Transaction) -> int:
    """Delete lists that were finished long ago; how many. What was booked stays."""
    before: datetime = tx.now - KEPT
    return await tx.execute(FORGET, {"before": before})
