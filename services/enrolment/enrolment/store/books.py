"""Opening and closing a book: one statement per table and batch, runs locked in id order.

Everything about a run and its enrolments changes under the lock of the run's row, so that row is
the only one that needs a lock.
"""

# ruff: noqa: S608 - the parts of statements are names of our own columns
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from chassis.database import Transaction
from sqlalchemy import TextClause, text

from enrolment.domain.book import Book
from enrolment.domain.enrolment import Claim, Enrolment
from enrolment.domain.run import Run
from enrolment.store.bulks import Bulk, open_bulks, settle_bulks
from enrolment.store.houses import read_houses
from enrolment.store.rows import (
    ENROLMENT,
    ENROLMENT_COLUMNS,
    IS_LIVE,
    RUN,
    RUN_COLUMNS,
    a_run,
    an_enrolment,
)
from enrolment.views import figures

LOCK_RUNS = text(f"""
    SELECT {RUN_COLUMNS} FROM run
     WHERE id IN (SELECT unnest(CAST(:run_ids AS uuid[]))
                  UNION SELECT run_id FROM enrolment WHERE id = ANY(CAST(:ids AS uuid[])))
     ORDER BY id FOR NO KEY UPDATE
""")
BY_ID = text(f"SELECT {ENROLMENT_COLUMNS} FROM enrolment e WHERE e.id = ANY(CAST(:ids AS uuid[]))")
CLAIMED = text(f"""
    SELECT {ENROLMENT_COLUMNS}
      FROM unnest(CAST(:runs AS uuid[]), CAST(:organisations AS uuid[]), CAST(:people AS uuid[]))
        AS t(run_id, organisation_id, person_ref)
      JOIN enrolment e ON e.run_id = t.run_id AND e.organisation_id = t.organisation_id
                      AND e.person_ref = t.person_ref AND {IS_LIVE}
""")
WHOLE = text(f"""
    SELECT {ENROLMENT_COLUMNS} FROM enrolment e
     WHERE e.run_id = ANY(CAST(:ids AS uuid[])) AND {IS_LIVE}
""")
PENDING_OF = text(f"""
    SELECT {ENROLMENT_COLUMNS} FROM unnest(CAST(:ids AS uuid[])) AS t(run_id)
     CROSS JOIN LATERAL (SELECT * FROM enrolment e
                          WHERE e.run_id = t.run_id AND {IS_LIVE} AND e.state <> 'confirmed'
                          LIMIT :most) e
""")
FIRST_IN_LINE = text(f"""
    SELECT {ENROLMENT_COLUMNS}
      FROM unnest(CAST(:ids AS uuid[]), CAST(:counts AS int[])) AS t(run_id, n)
     CROSS JOIN LATERAL (SELECT * FROM enrolment
                          WHERE run_id = t.run_id AND state = 'waitlisted'
                          ORDER BY number LIMIT t.n) e
""")
OVERDUE = text("""
    SELECT id FROM enrolment WHERE due_at <= :now ORDER BY due_at LIMIT :most
""")
STARTED = text("""
    SELECT id FROM run
     WHERE NOT begun AND CASE WHEN on_demand THEN ends_at ELSE starts_at END <= :now
     ORDER BY CASE WHEN on_demand THEN ends_at ELSE starts_at END LIMIT :most
""")


def _save(table: str, names: Sequence[str]) -> TextClause:
    """Write whole rows, new and known ones, from a JSON array of objects."""
    listed = ", ".join(names)
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name != "id")
    return text(f"""
        INSERT INTO {table} ({listed})
        SELECT {listed}
          FROM jsonb_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS jsonb))
        ON CONFLICT (id) DO UPDATE SET {changes}
    """)


SETTLED_BELL = "enrolments settled"
"""Rung when an enrolment may have its first answer."""

SAVE_RUNS = _save("run", RUN)
SAVE_ENROLMENTS = _save("enrolment", ENROLMENT)


@dataclass
class Wanted:
    """What has to be on a book for a batch of decisions.

    `claims` are those whose live enrolment matters. `releases`: each enrolment may free a seat, so
    as much more of the line is read.
    """

    run_ids: set[UUID] = field(default_factory=set)
    enrolment_ids: set[UUID] = field(default_factory=set)
    claims: set[Claim] = field(default_factory=set)
    organisations: set[UUID] = field(default_factory=set)
    releases: bool = True


