"""The list of enrolments: filters, two orders, cursors, and how many there are in each state.

An organisation of some years has a hundred thousand enrolments. So a statement holds only the
conditions that were asked for (an index serves each), and nobody counts to the end.
"""

# ruff: noqa: S608 - the parts of statements are names of our own columns
import base64
import binascii
from collections.abc import Mapping, Sequence
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
from enrolment.domain.enrolment import ENDED, HOLDING, State
from enrolment.views import reading
from enrolment.views.shapes import EnrolmentPage

Sort = Literal["newest", "deadline"]

COUNT_AT_MOST = 1000
"""So many of each state are counted: who has more wants a filter, not a figure."""

# Nobody sees beyond the own organisation; who has none sees nothing (`= NULL` is never true).
ALWAYS = "e.organisation_id = CAST(:organisation AS uuid)"
OF_ENROLMENT = {
    "person": "e.person_ref = CAST(:person AS uuid)",
    "people": "e.person_ref = ANY(CAST(:people AS uuid[]))",
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
BEGINS = "CASE WHEN r.on_demand THEN r.ends_at ELSE r.starts_at END"
OF_ROWS = "enrolment e JOIN run r ON r.id = e.run_id"
OF_RUNS = f"""run r CROSS JOIN LATERAL (
    SELECT * FROM enrolment e WHERE e.run_id = r.id AND {ALWAYS} AND {store.IS_LIVE} OFFSET 0) e"""
"""Runs in their order, and who is in each: few are to come, whatever the years behind hold."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a list: which rows stand in it, in which order, and in which states they are.

    Each has an index that gives its first rows, so that the years behind are never sorted.
    """

    holds: str
    by: str
    way: Literal["ASC", "DESC"]
    states: frozenset[State] = frozenset(State)
    source: str = OF_ROWS


WITHOUT_DEADLINE = frozenset({State.CONFIRMED, State.WAITLISTED})
NEWEST = Part("true", "e.requested_at", "DESC")
ORDERS: dict[Sort, tuple[Part, ...]] = {
    "newest": (NEWEST,),
    "deadline": (
        Part("e.due_at IS NOT NULL", "e.due_at", "ASC", HOLDING | {State.OFFERED}),
        Part(
            f"e.due_at IS NULL AND {store.IS_LIVE} AND NOT r.begun AND {BEGINS} > :at",
            BEGINS,
            "ASC",
            WITHOUT_DEADLINE,
            OF_RUNS,
        ),
        Part(
            f"e.due_at IS NULL AND NOT ({store.IS_LIVE} AND NOT r.begun AND {BEGINS} > :at)",
            NEWEST.by,
            NEWEST.way,
            WITHOUT_DEADLINE | ENDED,
        ),
    ),
}
"""`deadline`: what somebody has to act on, what is still to come, what is over (newest first)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: in which part, behind which row; `at` was the time of the first page."""

    part: int
    at: datetime
    sorted_by: datetime
    id: UUID

    def packed(self) -> str:
        """As a client carries it."""
        told = orjson.dumps([self.part, self.at, self.sorted_by, str(self.id)])
        return base64.urlsafe_b64encode(told).decode().rstrip("=")

    @classmethod
    def unpack(cls, cursor: str, parts: int) -> "Place":
        """The way back.

        Raises:
            Refusal: it is none of ours.
        """
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            told = orjson.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
            part, at, sorted_by, id_ = told
            if not isinstance(part, int) or not 0 <= part < parts:
                raise ValueError("not a part of this order")
            return cls(part, _moment(at), _moment(sorted_by), UUID(id_))
        except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error):
            raise refusals.CURSOR_INVALID.refuse("/query/cursor") from None


@dataclass(frozen=True, slots=True)
class Search:
    """What a client wants to see of the list. `since` and `until` are days of the run's start.

    `people`: only of these; of everybody, if nobody is named.
    """

    run_id: UUID | None = None
    people: Sequence[UUID] = ()
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
    rows, following = await _rows(tx, search, given, filters)
    counted = await tx.rows(_counts(given), {**filters, "at_most": COUNT_AT_MOST})
    return EnrolmentPage(
        items=await reading.views(tx, rows),
        counts={State(row["state"]): row["n"] for row in counted},
        next_cursor=following.packed() if following else None,
    )


async def _rows(
    tx: Transaction, search: Search, given: tuple[str, ...], filters: Mapping[str, Any]
) -> tuple[list[Row], Place | None]:
    """The rows of a page, and where it ends if more follow: part after part until it is full."""
    parts = ORDERS[search.sort]
    place = Place.unpack(search.cursor, len(parts)) if search.cursor is not None else None
    at = place.at if place else tx.now
    rows: list[tuple[int, Row]] = []
    for number in range(place.part if place else 0, len(parts)):
        wanted = parts[number].states.intersection(search.states or State)
        if not wanted:
            continue
        params = {**filters, "most": search.limit + 1 - len(rows), "at": at}
        if search.states:
            params["states"] = [state.value for state in wanted]
        within = place is not None and place.part == number
        if place is not None and within:
            params |= {"after_at": place.sorted_by, "after_id": place.id}
        statement = _page(parts[number], given, bool(search.states), within)
        rows += [(number, row) for row in await tx.rows(statement, params)]
        if len(rows) > search.limit:
            last, row = rows[search.limit - 1]
            following = Place(last, at, row["sorted_by"], row["id"])
            return [row for _, row in rows[: search.limit]], following
    return [row for _, row in rows], None


@lru_cache(maxsize=256)
def _page(part: Part, given: tuple[str, ...], in_states: bool, after: bool) -> TextClause:
    """The statement for what a page shows of one part."""
    conditions = [ALWAYS, part.holds, *(CONDITIONS[name] for name in given)]
    if in_states:
        conditions.append(IN_STATES)
    if after:
        than = ">" if part.way == "ASC" else "<"
        conditions.append(f"({part.by}, e.id) {than} (:after_at, CAST(:after_id AS uuid))")
        conditions.append(f"{part.by} {than}= :after_at")  # what an index of one column can use
    # A person or a run has few rows: they are looked up, not met on the way through all runs
    source = OF_ROWS if OF_ENROLMENT.keys() & set(given) else part.source
    return text(f"""
        SELECT {store.ENROLMENT_COLUMNS}, {part.by} AS sorted_by
          FROM {source}
         WHERE {" AND ".join(conditions)}
         ORDER BY {part.by} {part.way}, e.id {part.way} LIMIT :most
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
    # One person has an index of its own order; whoever sees only own ones names nobody else
    named = list(search.people) if who.sees_organisation else [who.person_ref]
    every = {
        "person": named[0] if len(named) == 1 else None,
        "people": named if len(named) > 1 else None,
        "run": search.run_id,
        "words": words,
        "from_at": _midnight(search.since),
        "to_at": _midnight(search.until and search.until + timedelta(days=1)),
    }
    given = {name: value for name, value in every.items() if value is not None}
    return {"organisation": who.organisation_id, **given}


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), BERLIN)


def _moment(told: str) -> datetime:
    found = datetime.fromisoformat(told)
    if found.tzinfo is None or not 1990 <= found.year <= 9999:
        raise ValueError("not a moment that was ever shown")
    return found.astimezone(UTC)
