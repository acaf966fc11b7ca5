"""The list of members."""

import asyncio
from datetime import date
from typing import Annotated

from chassis.auth import Actor, Allowed
from chassis.http import Write, problems
from fastapi import APIRouter, Query, Request, Response

from membership.commands import By, LookAtMembers
from membership.domain.calendar import berlin_day
from membership.handlers import memberships
from membership.http.forms import PLAIN, SensibleDay
from membership.views import members, members_pdf

router = APIRouter(prefix="/api/membership/members", tags=["members"])

CSV, PDF, JSON = "text/csv", "application/pdf", "application/json"
TEXT, FILE = {"type": "string"}, {"type": "string", "format": "binary"}
AS_FILES = {
    "description": "The list",
    "content": {CSV: {"schema": TEXT}, PDF: {"schema": FILE}},
}


@router.get("", response_model=members.MembersView, responses={**problems(403), 200: AS_FILES})
async def list_members(
    actor: Annotated[Actor, Allowed("office", "auditor")],
    write: Write,
    request: Request,
    on: SensibleDay | None = None,
    reason: Annotated[str | None, Query(max_length=200, pattern=PLAIN)] = None,
) -> members.MembersView | Response:
    """Who was a member on a day, with how many shares; JSON, CSV or PDF. Each look is kept."""
    now = request.app.state.clock()
    day = on or berlin_day(now)
    look = LookAtMembers(day, reason, By(actor.person_ref, write.cause))
    found = await write(memberships.look_at_members, look)
    kind = _preferred(request.headers.get("accept", ""))
    if kind == CSV:
        return _file(members.as_csv(found), f"{CSV}; charset=utf-8; header=present", day, "csv")
    if kind == PDF:
        made = await asyncio.to_thread(members_pdf.as_pdf, found, reason, now)
        return _file(made, PDF, day, "pdf")
    return found


def _file(content: bytes, media_type: str, day: date, ending: str) -> Response:
    name = f'attachment; filename="mitgliederliste-{day}.{ending}"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)


def _preferred(accept: str) -> str:
    """Which kind is wanted most, by the weights of `Accept`; JSON for whoever names none."""
    wanted = [_weight(part) for part in accept.lower().split(",")]

    def most(*kinds: str) -> float:
        return max((weight for kind, weight in wanted if kind in kinds), default=0.0)

    files = {kind: most(kind) for kind in (CSV, PDF)}
    best = max(files, key=lambda kind: files[kind])
    return best if files[best] > 0 and files[best] >= most(JSON, "*/*") else JSON


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