async def open_book(tx: Transaction, wanted: Wanted) -> Book:
    """Lock and read what a batch of decisions about enrolments needs."""
    runs = await lock_runs(tx, wanted.run_ids, wanted.enrolment_ids)
    found: list[Enrolment] = []
    if wanted.enrolment_ids:
        found += await _read(tx, BY_ID, {"ids": list(wanted.enrolment_ids)})
    if wanted.claims:
        params = {
            "runs": [claim.run_id for claim in wanted.claims],
            "organisations": [claim.organisation_id for claim in wanted.claims],
            "people": [claim.person_ref for claim in wanted.claims],
        }
        found += await _read(tx, CLAIMED, params)
    seats: dict[UUID, int] = defaultdict(int)
    if wanted.releases:
        for enrolment in found:
            seats[enrolment.run_id] += enrolment.id in wanted.enrolment_ids
    return await read_book(tx, runs, found, seats, wanted.organisations)


async def lock_runs(
    tx: Transaction, run_ids: Iterable[UUID], enrolment_ids: Iterable[UUID] = ()
) -> list[Run]:
    """The runs (of these enrolments), locked."""
    ids = {"run_ids": list(run_ids), "ids": list(enrolment_ids)}
    return [a_run(row) for row in await tx.rows(LOCK_RUNS, ids)]


async def read_book(
    tx: Transaction,
    runs: Sequence[Run],
    found: Sequence[Enrolment],
    seats: Mapping[UUID, int],
    organisations: Iterable[UUID] = (),
) -> Book:
    """A book of locked runs, with as much of each line as `seats` may become free."""
    counts = {run.id: min(run.waiting, run.free + seats.get(run.id, 0)) for run in runs}
    counts = {id_: count for id_, count in counts.items() if count}
    line: list[Enrolment] = []
    if counts:
        params = {"ids": list(counts), "counts": list(counts.values())}
        line = await _read(tx, FIRST_IN_LINE, params)
    everybody = [*found, *line]
    houses = await read_houses(tx, {*organisations, *(e.organisation_id for e in everybody)})
    return Book(runs, everybody, houses)


async def read_whole(tx: Transaction, run_ids: Iterable[UUID]) -> list[Enrolment]:
    """Every live enrolment of locked runs."""
    ids = list(run_ids)
    return await _read(tx, WHOLE, {"ids": ids}) if ids else []


async def read_pending(tx: Transaction, run_ids: Iterable[UUID], most: int) -> list[Enrolment]:
    """Live enrolments of locked runs that are not certain, at most so many of each run."""
    return await _read(tx, PENDING_OF, {"ids": list(run_ids), "most": most})


async def overdue(tx: Transaction, most: int) -> list[UUID]:
    """Enrolments whose hold or offer is over, the oldest first."""
    return [row["id"] for row in await tx.rows(OVERDUE, {"now": tx.now, "most": most})]


async def started(tx: Transaction, most: int) -> list[UUID]:
    """Runs that have started and still have to be closed."""
    return [row["id"] for row in await tx.rows(STARTED, {"now": tx.now, "most": most})]


async def close_book(tx: Transaction, book: Book, bulks: Sequence[Bulk] = ()) -> None:
    """Save what changed and tell it, in the same transaction."""
    if runs := book.changed_runs:
        await tx.execute(SAVE_RUNS, {"rows": orjson.dumps(runs, default=str).decode()})
    if enrolments := book.changed_enrolments:
        await tx.execute(SAVE_ENROLMENTS, {"rows": orjson.dumps(enrolments, default=str).decode()})
        if any(enrolment.settled for enrolment in enrolments):
            tx.ring(SETTLED_BELL)
    await tx.emit(*book.events)
    figures.count(tx, book)
    await open_bulks(tx, bulks)
    await settle_bulks(tx, book)


async def _read(tx: Transaction, sql: TextClause, params: Mapping[str, Any]) -> list[Enrolment]:
    return [an_enrolment(row) for row in await tx.rows(sql, params)]
