"""What the catalogue tells: verdicts on submissions, published offers and their runs."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.base import Code, CourseText, Day, Echo, Event, Instant, Part, Ref, Slug
from contracts.money import Cents
from contracts.provider import (
    CancellationStep,
    Count,
    Format,
    Language,
    Skill,
    Title,
    Url,
)
from contracts.topics import OFFERS, RUNS, VERDICTS


class Finding(Part):
    """Something that is wrong or doubtful in a submission. `detail` never repeats the input."""

    pointer: Echo
    code: Code
    detail: Echo


class OfferAccepted(
    Event, type="catalog.offer-accepted.v1", topic=VERDICTS, key="provider_id/offer_ref"
):
    """The submission `submission_id` (its `ce_id`) was taken over."""

    provider_id: Slug
    offer_ref: Ref
    submission_id: UUID
    offer_id: UUID
    run_ids: dict[Ref, UUID] = {}
    warnings: list[Finding] = []


class OfferRejected(
    Event, type="catalog.offer-rejected.v1", topic=VERDICTS, key="provider_id/offer_ref"
):
    """The submission was refused, with everything that is wrong in it at once.

    Provider and reference are given as far as they could be read.
    """

    provider_id: Echo | None = None
    offer_ref: Echo | None = None
    submission_id: UUID
    errors: Annotated[list[Finding], Field(min_length=1)]


class OfferSnapshot(Part):
    """An offer as it is published."""

    offer_id: UUID
    provider_id: Slug
    offer_ref: Ref
    title: Title
    language: Language
    format: Format
    workload_hours: int | None = None
    url: Url | None = None
    skills: list[Skill] = []
    standard_cents: Cents
    member_cents: Cents
    published_at: Instant


class OfferPublished(
    OfferSnapshot, Event, type="catalog.offer-published.v1", topic=OFFERS, key="offer_id"
):
    """An offer can be found and booked for the first time."""


class OfferChanged(
    OfferSnapshot, Event, type="catalog.offer-changed.v1", topic=OFFERS, key="offer_id"
):
    """An offer changed; the whole of it as it is now."""


class OfferWithdrawn(Event, type="catalog.offer-withdrawn.v1", topic=OFFERS, key="offer_id"):
    """An offer is no longer offered. Bookings stay as they are."""

    offer_id: UUID
    withdrawn_at: Instant


class RunSnapshot(Part):
    """A run as it is published, with what others need to sell and to announce it."""

    run_id: UUID
    offer_id: UUID
    provider_id: Slug
    run_ref: Ref
    title: Title
    format: Format
    starts_at: Instant
    ends_at: Instant
    location: Annotated[CourseText, Field(max_length=300)] | None = None
    capacity: Count
    min_participants: Count = 0
    decision_on: Day | None = None
    booking_closes_at: Instant
    cancellation_policy: list[CancellationStep] = []
    standard_cents: Cents
    member_cents: Cents


class RunScheduled(RunSnapshot, Event, type="catalog.run-scheduled.v1", topic=RUNS, key="run_id"):
    """A run can be booked."""


class RunChanged(RunSnapshot, Event, type="catalog.run-changed.v1", topic=RUNS, key="run_id"):
    """A run changed; the whole of it as it is now."""


class RunWithdrawn(Event, type="catalog.run-withdrawn.v1", topic=RUNS, key="run_id"):
    """A run takes no more bookings. Who has a seat keeps it."""

    run_id: UUID
    offer_id: UUID
    withdrawn_at: Instant


class RunCancelled(Event, type="catalog.run-cancelled.v1", topic=RUNS, key="run_id"):
    """A run does not take place. Nobody pays."""

    run_id: UUID
    offer_id: UUID
    reason: Literal["cancelled-by-provider"] = "cancelled-by-provider"
    cancelled_at: Instant
