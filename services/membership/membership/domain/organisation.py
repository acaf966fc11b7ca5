"""An organisation and everything that a decision about it needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from contracts.base import Event

from membership.commands import Declaration, Profile, ShareKind

MembershipState = Literal["admitted", "notice_given", "exited"]
ApplicationState = Literal["applied", "admitted", "rejected"]


@dataclass(frozen=True, slots=True)
class Membership:
    """One membership. It lasts from `member_since_on` to the end of `ends_on`."""

    member_number: int
    application_id: UUID
    member_since_on: date
    tier: int
    state: MembershipState = "admitted"
    notice_received_at: datetime | None = None
    ends_on: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the organisation is a member on that day by this membership."""
        return self.member_since_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares of the latest membership and the money paid in for them."""

    mandatory: int = 0
    voluntary: int = 0
    paid_cents: int = 0

    @property
    def shares(self) -> int:
        """All shares."""
        return self.mandatory + self.voluntary


@dataclass(frozen=True, slots=True)
class Application:
    """A declaration on its way. The declaration itself is kept apart, and not after a no."""

    application_id: UUID
    shares: int
    filed_at: datetime
    state: ApplicationState = "applied"
    decided_on: date | None = None
    reason_code: str | None = None
    declared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that was loaded of one organisation. `missing_shares`: of the open task, else 0."""

    organisation_id: UUID
    profile: Profile
    registered_at: datetime
    version: int = 0
    membership: Membership | None = None
    holding: Holding = Holding()
    applications: tuple[Application, ...] = ()
    missing_shares: int = 0

    def member_on(self, day: date) -> Membership | None:
        """The latest membership, if it covers that day."""
        latest = self.membership
        return latest if latest is not None and latest.covers(day) else None

    @property
    def open_application(self) -> Application | None:
        """The application that waits for a decision."""
        return next((a for a in self.applications if a.state == "applied"), None)

    def application(self, application_id: UUID) -> Application | None:
        """An application that was loaded."""
        return next((a for a in self.applications if a.application_id == application_id), None)

    def with_application(self, application: Application) -> "Dossier":
        """With this application new or in its new state."""
        others = [a for a in self.applications if a.application_id != application.application_id]
        return replace(self, applications=(*others, application))


@dataclass(frozen=True, slots=True)
class Subscription:
    """A row of the ledger: shares taken. `declared_at` is None for those of the admission."""

    subscription_id: UUID
    member_number: int
    kind: ShareKind
    shares: int
    subscribed_on: date
    declared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """A row of the ledger: money that arrived for shares."""

    payment_id: UUID
    member_number: int
    amount_cents: int
    received_on: date
    reference: str | None


@dataclass(frozen=True, slots=True)
class Filed:
    """A declaration to be kept beside its application."""

    application_id: UUID
    declaration: Declaration


@dataclass(frozen=True, slots=True)
class Requested:
    """A document that the office asked the applicant for. It goes with the declaration."""

    request_id: UUID
    application_id: UUID
    check_code: str | None
    document: str | None
    note: str | None
    requested_at: datetime


Booked = Subscription | Payment | Filed | Requested


@dataclass(frozen=True, slots=True)
class Decision:
    """A yes: the dossier after it, what is told, and what is written into the books."""

    dossier: Dossier
    told: Sequence[Event] = ()
    booked: Sequence[Booked] = ()
