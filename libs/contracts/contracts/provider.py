"""What providers send: full snapshots of their offers.

The catalogue judges each record itself and answers with a verdict, so these classes describe the
shape; a submission that does not fit is rejected by the catalogue, not dropped.
"""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import PUBLIC, CourseText, Day, Event, Instant, Part, Ref, Slug
from contracts.money import Cents, Percent
from contracts.topics import PROVIDER_OFFERS

Format = Literal["on_demand", "hybrid", "presence", "live_online"]
Count = Annotated[int, Field(strict=True, ge=0, le=100_000)]
Title = Annotated[str, Field(min_length=1, max_length=300, json_schema_extra=PUBLIC)]
Keyword = Annotated[str, Field(max_length=80, json_schema_extra=PUBLIC)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Url = Annotated[str, Field(max_length=2000, pattern=r"^https?://", json_schema_extra=PUBLIC)]


class Skill(Part):
    """A competence that an offer teaches, in a framework such as DigComp 2.2."""

    framework: Annotated[str, Field(min_length=1, max_length=40, json_schema_extra=PUBLIC)]
    version: Annotated[str, Field(max_length=20, json_schema_extra=PUBLIC)] | None = None
    code: Annotated[str, Field(min_length=1, max_length=120, json_schema_extra=PUBLIC)]
    level: Annotated[int, Field(strict=True, ge=1, le=8)] | None = None


class Price(Part):
    """Both prices of one seat."""

    standard_cents: Cents
    member_cents: Cents


class Costs(Part):
    """What an offer costs its provider; the catalogue computes both prices (domain page 5)."""

    fixed_cents: Cents
    overhead_percent: Annotated[int, Field(strict=True, ge=0, le=1000)] = 0
    per_seat_cents: Cents = 0
    expected_members: Count
    expected_others: Count = 0
    member_factor_percent: Annotated[int, Field(strict=True, ge=1, le=100)] = 100
    round_up_to_euro: bool = True


class CancellationStep(Part):
    """Who cancels at least `days_before` calendar days before the start pays this share.

    Steps are ordered by falling `days_before`, the first that fits counts; after the last one all
    is due. `member_percent` replaces `percent` for members, `flat_cents` replaces both.
    """

    days_before: Annotated[int, Field(strict=True, ge=0, le=730)]
    percent: Percent = 0
    member_percent: Percent | None = None
    flat_cents: Cents | None = None


class SubmittedRun(Part):
    """One date of an offer, under the provider's own reference.

    Where fewer than `min_participants` have booked, the provider decides on `decision_on` (in
    Europe/Berlin) whether it takes place.
    """

    run_ref: Ref
    starts_at: Instant
    ends_at: Instant
    location: Annotated[CourseText, Field(max_length=300)] | None = None
    capacity: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    min_participants: Count = 0
    decision_on: Day | None = None
    booking_closes_at: Instant | None = None
    cancellation_policy: Annotated[list[CancellationStep], Field(max_length=20)] | None = None
    cancelled: bool = False


class OfferSubmitted(
    Event, type="provider.offer-submitted.v1", topic=PROVIDER_OFFERS, key="provider_id/offer_ref"
):
    """A provider sends the whole of an offer; sending it again is harmless."""

    provider_id: Slug
    offer_ref: Ref
    title: Title
    description_html: CourseText = ""
    language: Language = "de"
    format: Format
    workload_hours: Annotated[int, Field(strict=True, ge=0, le=2000)] | None = None
    url: Url | None = None
    keywords: Annotated[list[Keyword], Field(max_length=40)] = []
    skills: Annotated[list[Skill], Field(max_length=40)] = []
    price: Price | None = None
    costs: Costs | None = None
    runs: Annotated[list[SubmittedRun], Field(max_length=200)] = []


class OfferRecalled(
    Event, type="provider.offer-withdrawn.v1", topic=PROVIDER_OFFERS, key="provider_id/offer_ref"
):
    """A provider takes an offer back: nobody can book it any more; bookings stay."""

    provider_id: Slug
    offer_ref: Ref
