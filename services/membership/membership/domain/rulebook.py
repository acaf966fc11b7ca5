"""Rules that are data with a date of validity: the tier table and numbers from the articles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError


class Dated(Protocol):
    """Something that holds from a day on."""

    @property
    def valid_from(self) -> date:
        """The first day."""


Version = TypeVar("Version", bound=Dated)


class RulesBroken(ValueError):  # noqa: N818 - it says what is the case
    """The rules cannot be used as they stand; the service must not start with them."""


@dataclass(frozen=True, slots=True)
class Tier:
    """How many mandatory shares an organisation of that size holds (§ 7a (2) GenG)."""

    category: int
    from_employees: int
    to_employees: int | None
    shares: int
    assumed: bool


@dataclass(frozen=True, slots=True)
class TierTable:
    """The tiers from a day on. `source_note` says where they come from."""

    valid_from: date
    source_note: str
    tiers: tuple[Tier, ...]

    def tier(self, employees: int) -> Tier:
        """The tier of an organisation of that size.

        Raises:
            ValueError: nobody works there.
        """
        if employees < 1:
            raise ValueError("an organisation has at least one employee")
        return next(tier for tier in reversed(self.tiers) if tier.from_employees <= employees)


@dataclass(frozen=True, slots=True)
class Articles:
    """Numbers of the articles from a day on."""

    valid_from: date
    source_note: str
    assumed: bool
    share_cents: int
    notice_months: int

    @property
    def longer_notice(self) -> bool:
        """Whether joining needs an express yes to the period of notice (§ 15a GenG)."""
        return self.notice_months > 12


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All versions of all rules, oldest first."""

    tier_tables: tuple[TierTable, ...]
    articles: tuple[Articles, ...]

    @property
    def begins_on(self) -> date:
        """The first day that the rules speak about."""
        return max(self.tier_tables[0].valid_from, self.articles[0].valid_from)

    def tier(self, employees: int, on: date) -> Tier:
        """The tier of an organisation of that size on a day."""
        return _in_force(self.tier_tables, on).tier(employees)

    def articles_on(self, on: date) -> Articles:
        """The articles in force on a day; before the founding those of the founding."""
        return _in_force(self.articles, on)


def rulebook(tiers: str, articles: str) -> Rulebook:
    """Read the rules from JSON.

    Raises:
        RulesBroken: a table has a gap or an overlap, or numbers make no sense.
    """
    try:
        tables = TypeAdapter(tuple[TierTable, ...]).validate_json(tiers)
        versions = TypeAdapter(tuple[Articles, ...]).validate_json(articles)
    except ValidationError as error:
        raise RulesBroken(str(error)) from error
    _check_dates("tier tables", tables)
    _check_dates("articles", versions)
    for table in tables:
        _check_tiers(table)
    for version in versions:
        if version.share_cents < 1 or not 3 <= version.notice_months <= 120:
            raise RulesBroken(f"articles of {version.valid_from}: § 7 and § 65 GenG")
    return Rulebook(tables, versions)


def _in_force(versions: Sequence[Version], on: date) -> Version:
    return next((v for v in reversed(versions) if v.valid_from <= on), versions[0])


def _check_dates(name: str, versions: Sequence[Dated]) -> None:
    days = [version.valid_from for version in versions]
    if not days or any(a >= b for a, b in pairwise(days)):
        raise RulesBroken(f"{name}: at least one, each later than the one before")


def _check_tiers(table: TierTable) -> None:
    name = f"tiers of {table.valid_from}"
    if not table.tiers or table.tiers[0].from_employees != 1:
        raise RulesBroken(f"{name}: the first tier begins with 1 employee")
    if table.tiers[-1].to_employees is not None:
        raise RulesBroken(f"{name}: the last tier is open")
    for below, above in pairwise(table.tiers):
        if below.to_employees is None or below.to_employees + 1 != above.from_employees:
            raise RulesBroken(f"{name}: gap or overlap at {above.from_employees} employees")
        if below.category >= above.category or below.shares > above.shares:
            raise RulesBroken(f"{name}: category {above.category} must rise")
    for tier in table.tiers:
        empty = tier.to_employees is not None and tier.to_employees < tier.from_employees
        if empty or tier.shares < 1:
            raise RulesBroken(f"{name}: category {tier.category} is empty")
