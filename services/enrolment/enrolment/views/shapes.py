"""What clients see of enrolments, seats and settings."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from chassis.http import View
from contracts.refusal import Refusal

from enrolment.domain.enrolment import SETTLED, Enrolment, State
from enrolment.domain.house import HouseRules
from enrolment.domain.run import Run, RunState


class PriceView(View):
    """What the seat costs. `status`: `pending`, `forecast` (in the line), `fixed`.

    While it is pending it will be one of `standard_cents` and `member_cents`.
    """

    status: Literal["pending", "forecast", "fixed"]
    cents: int | None = None
    kind: str | None = None
    reason: dict[str, Any] | None = None
    standard_cents: int
    member_cents: int | None = None
    saving_cents: int | None = None
    priced_for_on: date | None = None


class CancellationView(View):
    """What withdrawing costs now; `fee_cents` is what it did cost."""

    free_until_on: date | None = None
    fee_now_cents: int
    fee_cents: int | None = None


class ApprovalView(View):
    """The organisation's decision on a request: open since when, until when; `by_ref` made it.

    Without `by_ref` nobody has decided: any coordinator or approver of the organisation may.
    """

    by_ref: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class EnrolmentView(View):
    """An enrolment. `place` in the line from 1, `ahead` how many stand before it.

    `approval` where the organisation decides or has decided; `ended_at` where it is over.
    """

    enrolment_id: UUID
    state: State
    offer_id: UUID
    run_id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    location: str | None = None
    person_ref: UUID
    organisation_id: UUID
    booked_by_ref: UUID | None = None
    bulk_id: UUID | None = None
    requested_at: datetime
    place: int | None = None
    ahead: int | None = None
    held_until: datetime | None = None
    offered_until: datetime | None = None
    approval: ApprovalView | None = None
    price: PriceView
    cancellation: CancellationView
    cost_centre: str | None = None
    order_reference: str | None = None
    decided_by_ref: UUID | None = None
    decision_reason: str | None = None
    reminded_at: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: str | None = None
    version: int


class EnrolmentPage(View):
    """A page of enrolments, and how many there are in each state under the same filters.

    Up to 1,000 of each state are counted: 1000 means as many, or more.
    """

    items: list[EnrolmentView]
    counts: dict[State, int]
    next_cursor: str | None = None


class RowView(View):
    """What became of one row: `code` is `held`, `waitlisted`, or the code of the refusal.

    In a long list it is `pending` until its part is booked.
    """

    pointer: str
    code: str
    person_ref: UUID
    detail: str | None = None
    enrolment_id: UUID | None = None
    state: State | None = None
    place: int | None = None
    price: PriceView | None = None


class BulkView(View):
    """The answer to a bulk booking, row by row."""

    bulk_id: UUID | None = None
    run_id: UUID
    dry_run: bool = False
    rows: list[RowView]


class JobView(View):
    """A long list: `done` of its `total` rows have been booked or refused.

    `refused` where nobody was booked, because not everybody gets a seat (`all_or_nothing`); `code`,
    `detail` and `free` say why.
    """

    job_id: UUID
    run_id: UUID
    state: Literal["working", "done", "refused"]
    done: int
    total: int
    all_or_nothing: bool
    created_at: datetime
    finished_at: datetime | None = None
    code: str | None = None
    detail: str | None = None
    free: int | None = None
    rows: list[RowView] | None = None


class SeatsView(View):
    """The seats of a run. `taken` counts held and confirmed ones, `held` those not yet certain."""

    run_id: UUID
    capacity: int
    taken: int
    held: int
    free: int
    waiting: int
    state: Literal["open", "closed", "withdrawn", "cancelled"]
    closes_at: datetime
    version: int


class SeatsList(View):
    """The seats of several runs; unknown ones are left out."""

    items: list[SeatsView]


class SettingsView(View):
    """The rules that an organisation set for its bookings."""

    approval_required: bool
    hold_hours: int
    land: str
    version: int


def enrolment(one: Enrolment, run: Run, now: datetime, place: int | None = None) -> EnrolmentView:
    """An enrolment as its clients see it."""
    active = one.due_at is not None
    return EnrolmentView(
        enrolment_id=one.id,
        state=one.state,
        offer_id=run.offer_id,
        run_id=run.id,
        title=run.title,
        starts_at=run.starts_at,
        ends_at=run.ends_at,
        location=run.location,
        person_ref=one.person_ref,
        organisation_id=one.organisation_id,
        booked_by_ref=one.booked_by_ref,
        bulk_id=one.bulk_id,
        requested_at=one.requested_at,
        place=place,
        ahead=None if place is None else place - 1,
        held_until=one.held_until if active and one.state is not State.OFFERED else None,
        offered_until=one.offered_until if active and one.state is State.OFFERED else None,
        approval=approval(one),
        price=price(one),
        cancellation=CancellationView(
            free_until_on=one.free_until_on(run),
            fee_now_cents=one.fee_now(run, now),
            fee_cents=one.fee_cents,
        ),
        cost_centre=one.cost_centre,
        order_reference=one.order_reference,
        decided_by_ref=one.decided_by_ref,
        decision_reason=one.decision_reason,
        reminded_at=one.reminded_at,
        ended_at=one.ended_at,
        ended_reason=one.ended_reason,
        version=one.version,
    )


def approval(one: Enrolment) -> ApprovalView | None:
    """The decision of the organisation, if it came to one."""
    if one.approval_since is None and one.decided_by_ref is None:
        return None
    return ApprovalView(by_ref=one.decided_by_ref, since=one.approval_since, until=one.held_until)


def price(one: Enrolment) -> PriceView:
    """The price, as far as it is known."""
    if one.price_cents is None or one.priced_for_on is None:
        return PriceView(
            status="pending", standard_cents=one.standard_cents, member_cents=one.member_cents
        )
    binding = one.priced_for_on == one.binding_on and one.state in SETTLED - {State.WAITLISTED}
    return PriceView(
        status="fixed" if binding else "forecast",
        cents=one.price_cents,
        kind=one.price_kind,
        reason=one.price_reason,
        standard_cents=one.standard_cents,
        saving_cents=one.saving_cents,
        priced_for_on=one.priced_for_on,
    )


def row(index: int, person_ref: UUID, answer: Enrolment | Refusal, place: int | None) -> RowView:
    """One row of a bulk booking."""
    pointer = f"/people/{index}"
    if isinstance(answer, Refusal):
        known = answer.data.get("enrolment_id")
        return RowView(pointer=pointer, code=answer.code, person_ref=person_ref, enrolment_id=known)
    return RowView(
        pointer=pointer,
        code="waitlisted" if place else "held",
        person_ref=person_ref,
        enrolment_id=answer.id,
        state=answer.state,
        place=place,
        price=price(answer),
    )


def expected(row: RowView) -> RowView:
    """A row of a trial: a seat of a coordinator's booking is certain once its price is there."""
    if row.state is None:
        return row
    state = State.CONFIRMED if row.state is State.REQUESTED else row.state
    return row.model_copy(update={"state": state, "enrolment_id": None})


def seats(run: Run, now: datetime) -> SeatsView:
    """The seats of a run now."""
    closed = run.state is RunState.OPEN and now >= run.last_call
    return SeatsView(
        run_id=run.id,
        capacity=run.capacity,
        taken=run.taken,
        held=run.held,
        free=run.free,
        waiting=run.waiting,
        state="closed" if closed else run.state.value,
        closes_at=run.last_call,
        version=run.version,
    )


def settings(house: HouseRules) -> SettingsView:
    """The rules of an organisation."""
    return SettingsView(
        approval_required=house.approval_required,
        hold_hours=house.hold_hours,
        land=house.land,
        version=house.version,
    )
