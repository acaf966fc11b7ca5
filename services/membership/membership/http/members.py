"""The list of members."""

from typing import Annotated

from chassis.auth import Actor, Allowed
from chassis.http import Write, problems
from fastapi import APIRouter, Query, Request, Response

from membership.commands import By, LookAtMembers
from membership.domain.calendar import berlin_day
from membership.handlers import memberships
from membership.http.forms import PLAIN, SensibleDay
from membership.views import members

router = APIRouter(prefix="/api/membership/members", tags=["members"])

CSV = "text/csv"
AS_CSV = {"description": "The list", "content": {CSV: {"schema": {"type": "string"}}}}


@router.get("", response_model=members.MembersView, responses={**problems(403), 200: AS_CSV})
async def list_members(
    actor: Annotated[Actor, Allowed("office", "auditor")],
    write: Write,
    request: Request,
    on: SensibleDay | None = None,
    reason: Annotated[str | None, Query(max_length=200, pattern=PLAIN)] = None,
) -> members.MembersView | Response:
    """Who was a member on a day, with how many shares; as JSON or CSV. Each look is kept."""
    day = on or berlin_day(request.app.state.clock())
    look = LookAtMembers(day, reason, By(actor.person_ref, write.cause))
    found = await write(memberships.look_at_members, look)
    if not _prefers_csv(request.headers.get("accept", "")):
        return found
    name = f'attachment; filename="mitgliederliste-{day}.csv"'
    return Response(
        members.as_csv(found),
        media_type=f"{CSV}; charset=utf-8; header=present",
        headers={"Content-Disposition": name, "Cache-Control": "no-store"},
    )


def _prefers_csv(accept: str) -> bool:
    """Whether CSV is wanted before JSON, by the order and the weights of `Accept`."""
    wanted = [_weight(part) for part in accept.lower().split(",")]
    csv = max((weight for kind, weight in wanted if kind == CSV), default=0.0)
    json = max(
        (weight for kind, weight in wanted if kind in ("application/json", "*/*")), default=0.0
    )
    return csv > 0 and csv >= json


def _weight(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return kind, float(value)
            except ValueError:
                return kind, 0.0
    return kind, 1.0
