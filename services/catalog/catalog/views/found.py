"""The answer of the search: offers, their next run, and counts per filter."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database import Row
from chassis.http import View

from catalog.domain.skills import labels
from catalog.views.offers import SkillView, skills


class NextRun(View):
    """The run that one would book: the next that is bookable, else the next."""

    run_id: UUID
    starts_at: datetime
    ends_at: datetime
    location: str | None
    booking_closes_at: datetime
    bookable: bool
    capacity: int
    free_seats: int
    waiting: int


class FoundOffer(View):
    """An offer in a list. `free_seats` are those of the next run."""

    offer_id: UUID
    offer_ref: str
    title: str
    provider: str
    provider_name: str
    format: str
    language: str
    workload_hours: int | None
    skills: list[SkillView]
    standard_cents: int
    member_cents: int
    saving_cents: int
    next_run: NextRun | None
    free_seats: int | None


class FacetValue(View):
    """How many offers there would be with this value of the filter."""

    value: str
    count: int
    label: dict[str, str] | None = None


class Facets(View):
    """Counts per value; each facet ignores its own filter.

    `free_only`: how many offers have a bookable run with free seats.
    """

    format: list[FacetValue] = []
    provider: list[FacetValue] = []
    skill: list[FacetValue] = []
    free_only: int = 0


class Found(View):
    """A page of the search. `similar`: nothing fitted exactly, these are similar.

    `suggestion`: how the question may have been meant; asked like that, it finds more.
    """

    items: list[FoundOffer]
    facets: Facets
    total: int
    similar: bool
    suggestion: str | None = None
    next_cursor: str | None


Counted = Mapping[str, Any]
"""`facet`, `value` and `count` of one value of a filter."""


def item(row: Row, now: datetime) -> FoundOffer:
    """An offer of the list."""
    fields = {name: row[name] for name in FoundOffer.model_fields if name in row}
    run: NextRun | None = None
    if row["run_id"] is not None:
        inner = {name: row[name] for name in NextRun.model_fields if name in row}
        run = NextRun(
            **inner,
            bookable=row["booking_closes_at"] > now,
            free_seats=max(0, row["capacity"] - row["taken"]),
        )
    return FoundOffer(
        **{
            **fields,
            "skills": skills(row["skills"]),
            "saving_cents": row["standard_cents"] - row["member_cents"],
            "next_run": run,
            "free_seats": run.free_seats if run else None,
        }
    )


def facets(rows: Sequence[Counted], names: Mapping[str, str]) -> Facets:
    """The counts, by filter; `names` are those of providers."""

    def values(facet: str) -> list[FacetValue]:
        return [
            FacetValue(value=row["value"], count=row["count"], label=_label(row, names))
            for row in rows
            if row["facet"] == facet
        ]

    return Facets(
        format=values("format"),
        provider=values("provider"),
        skill=values("skill"),
        free_only=count_of(rows, "free_only"),
    )


def count_of(rows: Sequence[Counted], facet: str) -> int:
    """The count of a facet without values."""
    return next(int(row["count"]) for row in rows if row["facet"] == facet)


def _label(row: Counted, names: Mapping[str, str]) -> dict[str, str] | None:
    if row["facet"] == "provider":
        return {"de": names.get(row["value"], row["value"])}
    if row["facet"] == "skill":
        framework, _, code = row["value"].partition(":")
        return dict(labels(framework, code))
    return None
