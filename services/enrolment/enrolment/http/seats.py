"""Seats of runs."""

from typing import Annotated
from uuid import UUID

from chassis.auth import SignedIn
from chassis.http import Read, problems
from contracts.refusal import NOT_FOUND
from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError

from enrolment.domain import refusals
from enrolment.views import reading
from enrolment.views.shapes import SeatsList, SeatsView

MOST = 100

router = APIRouter(prefix="/api/enrolment", tags=["seats"])


@router.get("/runs/{run_id}/seats", responses=problems(404))
async def show_seats(run_id: UUID, _: SignedIn, read: Read) -> SeatsView:
    """The seats of a run."""
    async with read() as tx:
        found = await reading.seats(tx, [run_id])
    if not found:
        raise NOT_FOUND.refuse()
    return found[0]


@router.get("/seats", responses=problems(422))
async def list_seats(
    _: SignedIn, read: Read, run_ids: Annotated[list[str], Query(max_length=MOST)]
) -> SeatsList:
    """The seats of up to 100 runs in one call: `run_ids=A,B` or `run_ids=A&run_ids=B`."""
    given = [part.strip() for part in ",".join(run_ids).split(",") if part.strip()]
    if len(given) > MOST:
        raise refusals.TOO_MANY_RUNS.refuse("/query/run_ids", limit=MOST)
    ids = [_run_id(part, place) for place, part in enumerate(given)]
    async with read() as tx:
        return SeatsList(items=await reading.seats(tx, ids))


def _run_id(part: str, place: int) -> UUID:
    try:
        return UUID(part)
    except ValueError:
        wrong = {"type": "uuid_parsing", "loc": ("query", "run_ids", place), "msg": "", "input": ""}
        raise RequestValidationError([wrong]) from None
