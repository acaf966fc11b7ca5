"""The rules that an organisation sets for its bookings."""

from typing import Annotated

from chassis.auth import Actor, Allowed
from chassis.http import IfMatch, Read, Write, etag, problems
from fastapi import APIRouter, Response

from enrolment import handlers, store
from enrolment.domain.house import HouseRules
from enrolment.domain.refusals import NO_ORGANISATION
from enrolment.http.bodies import SettingsBody
from enrolment.views import shapes
from enrolment.views.shapes import SettingsView

router = APIRouter(prefix="/api/enrolment", tags=["settings"])


@router.get("/settings", responses=problems(403))
async def show_settings(
    actor: Annotated[Actor, Allowed("coordinator", "approver")], read: Read, response: Response
) -> SettingsView:
    """Whether requests need a decision, and how long seats are kept meanwhile."""
    if actor.organisation_id is None:
        raise NO_ORGANISATION.refuse()
    async with read() as tx:
        houses = await store.read_houses(tx, [actor.organisation_id])
    view = shapes.settings(houses.get(actor.organisation_id, HouseRules()))
    response.headers.update(etag(view.version))
    return view


@router.put("/settings", responses=problems(403, 412, 422))
async def change_settings(
    body: SettingsBody,
    actor: Annotated[Actor, Allowed("coordinator")],
    write: Write,
    if_match: IfMatch,
    response: Response,
) -> SettingsView:
    """Set them. A stale `If-Match` is answered with 412."""
    if actor.organisation_id is None:
        raise NO_ORGANISATION.refuse()
    command = body.to_command(actor.organisation_id, if_match)
    view = await write(handlers.change_settings, command)
    response.headers.update(etag(view.version))
    return view
