"""Queries for what clients see. A page costs the same number of statements, however long it is."""

# ruff: noqa: S608 - the parts of statements are names of our own columns
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from chassis.database import Row, Transaction
from contracts.refusal import NOT_FOUND
from sqlalchemy import text

from enrolment import store
from enrolment.commands import Who
from enrolment.domain.access import sees
from enrolment.domain.enrolment import Claim, Enrolment, State
from enrolment.domain.run import Run
from enrolment.views import shapes
from enrolment.views.shapes import EnrolmentView, SeatsView

SETTLED_ONES = text(f"""
    SELECT {store.ENROLMENT_COLUMNS} FROM enrolment e
     WHERE e.id = ANY(CAST(:ids AS uuid[])) AND e.state NOT IN ('requested', 'offered')
""")
SETTLED_BULKS = text(f"""
    SELECT {store.ENROLMENT_COLUMNS} FROM enrolment e JOIN bulk b ON b.id = e.bulk_id
     WHERE b.id = ANY(CAST(:ids AS uuid[])) AND b.settled_at IS NOT NULL ORDER BY e.number
""")
RUNS = text(f"SELECT {store.RUN_COLUMNS} FROM run WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id")


async def one(tx: Transaction, enrolment_id: UUID, who: Who) -> EnrolmentView:
    """An enrolment that the asker may see.

    Raises:
        Refusal: it is missing, or foreign; both are answered the same.
    """
    found = await by_id(tx, [enrolment_id])
    view = found.get(enrolment_id)
    if view is None:
        raise NOT_FOUND.refuse()
    if not sees(who, Claim(view.run_id, view.organisation_id, view.person_ref)):
        raise NOT_FOUND.refuse()
    return view


async def by_id(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, EnrolmentView]:
    """Enrolments by their ids."""
    found = await views(tx, await tx.rows(store.BY_ID, {"ids": list(ids)}))
    return {view.enrolment_id: view for view in found}


async def settled(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, EnrolmentView]:
    """Those of the enrolments that have their first answer."""
    found = await views(tx, await tx.rows(SETTLED_ONES, {"ids": list(ids)}))
    return {view.enrolment_id: view for view in found}


async def settled_bulks(
    tx: Transaction, ids: Sequence[UUID]
) -> dict[UUID, dict[UUID, EnrolmentView]]:
    """Those of the bulk bookings whose rows all have their first answer, with their rows."""
    found: dict[UUID, dict[UUID, EnrolmentView]] = defaultdict(dict)
    for view in await views(tx, await tx.rows(SETTLED_BULKS, {"ids": list(ids)})):
        if view.bulk_id is not None:
            found[view.bulk_id][view.enrolment_id] = view
    return dict(found)


async def seats(tx: Transaction, run_ids: Sequence[UUID]) -> list[SeatsView]:
    """The seats of known runs, in the order asked for."""
    runs = await _runs(tx, run_ids)
    return [shapes.seats(runs[id_], tx.now) for id_ in dict.fromkeys(run_ids) if id_ in runs]


async def with_run(tx: Transaction, enrolment_id: UUID, who: Who) -> tuple[Enrolment, Run]:
    """An enrolment that the asker may see, with its run.

    Raises:
        Refusal: it is missing, or foreign.
    """
    await one(tx, enrolment_id, who)
    rows = await tx.rows(store.BY_ID, {"ids": [enrolment_id]})
    enrolment = store.an_enrolment(rows[0])
    return enrolment, (await _runs(tx, [enrolment.run_id]))[enrolment.run_id]


async def views(tx: Transaction, rows: Sequence[Row]) -> list[EnrolmentView]:
    """Rows of the table as clients see them."""
    found = [store.an_enrolment(row) for row in rows]
    runs = await _runs(tx, {one.run_id for one in found})
    waiting = [one for one in found if one.state is State.WAITLISTED]
    places = await store.read_places(
        tx, {one.run_id for one in waiting}, [one.id for one in waiting]
    )
    return [shapes.enrolment(one, runs[one.run_id], tx.now, places.get(one.id)) for one in found]


async def _runs(tx: Transaction, ids: Iterable[UUID]) -> Mapping[UUID, Run]:
    rows = await tx.rows(RUNS, {"ids": list(ids)})
    return {row["id"]: store.a_run(row) for row in rows}
