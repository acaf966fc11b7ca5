"""What membership tells: organisations on their way through the cooperative, and prices."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.base import Code, Event, Instant, Part, Slug
from contracts.enrolment import PriceKind
from contracts.money import Cents
from contracts.topics import ORGANISATIONS, QUOTES

Employees = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Shares = Annotated[int, Field(strict=True, ge=1, le=10_000)]


class PriceReason(Part):
    """Why this price.

    `code`: `member-on-day`, `not-a-member`, `membership-not-yet-begun` or `membership-ended`.
    """

    code: Code
    member_since_on: date | None = None
    ended_on: date | None = None
    tier: int | None = None


class EnrolmentPriced(
    Event, type="membership.enrolment-priced.v1", topic=QUOTES, key="enrolment_id"
):
    """The price of a booking, by the membership on its calendar day in Europe/Berlin."""

    enrolment_id: UUID
    organisation_id: UUID
    price_cents: Cents
    price_kind: PriceKind
    reason: PriceReason
    priced_for_on: date
    saving_cents: Cents


class OrganisationRegistered(
    Event,
    type="membership.organisation-registered.v1",
    topic=ORGANISATIONS,
    key="organisation_id",
):
    """The cooperative knows an organisation; that alone gives no membership."""

    organisation_id: UUID
    code: Slug
    employees: Employees
    registered_at: Instant


class MembershipApplied(
    Event, type="membership.membership-applied.v1", topic=ORGANISATIONS, key="organisation_id"
):
    """An organisation declared that it wants to join (§ 15 GenG)."""

    organisation_id: UUID
    application_id: UUID
    shares: Shares
    applied_at: Instant


class DocumentRequested(
    Event, type="membership.document-requested.v1", topic=ORGANISATIONS, key="organisation_id"
):
    """The office asked the applicant for a document. Which one, in words, stays in membership.

    `check`: the condition of the declaration that it is about, if it is about one.
    """

    organisation_id: UUID
    application_id: UUID
    request_id: UUID
    check: Code | None = None
    requested_at: Instant


class ApplicationRejected(
    Event, type="membership.application-rejected.v1", topic=ORGANISATIONS, key="organisation_id"
):
    """A declaration was refused; its content is deleted (§ 15 (2) GenG)."""

    organisation_id: UUID
    application_id: UUID
    rejected_on: date


class MemberAdmitted(
    Event, type="membership.member-admitted.v1", topic=ORGANISATIONS, key="organisation_id"
):
    """An organisation is a member from `member_since_on` on."""

    organisation_id: UUID
    application_id: UUID
    member_number: Annotated[int, Field(strict=True, ge=1)]
    member_since_on: date
    tier: int


class SharesSubscribed(
    Event, type="membership.shares-subscribed.v1", topic=ORGANISATIONS, key="organisation_id"
):
    """A member took `shares` more shares."""

    organisation_id: UUID
    shares: Shares
    kind: Literal["mandatory", "voluntary"]
    total_shares: Shares
    subscribed_on: date


class SharesPaid(
    Event, type="membership.shares-paid.v1", topic=ORGANISATIONS, key="organisation_id"
):
    """Money for shares arrived. `balance_cents` is the paid-up balance after it."""

    organisation_id: UUID
    amount_cents: Cents
    balance_cents: Cents
    paid_on: date


class NoticeGiven(
    Event, type="membership.notice-given.v1", topic=ORGANISATIONS, key="organisation_id"
):
    """A member leaves at the end of `ends_on` (§ 65 GenG)."""

    organisation_id: UUID
    received_at: Instant
    ends_on: date


class MembershipEnded(
    Event, type="membership.membership-ended.v1", topic=ORGANISATIONS, key="organisation_id"
):
    """`ended_on` was the last day of the membership."""

    organisation_id: UUID
    ended_on: date
