"""One decision as the invariants see it: the rows before and after it, and what was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.base import Event

Row = Mapping[str, Any]
SEATED = ("requested", "awaiting_approval", "offered", "confirmed")
ENDED = ("rejected", "cancelled", "expired")
COST_CENTRE = "4711"
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Picture:
    """The rows of a state by their ids."""

    runs: Mapping[UUID, Row]
    people: Mapping[UUID, Row]

    def of_run(self, run_id: UUID, *states: str) -> list[Row]:
        """The enrolments of a run in some states."""
        return [r for r in self.people.values() if r["run_id"] == run_id and r["state"] in states]


@dataclass(frozen=True, slots=True)
class Edge:
    """One decision: what was asked when, what was before and after it, and what was told."""

    action: tuple[Any, ...]
    now: datetime
    before: Picture
    after: Picture
    told: Sequence[Event]
    refused: str | None

    @property
    def verb(self) -> str:
        """What was asked."""
        return str(self.action[0])

    @property
    def pairs(self) -> list[tuple[Row | None, Row]]:
        """Each enrolment as it was and as it is."""
        return [(self.before.people.get(id_), row) for id_, row in self.after.people.items()]

    @property
    def moved(self) -> list[tuple[Row | None, Row]]:
        """Those that are in another state than before."""
        return [(b, a) for b, a in self.pairs if b is None or b["state"] != a["state"]]


def day_of(moment: datetime) -> date:
    """The calendar day in Germany."""
    return moment.astimezone(BERLIN).date()


def open_at(run: Row, now: datetime) -> bool:
    """Whether it can be booked."""
    return bool(run["state"] == "open" and now < min(run["closes_at"], run["starts_at"]))
