"""Offers and runs as clients see them, one by one."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.database import Row, Transaction
from chassis.http import View
from contracts.provider import CancellationStep
from sqlalchemy import text

from catalog.domain.skills import labels, skill_key

OFFER = text("""
    SELECT o.*, p.name AS provider_name
      FROM offer o JOIN provider p USING (provider_id) WHERE o.offer_id = :id
""")
_RUN = """
    SELECT r.*, o.title, o.format, o.provider_id, p.name AS provider_name, o.standard_cents,
           o.member_cents, coalesce(s.taken, 0) AS taken, coalesce(s.held, 0) AS held,
           coalesce(s.waiting, 0) AS waiting
      FROM run r JOIN offer o USING (offer_id) JOIN provider p USING (provider_id)
      LEFT JOIN run_seats s USING (run_id)
"""
RUNS = text(_RUN + " WHERE r.run_id = ANY(CAST(:ids AS uuid[]))")
RUNS_OF_OFFER = text(_RUN + " WHERE r.offer_id = :id ORDER BY r.starts_at, r.run_id")


class SkillView(View):
    """A competence that an offer teaches. `key` is what the filter `skill` takes."""

    key: str
    framework: str
    version: str | None = None
    code: str
    level: int | None = None
    label: dict[str, str]


class RunView(View):
    """A run. `free_seats` is what was last heard from enrolment; `bookable` is about now.

    `guaranteed`: as many seats are confirmed as its minimum asks for. Otherwise its provider
    decides on `decision_on` whether it takes place, if a day was named.
    """

    run_id: UUID
    offer_id: UUID
    run_ref: str
    title: str
    provider: str
    provider_name: str
    format: str
    state: str
    bookable: bool
    starts_at: datetime
    ends_at: datetime
    location: str | None
    booking_closes_at: datetime
    capacity: int
    min_participants: int
    guaranteed: bool
    decision_on: date | None
    free_seats: int
    taken: int
    held: int
    waiting: int
    standard_cents: int
    member_cents: int
    cancellation_policy: list[CancellationStep]
    version: int


class OfferView(View):
    """An offer with everything that is public about it."""

    offer_id: UUID
    offer_ref: str
    provider: str
    provider_name: str
    state: str
    title: str
    description_html: str
    language: str
    format: str
    workload_hours: int | None
    url: str | None
    keywords: list[str]
    skills: list[SkillView]
    standard_cents: int
    member_cents: int
    saving_cents: int
    published_at: datetime
    changed_at: datetime
    version: int
    runs: list[RunView]


class RunsView(View):
    """Several runs; those that there are not are left out."""

    items: list[RunView]


async def offer(tx: Transaction, offer_id: UUID) -> OfferView | None:
    """An offer with its runs; also a withdrawn one, since bookings of it go on."""
    row = await tx.row(OFFER, {"id": offer_id})
    if row is None:
        return None
    runs = await tx.rows(RUNS_OF_OFFER, {"id": offer_id})
    fields = {name: row[name] for name in OfferView.model_fields if name in row}
    return OfferView(
        **{
            **fields,
            "provider": row["provider_id"],
            "skills": skills(row["skills"]),
            "saving_cents": row["standard_cents"] - row["member_cents"],
            "runs": [run_view(run, tx.now) for run in runs],
        }
    )


async def runs(tx: Transaction, ids: Sequence[UUID]) -> list[RunView]:
    """These runs, in the order that was asked for."""
    rows = await tx.rows(RUNS, {"ids": list(ids)})
    found = {row["run_id"]: run_view(row, tx.now) for row in rows}
    return [found[id_] for id_ in dict.fromkeys(ids) if id_ in found]


def skills(stored: Sequence[Mapping[str, Any]]) -> list[SkillView]:
    """Competences with their keys and labels."""
    return [
        SkillView(
            **skill,
            key=skill_key(skill["framework"], skill["code"]),
            label=dict(labels(skill["framework"], skill["code"])),
        )
        for skill in stored
    ]


def run_view(row: Row, now: datetime) -> RunView:
    """A run from a row of `_RUN`."""
    fields = {name: row[name] for name in RunView.model_fields if name in row}
    confirmed = row["taken"] - row["held"]
    return RunView(
        **{
            **fields,
            "provider": row["provider_id"],
            "free_seats": max(0, row["capacity"] - row["taken"]),
            "guaranteed": row["state"] == "scheduled" and confirmed >= row["min_participants"] > 0,
            "bookable": row["state"] == "scheduled" and row["booking_closes_at"] > now,
        }
    )
