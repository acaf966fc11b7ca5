"""What clients send, and who they are."""

from datetime import date
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from chassis.auth import Actor
from chassis.http import Body, Written
from chassis.ids import ordered_id
from contracts.base import Cause
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StrictBool
from pydantic_core import PydanticCustomError

from enrolment.commands import (
    Accounting,
    BookBulk,
    BulkRow,
    ChangeAccounting,
    ChangeSettings,
    RequestEnrolment,
    Who,
)
from enrolment.domain import refusals
from enrolment.domain.deadlines import LAENDER
from enrolment.domain.desk import MOST_ROWS
from enrolment.domain.enrolment import State
from enrolment.views.listing import Search, Sort

ShortCode = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$")]
"""A cost centre or order number: never free words, so never words about a person."""

Reason = Annotated[str, Field(strict=True, max_length=1000)]
"""Words of a person, over several lines if need be."""


def _somebody(ref: UUID) -> UUID:
    if ref.int == 0:
        raise PydanticCustomError("nobody", "the nil UUID is nobody")
    return ref


PersonRef = Annotated[UUID, AfterValidator(_somebody)]
"""A person. The nil UUID is what broken clients send for "unknown": it is nobody."""

OurDay = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2200, 1, 1)), Written]
"""A day that PostgreSQL and Python can both count from."""


def who(actor: Actor) -> Who:
    """The asker, with the roles that matter here."""
    return Who(
        person_ref=actor.person_ref,
        organisation_id=actor.organisation_id,
        coordinator=actor.has("coordinator"),
        approver=actor.has("approver"),
        finance=actor.has("finance"),
    )


class EnrolmentRequest(Body):
    """A wish for a seat. Without `person_ref` it is for the asker."""

    run_id: UUID
    person_ref: PersonRef | None = None
    cost_centre: ShortCode | None = None
    order_reference: ShortCode | None = None

    def to_command(self, actor: Actor, cause: Cause) -> RequestEnrolment:
        """As a command, under a new id."""
        return RequestEnrolment(
            enrolment_id=ordered_id(),
            run_id=self.run_id,
            person_ref=self.person_ref or actor.person_ref,
            who=who(actor),
            cause=cause,
            cost_centre=self.cost_centre,
            order_reference=self.order_reference,
        )


class PersonRow(Body):
    """One person of a list."""

    person_ref: PersonRef
    cost_centre: ShortCode | None = None
    order_reference: ShortCode | None = None


def _as_row(given: Any) -> Any:
    return {"person_ref": given} if isinstance(given, str) else given


def _not_too_many(given: Any) -> Any:
    """One answer to lists that are too long, before their rows are looked at."""
    if isinstance(given, list) and len(given) > MOST_ROWS:
        raise refusals.TOO_MANY_ROWS.refuse("/people", limit=MOST_ROWS)
    return given


Listed = Annotated[PersonRow, BeforeValidator(_as_row, json_schema_input_type=UUID | PersonRow)]


class BulkRequest(Body):
    """A list of people, each as `person_ref` alone or as an object."""

    run_id: UUID
    people: Annotated[
        list[Listed],
        Field(min_length=1, max_length=MOST_ROWS),
        BeforeValidator(_not_too_many),
    ]
    all_or_nothing: StrictBool = False

    def to_command(self, actor: Actor, cause: Cause) -> BookBulk:
        """As a command, under new ids."""
        rows = [
            BulkRow(ordered_id(), row.person_ref, row.cost_centre, row.order_reference)
            for row in self.people
        ]
        return BookBulk(ordered_id(), self.run_id, rows, self.all_or_nothing, who(actor), cause)


class ListQuery(BaseModel):
    """What a client wants to see of the list. `from` and `to` are days of the start of the run.

    `person_ref` may be given several times, up to 500: a department, say.
    """

    run_id: UUID | None = None
    person_ref: Annotated[list[PersonRef], Field(max_length=500)] = []
    state: list[State] = []
    q: Annotated[str | None, Field(max_length=100, pattern=r"^[^\x00-\x1f]*$")] = None
    since: Annotated[OurDay | None, Field(alias="from")] = None
    until: Annotated[OurDay | None, Field(alias="to")] = None
    sort: Sort = "newest"
    cursor: Annotated[str | None, Field(max_length=300)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25

    def to_search(self) -> Search:
        """As a search.

        Raises:
            Refusal: the first day is later than the last one.
        """
        if self.since and self.until and self.since > self.until:
            raise refusals.DAYS_REVERSED.refuse("/query/from")
        return Search(
            run_id=self.run_id,
            people=list(dict.fromkeys(self.person_ref)),
            states=self.state,
            words=self.q,
            since=self.since,
            until=self.until,
            sort=self.sort,
            cursor=self.cursor,
            limit=self.limit,
        )


class ApprovalBody(Body):
    """The decision on a request. The reason stays in this service."""

    decision: Literal["approve", "reject"]
    reason: Reason | None = None


class AccountingBody(Body):
    """Where the costs are booked. What is left out stays as it is, `null` takes it away."""

    cost_centre: ShortCode | None = None
    order_reference: ShortCode | None = None

    def to_command(self, enrolment_id: UUID, actor: Actor, cause: Cause) -> ChangeAccounting:
        """As a command."""
        changes = cast("Accounting", self.model_dump(exclude_unset=True))
        return ChangeAccounting(enrolment_id, changes, who(actor), cause)


class NothingMore(Body):
    """An empty object: the route says it all."""


class SettingsBody(Body):
    """The rules of an organisation."""

    approval_required: StrictBool
    hold_hours: Annotated[int, Field(strict=True, ge=1, le=720)] = 48
    land: Annotated[str, Field(strict=True, min_length=2, max_length=2)] = "HE"

    def to_command(self, organisation_id: UUID, version: int | None) -> ChangeSettings:
        """As a command.

        Raises:
            Refusal: there is no such Land.
        """
        if self.land not in LAENDER:
            raise refusals.LAND_UNKNOWN.refuse("/land", known=sorted(LAENDER))
        return ChangeSettings(
            organisation_id, self.approval_required, self.hold_hours, self.land, version
        )
