"""What people ask this service to do."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from contracts.base import Cause

ShareKind = Literal["mandatory", "voluntary"]
CheckCode = Literal[
    "text-form",
    "unconditional",
    "articles-shown",
    "payment-duty-accepted",
    "longer-notice-accepted",
]
"""The conditions of a declaration, as `domain.declaration` checks them."""


@dataclass(frozen=True, slots=True)
class By:
    """Who asks, why, and which version of the organisation they have seen (None: any)."""

    person_ref: UUID | None
    cause: Cause | None
    seen_version: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of an organisation: what the list of members needs (§ 30 GenG)."""

    code: str
    name: str
    employees: int
    kind: str | None = None
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str = "DE"


@dataclass(frozen=True, slots=True)
class RegisterOrganisation:
    """Let the cooperative know an organisation. `organisation_id` is the identity provider's."""

    organisation_id: UUID
    profile: Profile
    by: By


@dataclass(frozen=True, slots=True)
class CountEmployees:
    """Write down how many people work in an organisation."""

    organisation_id: UUID
    employees: int
    by: By


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signed a declaration: personal data, kept in a table of its own."""

    name: str
    mail: str
    function: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration of accession, or of taking more shares (§ 15, § 15a GenG).

    `conditional` says that words like "subject to the council" came with it; the words themselves
    are not kept.
    """

    declared_at: datetime
    articles_shown_at: datetime | None
    accepts_payment_duty: bool
    accepts_longer_notice: bool
    signatory: Signatory
    form: str = "text"
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class ApplyForMembership:
    """Declare that an organisation wants to join.

    `own`: it is the asker's organisation. `language`: of the notes in the answer.
    """

    application_id: UUID
    organisation_id: UUID
    own: bool
    declaration: Declaration
    language: str
    by: By


@dataclass(frozen=True, slots=True)
class Admit:
    """Admit an organisation from a day on (None: today)."""

    application_id: UUID
    admitted_on: date | None
    by: By


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse an application; its declaration is deleted at once."""

    application_id: UUID
    reason_code: str | None
    by: By


@dataclass(frozen=True, slots=True)
class RequestDocument:
    """Ask the applicant for a document: for one of the checks, or named in words, or both."""

    request_id: UUID
    application_id: UUID
    check: CheckCode | None
    document: str | None
    note: str | None
    by: By


@dataclass(frozen=True, slots=True)
class SubscribeShares:
    """Take more shares (§ 15b GenG)."""

    subscription_id: UUID
    organisation_id: UUID
    shares: int
    kind: ShareKind
    declared_at: datetime
    by: By


@dataclass(frozen=True, slots=True)
class BookPayment:
    """Book money that arrived for shares."""

    payment_id: UUID
    organisation_id: UUID
    amount_cents: int
    received_on: date
    reference: str | None
    by: By


@dataclass(frozen=True, slots=True)
class GiveNotice:
    """A member's notice arrived (§ 65 GenG)."""

    organisation_id: UUID
    received_at: datetime
    by: By


@dataclass(frozen=True, slots=True)
class LookAtMembers:
    """Look at the list of members of a day; the look is kept with its reason (§ 31 GenG)."""

    on: date
    reason: str | None
    by: By
