"""The list of enrolments: filters, two orders, cursors, and how many there are in each state.

An organisation of some years has a hundred thousand enrolments. So a statement holds only the
conditions that were asked for (an index serves each), and nobody counts to the end.
"""

# ruff: noqa: S608 - the parts of statements are names of our own columns
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

import orjson
from chassis.database import Row, Transaction
from sqlalchemy import TextClause, text

from enrolment import store
from enrolment.commands import Who
from enrolment.domain import refusals
from enrolment.domain.deadlines import BERLIN
from enrolment.domain.enrolment import State
from enrolment.views import reading
from enrolment.views.shapes import EnrolmentPage

Sort = Literal["newest", "deadline"]

COUNT_AT_MOST = 1000
"""So many of each state are counted: who has more wants a filter, not a figure."""

# Nobody sees beyond the own organisation; who has none sees nothing (`= NULL` is never true).
ALWAYS = "e.organisation_id = CAST(:organisation AS uuid)"
OF_ENROLMENT = {
    "person": "e.person_ref = CAST(:person AS uuid)",
    "run": "e.run_id = CAST(:run AS uuid)",
}
OF_RUN = {
    "words": """(e.cost_centre ILIKE :words OR e.order_reference ILIKE :words
                 OR r.title ILIKE :words)""",
    "from_at": "r.starts_at >= :from_at",
    "to_at": "r.starts_at < :to_at",
}
CONDITIONS = {**OF_ENROLMENT, **OF_RUN}
IN_STATES = "e.state = ANY(CAST(:states AS text[]))"
DEADLINE = """COALESCE(e.due_at, CASE WHEN e.ended_at IS NULL THEN r.starts_at
                                     ELSE TIMESTAMPTZ '9999-01-01 00:00:00Z' END)"""
ORDERS: dict[Sort, tuple[str, str, str]] = {
    "newest": ("e.requested_at", "<", "DESC"),
    "deadline": (DEADLINE, ">", "ASC"),
}


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


async def page(tx: Transaction, who: Who, search: Search) -> EnrolmentPage:
    """The enrolments that the asker may see, by filter and order.

    Raises:
        Refusal: the cursor is none of ours.
    """
    filters = _filters(who, search)
    given = tuple(name for name in CONDITIONS if filters.get(name) is not None)
    params = {**filters, "most": search.limit + 1}
    if search.states:
        params["states"] = [state.value for state in search.states]
    if search.cursor is not None:
        params["after_at"], params["after_id"] = _opened(search.cursor)
    statement = _page(search.sort, given, bool(search.states), search.cursor is not None)
    rows = await tx.rows(statement, params)
    counted = await tx.rows(_counts(given), {**filters, "at_most": COUNT_AT_MOST})
    shown = rows[: search.limit]
    more = len(rows) > search.limit
    return EnrolmentPage(
        items=await reading.views(tx, shown),
        counts={State(row["state"]): row["n"] for row in counted},
        next_cursor=_cursor(shown[-1]) if more else None,
    )


@lru_cache(maxsize=256)
def _page(sort: Sort, given: tuple[str, ...], in_states: bool, after: bool) -> TextClause:
    """The statement for one page: as many as fit and one more."""
    by, than, way = ORDERS[sort]
    conditions = [ALWAYS, *(CONDITIONS[name] for name in given)]
    if in_states:
        conditions.append(IN_STATES)
    if after:
        conditions.append(f"({by}, e.id) {than} (:after_at, CAST(:after_id AS uuid))")
    return text(f"""
        SELECT {store.ENROLMENT_COLUMNS}, {by} AS sorted_by
          FROM enrolment e JOIN run r ON r.id = e.run_id
         WHERE {" AND ".join(conditions)} ORDER BY {by} {way}, e.id {way} LIMIT :most
    """)


@lru_cache(maxsize=64)
def _counts(given: tuple[str, ...]) -> TextClause:
    """How many there are in each state, whichever states are shown. Runs are read only if asked.

    State by state, each named: the planner knows then how rare it is, and takes the index.
    """
    runs = "JOIN run r ON r.id = e.run_id" if set(given) & OF_RUN.keys() else ""
    conditions = " AND ".join([ALWAYS, *(CONDITIONS[name] for name in given)])
    each = (
        f"""SELECT '{state}' AS state, count(*) AS n FROM (
                SELECT 1 FROM enrolment e {runs}
                 WHERE {conditions} AND e.state = '{state}' LIMIT :at_most) seen"""
        for state in State
    )
    return text(f"SELECT * FROM ({' UNION ALL '.join(each)}) counted WHERE n > 0")


def _filters(who: Who, search: Search) -> dict[str, Any]:
    """What the statement is given; conditions of what is None are left out."""
    words = None
    if search.words:
        plain = search.words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        words = f"%{plain}%"
    every = {
        "person": search.person_ref if who.sees_organisation else who.person_ref,
        "run": search.run_id,
        "words": words,
        "from_at": _midnight(search.since),
        "to_at": _midnight(search.until and search.until + timedelta(days=1)),
    }
    given = {name: value for name, value in every.items() if value is not None}
    return {"organisation": who.organisation_id, **given}


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), BERLIN)


def _cursor(row: Row) -> str:
    place = orjson.dumps([row["sorted_by"], str(row["id"])])
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _opened(cursor: str) -> tuple[datetime, UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        moment, id_ = orjson.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        found = datetime.fromisoformat(moment)
        if found.tzinfo is None or not 1990 <= found.year <= 9999:
            raise ValueError("not a moment that was ever shown")
        return (found.astimezone(UTC), UUID(id_))
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error):
        raise refusals.CURSOR_INVALID.refuse("/query/cursor") from None
