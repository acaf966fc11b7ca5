"""What people ask of this service, and who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict
from uuid import UUID

from contracts.base import Cause

from enrolment.domain.enrolment import Claim
from enrolment.domain.house import HouseRules


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks, with the roles that matter here."""

    person_ref: UUID
    organisation_id: UUID | None
    coordinator: bool = False
    approver: bool = False
    finance: bool = False

    @property
    def sees_organisation(self) -> bool:
        """Whether the enrolments of the whole organisation are open to it."""
        return self.coordinator or self.approver or self.finance


@dataclass(frozen=True, slots=True)
class RequestEnrolment:
    """Ask for a seat. A coordinator books bindingly, an employee requests."""

    enrolment_id: UUID
    run_id: UUID
    person_ref: UUID
    who: Who
    cause: Cause
    cost_centre: str | None = None
    order_reference: str | None = None

    @property
    def claim(self) -> Claim | None:
        """What is wanted for itself alone; none for who belongs to no organisation."""
        ours = self.who.organisation_id
        return None if ours is None else Claim(self.run_id, ours, self.person_ref)


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One person of a bulk booking."""

    enrolment_id: UUID
    person_ref: UUID
    cost_centre: str | None = None
    order_reference: str | None = None


@dataclass(frozen=True, slots=True)
class BookBulk:
    """Book many people into one run; `all_or_nothing` books nobody if one gets no seat."""

    bulk_id: UUID
    run_id: UUID
    rows: Sequence[BulkRow]
    all_or_nothing: bool
    who: Who
    cause: Cause

    @property
    def repeated(self) -> frozenset[int]:
        """The rows whose person stands further up in the list already."""
        first: dict[UUID, int] = {}
        for index, row in enumerate(self.rows):
            first.setdefault(row.person_ref, index)
        return frozenset(range(len(self.rows))) - frozenset(first.values())

    @property
    def refused_at_once(self) -> frozenset[int]:
        """The rows of a long list that need no look at the run. A whole list is judged whole."""
        return frozenset() if self.all_or_nothing else self.repeated

    @property
    def wishes(self) -> list[RequestEnrolment]:
        """The list as single wishes."""
        return [
            RequestEnrolment(
                enrolment_id=row.enrolment_id,
                run_id=self.run_id,
                person_ref=row.person_ref,
                who=self.who,
                cause=self.cause,
                cost_centre=row.cost_centre,
                order_reference=row.order_reference,
            )
            for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class AcceptSeat:
    """Take the seat that is offered."""

    enrolment_id: UUID
    who: Who
    cause: Cause


@dataclass(frozen=True, slots=True)
class DeclineSeat:
    """Pass the offered seat on to the next in line."""

    enrolment_id: UUID
    who: Who
    cause: Cause


@dataclass(frozen=True, slots=True)
class DecideRequest:
    """Approve or reject an employee's request."""

    enrolment_id: UUID
    decision: Literal["approve", "reject"]
    reason: str | None
    who: Who
    cause: Cause


@dataclass(frozen=True, slots=True)
class RemindApprovers:
    """Ask those who decide not to forget a request."""

    enrolment_id: UUID
    who: Who
    cause: Cause


@dataclass(frozen=True, slots=True)
class CancelEnrolment:
    """Call an enrolment off."""

    enrolment_id: UUID
    who: Who
    cause: Cause


class Accounting(TypedDict, total=False):
    """What becomes of the codes of an enrolment: None takes one away, one left out stays."""

    cost_centre: str | None
    order_reference: str | None


@dataclass(frozen=True, slots=True)
class ChangeAccounting:
    """Book the costs of an enrolment elsewhere."""

    enrolment_id: UUID
    changes: Accounting
    who: Who
    cause: Cause


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Set the rules of an organisation. `version` is the one that was read, if given."""

    organisation_id: UUID
    approval_required: bool
    hold_hours: int
    land: str
    version: int | None

    def house(self, version: int) -> HouseRules:
        """The rules as they will be."""
        return HouseRules(self.approval_required, self.hold_hours, self.land, version)
