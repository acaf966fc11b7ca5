"""Offers and runs: what was submitted (terms) and what is published of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from contracts.base import rfc3339
from contracts.provider import CancellationStep, Format, Skill

Key = tuple[str, str]
"""Provider and the provider's reference: what an offer is known by outside."""

OfferState = Literal["published", "withdrawn"]
RunState = Literal["scheduled", "withdrawn", "cancelled"]


@dataclass(frozen=True, slots=True)
class RunTerms:
    """One date of an offer as its provider wants it."""

    run_ref: str
    starts_at: datetime
    ends_at: datetime
    location: str | None
    capacity: int
    min_participants: int
    booking_closes_at: datetime
    cancellation_policy: tuple[CancellationStep, ...]
    cancelled: bool = False
    decision_on: date | None = None


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """An offer as its provider wants it: judged, cleaned, with both prices."""

    provider_id: str
    offer_ref: str
    title: str
    description_html: str
    language: str
    format: Format
    workload_hours: int | None
    url: str | None
    keywords: tuple[str, ...]
    skills: tuple[Skill, ...]
    standard_cents: int
    member_cents: int
    runs: tuple[RunTerms, ...]

    @property
    def key(self) -> Key:
        """Provider and reference."""
        return (self.provider_id, self.offer_ref)

    def fingerprint(self) -> bytes:
        """Hash of everything but the runs; equal content has an equal hash."""
        return _hash(
            [self.title, self.description_html, self.language, self.format, self.workload_hours],
            [self.url, self.keywords, [skill.model_dump() for skill in self.skills]],
            [self.standard_cents, self.member_cents],
        )

    def run_fingerprint(self, run: RunTerms) -> bytes:
        """Hash of everything that others are told about a run.

        A day of decision adds to it: without one a run has the hash that it always had.
        """
        decided = [[run.decision_on.isoformat()]] if run.decision_on else []
        return _hash(
            [self.title, self.format, self.standard_cents, self.member_cents],
            [rfc3339(run.starts_at), rfc3339(run.ends_at), rfc3339(run.booking_closes_at)],
            [run.location, run.capacity, run.min_participants],
            [step.model_dump() for step in run.cancellation_policy],
            *decided,
        )


def _hash(*parts: object) -> bytes:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is known. `terms` are there only when this transaction gave new ones.

    `taken` are its seats that are taken, as far as enrolment has told (0: none or not known).
    """

    run_id: UUID
    offer_id: UUID
    run_ref: str
    state: RunState
    version: int
    fingerprint: bytes
    terms: RunTerms | None = None
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as it is known. `source` says through which door it came.

    `changed_at` is when it or one of its runs last changed.
    """

    offer_id: UUID
    provider_id: str
    offer_ref: str
    source: str
    state: OfferState
    version: int
    fingerprint: bytes
    published_at: datetime
    changed_at: datetime
    runs: Mapping[str, Run] = field(default_factory=dict)
    terms: OfferTerms | None = None

    @property
    def key(self) -> Key:
        """Provider and reference."""
        return (self.provider_id, self.offer_ref)

    @property
    def run_ids(self) -> dict[str, UUID]:
        """The ids of the runs that the last accepted submission named."""
        return {ref: run.run_id for ref, run in self.runs.items() if run.state != "withdrawn"}

    @property
    def versions(self) -> tuple[int, dict[str, int]]:
        """Of the offer and of each run that was ever named. Every change makes a new one."""
        return self.version, {ref: run.version for ref, run in self.runs.items()}

    def same_as(self, before: "Offer | None") -> bool:
        """Whether nothing changed since `before`: neither the offer nor any of its runs."""
        return before is not None and self.versions == before.versions
