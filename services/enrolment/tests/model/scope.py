"""What a search may play with: how many seats, people, news, crashes, and which moments."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from enrolment.commands import Who
from enrolment.domain.house import HouseRules
from enrolment.domain.run import Run

from services.enrolment.tests.builders import NOON, STARTS, a_run

COUNTY, CITY, STRANGERS = UUID(int=0xC0), UUID(int=0xC1), UUID(int=0xC2)
RULES = {COUNTY: HouseRules(), CITY: HouseRules(approval_required=False)}
MEMBER_SINCE: dict[UUID, date] = {COUNTY: date(2027, 3, 4)}
"""The county joins the cooperative on the second day of the story; nobody else is a member."""

NEXT_DAY = NOON + timedelta(days=1)
HOLDS_OVER = datetime(2027, 3, 8, 11, tzinfo=UTC)  # Monday: what was held on Thursday noon is over
FIVE_DAYS_LEFT = STARTS - timedelta(days=5)  # booking has closed, withdrawing costs something
MOVED = timedelta(days=14)
LATER = STARTS + MOVED


@dataclass(frozen=True, slots=True)
class Kind:
    """People who cannot be told apart: from one organisation, booked in the same way."""

    name: str
    organisation: UUID
    coordinator: bool = True
    count: int = 1
    tries: int = 1

    def who(self, person: UUID) -> Who:
        """Who acts for one of them: the coordinator, or the employee."""
        if self.coordinator:
            return Who(UUID(int=0xA0 + self.organisation.int), self.organisation, coordinator=True)
        return Who(person, self.organisation)

    @property
    def approver(self) -> Who:
        """Who decides in this organisation."""
        return Who(UUID(int=0xB00 + self.organisation.int), self.organisation, approver=True)


@dataclass(frozen=True, slots=True)
class Scope:
    """The bounds of a search. `wires`: with relay, topics and consumers in between.

    `charged`: the coordinator may give each booking a cost centre, once, in whatever state.
    """

    name: str
    kinds: tuple[Kind, ...]
    capacity: int = 1
    runs: int = 1
    moments: tuple[datetime, ...] = (NOON,)
    news: tuple[str, ...] = ()
    news_limit: int = 0
    wires: bool = False
    watched: bool = False
    crashes: int = 0
    attempts: bool = False
    charged: bool = False
    closed_to: tuple[str, ...] = ()

    def first_runs(self) -> list[Run]:
        """The runs as the catalogue told them first."""
        return [
            replace(
                a_run(capacity=self.capacity),
                id=UUID(int=0xF0 + number),
                offer_id=UUID(int=0xE0 + number),
                told_version=1,
            )
            for number in range(self.runs)
        ]


def person_of(kind: int, number: int) -> UUID:
    """The reference of a person."""
    return UUID(int=(kind + 1) << 16 | number)


def enrolment_of(kind: int, number: int, run: int, attempt: int) -> UUID:
    """The id of what a person asks for, in the order in which people may come."""
    return UUID(int=(kind + 1) << 48 | (number + 1) << 32 | run << 16 | attempt)


def parts_of(enrolment: UUID) -> tuple[int, int, int, int]:
    """Kind, person, run and attempt of an enrolment."""
    value = enrolment.int
    return (value >> 48) - 1, (value >> 32 & 0xFFFF) - 1, value >> 16 & 0xFFFF, value & 0xFFFF


NEWS: dict[str, dict[str, Any]] = {
    "smaller": {"capacity": 0},
    "one-seat": {"capacity": 1},
    "larger": {"capacity": 2},
    "dearer": {"standard_cents": 50_000, "member_cents": 40_000},
    "moved": {"starts_at": LATER, "ends_at": LATER + timedelta(hours=7)},
    "longer-open": {"closes_at": STARTS},
}
"""What the catalogue may tell besides `withdrawn` and `called-off`."""
