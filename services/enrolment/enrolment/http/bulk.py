"""Booking many people in one step."""

from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Actor, Allowed
from chassis.http import Read, Write, problems
from chassis.problems import language
from chassis.waiting import Wait, waiting_for
from contracts.refusal import Refusal
from fastapi import APIRouter, Depends, Request, Response

from enrolment import handlers
from enrolment.commands import BookBulk
from enrolment.domain.enrolment import SETTLED
from enrolment.domain.refusals import BY_CODE
from enrolment.http.bodies import BulkRequest
from enrolment.http.enrolments import BASE
from enrolment.views import reading
from enrolment.views.shapes import BulkView, EnrolmentView, RowView

Waits = Annotated[Wait[dict[UUID, EnrolmentView]], waiting_for(reading.settled_bulks)]


class Telling:
    """How this request wants to be answered."""

    def __init__(self, request: Request, response: Response, dry_run: bool = False) -> None:
        self.dry_run = dry_run
        self.german = language(request) == "de"
        self.response = response

    def say(self, view: BulkView, status: int) -> BulkView:
        """The answer: refused rows get their sentence in the client's language."""
        self.response.status_code = status
        return view.model_copy(update={"rows": [_said(row, self.german) for row in view.rows]})


router = APIRouter(prefix=BASE, tags=["enrolments"])


ANSWERS: dict[int | str, dict[str, Any]] = {
    **problems(403, 409),
    200: {"model": BulkView, "description": "What would happen (`dry_run=true`)"},
    201: {"model": BulkView, "description": "Every row is settled (`Prefer: wait=N`)"},
}


@router.post("/bulk", status_code=202, responses=ANSWERS, response_model_exclude_none=True)
async def book_bulk(
    body: BulkRequest,
    actor: Annotated[Actor, Allowed("coordinator")],
    write: Write,
    read: Read,
    wait: Waits,
    telling: Annotated[Telling, Depends()],
) -> BulkView:
    """Book up to 100 people, with a result per row.

    A row that is refused does not stop the others, unless `all_or_nothing`: then nobody is booked,
    and `rows` of the refusal says of each one `held` (would get a seat), `no-seat`, or why not.
    `dry_run=true` books nobody and shows per row the expected state, the place in the line and the
    two possible prices. With `Prefer: wait=N` the answer waits until every row is settled.
    """
    command = body.to_command(actor, write.cause)
    if telling.dry_run:
        return telling.say(await _try(command, read), 200)
    wait.answered()
    view = await _settled(await write(handlers.book_bulks, command), wait)
    done = all(row.state in SETTLED for row in view.rows if row.state)
    return telling.say(view, 201 if wait.seconds and done else 202)


async def _try(command: BookBulk, read: Read) -> BulkView:
    async with read() as tx:
        answer = await handlers.try_bulk(tx, command)
    if isinstance(answer, Refusal):
        raise answer
    return answer


async def _settled(view: BulkView, wait: Wait[dict[UUID, EnrolmentView]]) -> BulkView:
    if view.bulk_id is None or all(row.state in SETTLED for row in view.rows if row.state):
        return view
    known = await wait.until(view.bulk_id) or {}
    rows = [_as_known(row, known) for row in view.rows]
    return view.model_copy(update={"rows": rows})


def _as_known(row: RowView, known: dict[UUID, EnrolmentView]) -> RowView:
    now = known.get(row.enrolment_id) if row.enrolment_id else None
    if now is None or row.state is None:
        return row
    return row.model_copy(update={"state": now.state, "place": now.place, "price": now.price})


def _said(row: RowView, german: bool) -> RowView:
    """A refused row with its sentence in the client's language."""
    rule = BY_CODE.get(row.code)
    if rule is None:
        return row
    return row.model_copy(update={"detail": rule.de if german else rule.en})
