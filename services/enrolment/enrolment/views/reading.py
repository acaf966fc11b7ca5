"""Queries for what clients see. A page costs the same number of statements, however long it is."""

# ruff: noqa: S608 - the parts of statements are names of our own columns
import base64
import binascii
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID

import orjson
from chassis.database import Row, Transaction
from contracts.refusal import NOT_FOUND
from sqlalchemy import text

from enrolment import store
from enrolment.commands import Who
from enrolment.domain import refusals
from enrolment.domain.access import sees
from enrolment.domain.deadlines import BERLIN
from enrolment.domain.enrolment import Claim, Enrolment, State
from enrolment.domain.run import Run
from enrolment.views import shapes
from enrolment.views.shapes import EnrolmentPage, EnrolmentView, SeatsView

Sort = Literal["newest", "deadline"]

SETTLED_ONES = text(f"""
    SELECT {store.ENROLMENT_COLUMNS} FROM enrolment e
     WHERE e.id = ANY(CAST(:ids AS uuid[])) AND e.state NOT IN ('requested', 'offered')
""")
SETTLED_BULKS = text(f"""
    SELECT {store.ENROLMENT_COLUMNS} FROM enrolment e JOIN bulk b ON b.id = e.bulk_id
     WHERE b.id = ANY(CAST(:ids AS uuid[])) AND b.settled_at IS NOT NULL ORDER BY e.number
""")
RUNS = text(f"SELECT {store.RUN_COLUMNS} FROM run WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id")

# Nobody sees beyond the own organisation; who has none sees nothing. Other filters may be absent.
FILTERS = """
      FROM enrolment e JOIN run r ON r.id = e.run_id
     WHERE e.organisation_id = CAST(:organisation AS uuid)
       AND (CAST(:person AS uuid) IS NULL OR e.person_ref = :person)
       AND (CAST(:run AS uuid) IS NULL OR e.run_id = :run)
       AND (CAST(:words AS text) IS NULL OR e.cost_centre ILIKE :words
            OR e.order_reference ILIKE :words OR r.title ILIKE :words)
       AND (CAST(:from_at AS timestamptz) IS NULL OR r.starts_at >= :from_at)
       AND (CAST(:to_at AS timestamptz) IS NULL OR r.starts_at < :to_at)
"""
IN_STATES = "AND (CAST(:states AS text[]) IS NULL OR e.state = ANY(CAST(:states AS text[])))"
DEADLINE = """COALESCE(e.due_at, CASE WHEN e.ended_at IS NULL THEN r.starts_at
                                     ELSE TIMESTAMPTZ '9999-01-01 00:00:00Z' END)"""
PAGES: dict[Sort, Any] = {
    "newest": text(f"""
        SELECT {store.ENROLMENT_COLUMNS}, e.requested_at AS sorted_by {FILTERS} {IN_STATES}
           AND (CAST(:after_at AS timestamptz) IS NULL
                OR (e.requested_at, e.id) < (:after_at, CAST(:after_id AS uuid)))
         ORDER BY e.requested_at DESC, e.id DESC LIMIT :most
    """),
    "deadline": text(f"""
        SELECT {store.ENROLMENT_COLUMNS}, {DEADLINE} AS sorted_by {FILTERS} {IN_STATES}
           AND (CAST(:after_at AS timestamptz) IS NULL
                OR ({DEADLINE}, e.id) > (:after_at, CAST(:after_id AS uuid)))
         ORDER BY {DEADLINE}, e.id LIMIT :most
    """),
}
COUNTS = text(f"SELECT e.state, count(*) AS n {FILTERS} GROUP BY e.state")


@dataclass(frozen=True, slots=True)
class Search:
    """What a client wants to see of the list. `since` and `until` are days of the run's start."""

    run_id: UUID | None = None
    person_ref: UUID | None = None
    states: Sequence[State] = ()
    words: str | None = None
    since: date | None = None
    until: date | None = None
    sort: Sort = "newest"
    cursor: str | None = None
    limit: int = 25


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
    views = await _views(tx, await tx.rows(store.BY_ID, {"ids": list(ids)}))
    return {view.enrolment_id: view for view in views}


async def settled(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, EnrolmentView]:
    """Those of the enrolments that have their first answer."""
    views = await _views(tx, await tx.rows(SETTLED_ONES, {"ids": list(ids)}))
    return {view.enrolment_id: view for view in views}


async def settled_bulks(
    tx: Transaction, ids: Sequence[UUID]
) -> dict[UUID, dict[UUID, EnrolmentView]]:
    """Those of the bulk bookings whose rows all have their first answer, with their rows."""
    found: dict[UUID, dict[UUID, EnrolmentView]] = defaultdict(dict)
    for view in await _views(tx, await tx.rows(SETTLED_BULKS, {"ids": list(ids)})):
        if view.bulk_id is not None:
            found[view.bulk_id][view.enrolment_id] = view
    return dict(found)


async def page(tx: Transaction, who: Who, search: Search) -> EnrolmentPage:
    """The enrolments that the asker may see, by filter and order.

    Raises:
        Refusal: the cursor is none of ours.
    """
    filters = _filters(who, search)
    after_at, after_id = _opened(search.cursor)
    params = {
        **filters,
        "states": [state.value for state in search.states] or None,
        "after_at": after_at,
        "after_id": after_id,
        "most": search.limit + 1,
    }
    rows = await tx.rows(PAGES[search.sort], params)
    counted = await tx.rows(COUNTS, filters)
    shown = rows[: search.limit]
    more = len(rows) > search.limit
    return EnrolmentPage(
        items=await _views(tx, shown),
        counts={State(row["state"]): row["n"] for row in counted},
        next_cursor=_cursor(shown[-1]) if more else None,
    )


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


def _filters(who: Who, search: Search) -> dict[str, Any]:
    words = None
    if search.words:
        plain = search.words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        words = f"%{plain}%"
    return {
        "organisation": who.organisation_id,
        "person": search.person_ref if who.sees_organisation else who.person_ref,
        "run": search.run_id,
        "words": words,
        "from_at": _midnight(search.since),
        "to_at": _midnight(search.until and search.until + timedelta(days=1)),
    }


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), BERLIN)


async def _views(tx: Transaction, rows: Sequence[Row]) -> list[EnrolmentView]:
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


def _cursor(row: Row) -> str:
    place = orjson.dumps([row["sorted_by"], str(row["id"])])
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _opened(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    if cursor is None:
        return (None, None)
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        moment, id_ = orjson.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        found = datetime.fromisoformat(moment)
        if found.tzinfo is None or not 1990 <= found.year <= 9999:
            raise ValueError("not a moment that was ever shown")
        return (found.astimezone(UTC), UUID(id_))
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error):
        raise refusals.CURSOR_INVALID.refuse("/query/cursor") from None
