"""Routes of single enrolments."""

from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Actor, Allowed, SignedIn
from chassis.http import Read, Write, etag, problems
from chassis.waiting import Wait, waiting_for
from contracts.refusal import Refusal
from fastapi import APIRouter, Query, Response

from enrolment import handlers, store
from enrolment.adapters import calendars
from enrolment.commands import (
    AcceptSeat,
    CancelEnrolment,
    DecideRequest,
    DeclineSeat,
    RemindApprovers,
)
from enrolment.domain.enrolment import SETTLED
from enrolment.http.bodies import (
    AccountingBody,
    ApprovalBody,
    EnrolmentRequest,
    ListQuery,
    NothingMore,
    who,
)
from enrolment.views import listing, reading
from enrolment.views.shapes import EnrolmentPage, EnrolmentView

BASE = "/api/enrolment/enrolments"
Waits = Annotated[Wait[EnrolmentView], waiting_for(reading.settled, store.SETTLED_BELL)]

router = APIRouter(prefix=BASE, tags=["enrolments"])


ANSWERS: dict[int | str, dict[str, Any]] = {
    **problems(403, 409),
    201: {"model": EnrolmentView, "description": "Everything is settled (`Prefer: wait=N`)"},
}


@router.post("", status_code=202, responses=ANSWERS, response_model_exclude_none=True)
async def request_enrolment(
    body: EnrolmentRequest,
    actor: Annotated[Actor, Allowed("employee", "coordinator")],
    write: Write,
    wait: Waits,
    response: Response,
) -> EnrolmentView:
    """Ask for a seat; a coordinator books it.

    202: the seat is held, or the place in the line is given; the price follows. With
    `Prefer: wait=N` the answer waits up to N seconds until all that is settled, and is 201 then.
    """
    view = await write(handlers.request_enrolments, body.to_command(actor, write.cause))
    response.headers["Location"] = f"{BASE}/{view.enrolment_id}"
    view = await _settled(view, wait)
    if wait.seconds and view.state in SETTLED:
        response.status_code = 201
    return view


@router.get("", responses=problems(422), response_model_exclude_none=True)
async def list_enrolments(
    actor: SignedIn, read: Read, query: Annotated[ListQuery, Query()]
) -> EnrolmentPage:
    """One's own enrolments; for coordinators, approvers and finance the organisation's.

    `q` looks in cost centre, order number and title; `from` and `to` are days of the start of the
    run; several `state` and up to 500 `person_ref` add up. `sort=deadline` shows first what has to
    be acted on, then what is still to come, then what is over.
    """
    async with read() as tx:
        return await listing.page(tx, who(actor), query.to_search())


@router.get("/{enrolment_id}", responses=problems(404), response_model_exclude_none=True)
async def show_enrolment(
    enrolment_id: UUID, actor: SignedIn, read: Read, response: Response
) -> EnrolmentView:
    """One enrolment. A foreign one is answered as a missing one."""
    async with read() as tx:
        view = await reading.one(tx, enrolment_id, who(actor))
    response.headers.update(etag(view.version))
    return view


@router.get(
    "/{enrolment_id}/calendar",
    responses={**problems(404), 200: {"content": {"text/calendar": {}}}},
    response_class=Response,
)
async def show_calendar_entry(enrolment_id: UUID, actor: SignedIn, read: Read) -> Response:
    """The run as a calendar entry (ICS)."""
    async with read() as tx:
        enrolment, run = await reading.with_run(tx, enrolment_id, who(actor))
        entry = calendars.entry(enrolment, run, tx.now)
    headers = {"Content-Disposition": 'attachment; filename="termin.ics"'}
    return Response(entry, media_type="text/calendar", headers=headers)


@router.post(
    "/{enrolment_id}/cancellation",
    responses=problems(403, 404, 409),
    response_model_exclude_none=True,
)
async def cancel_enrolment(
    enrolment_id: UUID,
    actor: SignedIn,
    write: Write,
    read: Read,
    body: NothingMore | None = None,  # noqa: ARG001 - an empty object is accepted
    dry_run: bool = False,
) -> EnrolmentView:
    """Call it off. `dry_run=true` changes nothing and shows the fee (`cancellation`)."""
    command = CancelEnrolment(enrolment_id, who(actor), write.cause)
    if not dry_run:
        return await write(handlers.cancel_enrolments, command)
    async with read() as tx:
        answer = await handlers.try_cancellation(tx, command)
    if isinstance(answer, Refusal):
        raise answer
    return answer


@router.post(
    "/{enrolment_id}/acceptance",
    responses=problems(403, 404, 409),
    response_model_exclude_none=True,
)
async def accept_seat(
    enrolment_id: UUID,
    actor: SignedIn,
    write: Write,
    wait: Waits,
    body: NothingMore | None = None,  # noqa: ARG001 - an empty object is accepted
) -> EnrolmentView:
    """Take the offered seat: a binding booking at today's price. `Prefer: wait=N` waits for it."""
    command = AcceptSeat(enrolment_id, who(actor), write.cause)
    return await _settled(await write(handlers.accept_seats, command), wait)


@router.post(
    "/{enrolment_id}/decline",
    responses=problems(403, 404, 409),
    response_model_exclude_none=True,
)
async def decline_seat(
    enrolment_id: UUID,
    actor: SignedIn,
    write: Write,
    body: NothingMore | None = None,  # noqa: ARG001 - an empty object is accepted
) -> EnrolmentView:
    """Pass the offered seat on to the next in line."""
    return await write(handlers.decline_seats, DeclineSeat(enrolment_id, who(actor), write.cause))


@router.post(
    "/{enrolment_id}/approval",
    responses=problems(403, 404, 409),
    response_model_exclude_none=True,
)
async def decide_request(
    enrolment_id: UUID, body: ApprovalBody, actor: SignedIn, write: Write
) -> EnrolmentView:
    """A coordinator or approver decides on an employee's request."""
    command = DecideRequest(enrolment_id, body.decision, body.reason, who(actor), write.cause)
    return await write(handlers.decide_requests, command)


@router.post(
    "/{enrolment_id}/approval/reminder",
    responses=problems(403, 404, 409),
    response_model_exclude_none=True,
)
async def remind_approvers(
    enrolment_id: UUID,
    actor: SignedIn,
    write: Write,
    body: NothingMore | None = None,  # noqa: ARG001 - an empty object is accepted
) -> EnrolmentView:
    """Remind those who decide: the person who asked, or a coordinator, at most once in 24 hours.

    A second one is refused (`reminded-already`) with `possible_from`.
    """
    command = RemindApprovers(enrolment_id, who(actor), write.cause)
    return await write(handlers.remind_approvers, command)


@router.post(
    "/{enrolment_id}/accounting",
    responses=problems(403, 404, 409),
    response_model_exclude_none=True,
)
async def change_accounting(
    enrolment_id: UUID, body: AccountingBody, actor: SignedIn, write: Write
) -> EnrolmentView:
    """A coordinator changes the cost centre and the order number, also after the course.

    What is left out stays as it is, `null` takes it away. What has ended without costs is refused
    (`ended-without-costs`). Nobody is told, so the version stays.
    """
    command = body.to_command(enrolment_id, actor, write.cause)
    return await write(handlers.change_accounting, command)


async def _settled(view: EnrolmentView, wait: Wait[EnrolmentView]) -> EnrolmentView:
    """The view as it is when everything has settled, if somebody wants to wait for that."""
    wait.answered()
    if view.state in SETTLED:
        return view
    return await wait.until(view.enrolment_id) or view
