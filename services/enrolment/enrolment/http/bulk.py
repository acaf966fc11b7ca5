"""Booking many people in one step."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Actor, Allowed
from chassis.http import Read, Write, problems
from chassis.problems import language
from chassis.waiting import Wait, waiting_for
from contracts.refusal import Refusal
from fastapi import APIRouter, Depends, Request, Response

from enrolment import handlers, store
from enrolment.commands import BookBulk
from enrolment.domain.enrolment import SETTLED
from enrolment.domain.refusals import BY_CODE
from enrolment.http.bodies import BulkRequest, who
from enrolment.http.enrolments import BASE
from enrolment.views import jobs, reading
from enrolment.views.shapes import BulkView, EnrolmentView, JobView, RowView

BULK = f"{BASE}/bulk"
JOBS = "/api/enrolment/jobs"

Waits = Annotated[
    Wait[dict[UUID, EnrolmentView]], waiting_for(reading.settled_bulks, store.BULKS_BELL)
]


class Telling:
    """How this request wants to be answered."""

    def __init__(self, request: Request, response: Response, dry_run: bool = False) -> None:
        self.dry_run = dry_run
        self.german = language(request) == "de"
        self.response = response

    def say(self, view: BulkView, status: int) -> BulkView:
        """The answer: refused rows get their sentence in the client's language."""
        self.response.status_code = status
        return view.model_copy(update={"rows": self._rows(view.rows)})

    def say_job(self, view: JobView) -> JobView:
        """A long list as it stands, with the sentences of what was refused."""
        rows = None if view.rows is None else self._rows(view.rows)
        return view.model_copy(update={"rows": rows, "detail": self._sentence(view.code)})

    def _rows(self, rows: Sequence[RowView]) -> list[RowView]:
        sentences = ((row, self._sentence(row.code)) for row in rows)
        return [row.model_copy(update={"detail": said}) if said else row for row, said in sentences]

    def _sentence(self, code: str | None) -> str | None:
        rule = BY_CODE.get(code or "")
        if rule is None:
            return None
        return rule.de if self.german else rule.en


router = APIRouter(tags=["enrolments"])


ANSWERS: dict[int | str, dict[str, Any]] = {
    **problems(403, 409),
    200: {"model": BulkView, "description": "What would happen (`dry_run=true`)"},
    201: {"model": BulkView, "description": "Every row is settled (`Prefer: wait=N`)"},
    202: {
        "model": BulkView | JobView,
        "description": "Booked, prices follow; above 100 people: taken on, see `Location`",
    },
}


@router.post(BULK, status_code=202, responses=ANSWERS, response_model_exclude_none=True)
async def book_bulk(
    body: BulkRequest,
    actor: Annotated[Actor, Allowed("coordinator")],
    write: Write,
    read: Read,
    wait: Waits,
    telling: Annotated[Telling, Depends()],
) -> BulkView | JobView:
    """Book up to 2,000 people, with a result per row.

    A row that is refused does not stop the others, unless `all_or_nothing`: then nobody is booked,
    and `rows` of the refusal says of each one `held` (would get a seat), `no-seat`, or why not.
    `dry_run=true` books nobody and shows per row the expected state, the place in the line and the
    two possible prices, at once for a list of any length. With `Prefer: wait=N` the answer waits
    until every row is settled.

    Above 100 people the list is taken on and booked in parts (with `all_or_nothing` in one): the
    answer comes at once, and `Location` says where its progress stands. The same `Idempotency-Key`
    leads to the same list; nobody waits here by `Prefer`.
    """
    command = body.to_command(actor, write.cause)
    if telling.dry_run:
        return telling.say(await _try(command, read), 200)
    view: BulkView | JobView = await write(handlers.book_lists, command)
    if isinstance(view, JobView):
        telling.response.headers["Location"] = f"{JOBS}/{view.job_id}"
        return view
    wait.answered()
    view = await _settled(view, wait)
    done = all(row.state in SETTLED for row in view.rows if row.state)
    return telling.say(view, 201 if wait.seconds and done else 202)


@router.get(JOBS + "/{job_id}", responses=problems(403, 404), response_model_exclude_none=True)
async def show_job(
    job_id: UUID,
    actor: Annotated[Actor, Allowed("coordinator")],
    read: Read,
    telling: Annotated[Telling, Depends()],
    rows: bool = True,
) -> JobView:
    """How far a long list of the own organisation is, and what became of its rows.

    `rows=false` leaves them out. A finished list can be looked at for 30 days.
    """
    async with read() as tx:
        return telling.say_job(await jobs.one(tx, job_id, who(actor), rows=rows))


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
