"""The calendar feed of a person. Its address is its key: who has it reads it, until it is renewed.

Calendar programs cannot sign in, so the feed is open to whoever knows the secret (256 random
bits). It holds courses and times, and no name.
"""

import secrets
from typing import Annotated, Any

from chassis.auth import Actor, SignedIn
from chassis.http import Read, View, Write, problems
from contracts.refusal import NOT_FOUND
from fastapi import APIRouter, Path, Request, Response

from notifications import commands, handlers, views
from notifications.adapters import calendars
from notifications.store import people

router = APIRouter(prefix="/api/notifications/calendar", tags=["calendar"])

ICS = "text/calendar"
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The feed", "content": {ICS: {"schema": {"type": "string"}}}},
    **problems(404),
}
Secret = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]


class FeedView(View):
    """Where the own feed is; None while there is none."""

    url: str | None


async def _shown(request: Request, actor: Actor, read: Read) -> FeedView:
    async with read() as tx:
        secret = await people.feed_secret(tx, actor.person_ref)
    base = str(request.app.state.settings.public_url).rstrip("/")
    return FeedView(url=f"{base}{router.prefix}/{secret}.ics" if secret else None)


@router.get("", responses=problems())
async def show(request: Request, actor: SignedIn, read: Read) -> FeedView:
    """The address of the own feed."""
    return await _shown(request, actor, read)


@router.post("", status_code=201, responses=problems())
async def renew(request: Request, actor: SignedIn, write: Write, read: Read) -> FeedView:
    """A new address for the own feed; the old one ends at once."""
    secret = secrets.token_urlsafe(32)
    command = commands.RenewFeed(actor.person_ref, actor.organisation_id, secret)
    await write(handlers.renew_feeds, command)
    return await _shown(request, actor, read)


@router.delete("", status_code=204, responses=problems())
async def end(actor: SignedIn, write: Write) -> None:
    """End the own feed."""
    command = commands.RenewFeed(actor.person_ref, actor.organisation_id, None)
    await write(handlers.renew_feeds, command)


@router.get("/{secret}.ics", response_class=Response, responses=DOCUMENTED)
async def feed(secret: Secret, request: Request, read: Read) -> Response:
    """All confirmed dates of whoever this feed belongs to."""
    async with read() as tx:
        owner = await people.feed_owner(tx, secret)
        if owner is None:
            raise NOT_FOUND.refuse()
        bookings = await views.confirmed_bookings(tx, owner.person_ref, owner.organisation_id)
        runs = await views.runs(tx, {b.run_id for b in bookings.values() if b.run_id})
    entries = [(b, runs[b.run_id]) for b in bookings.values() if b.run_id in runs]
    content = calendars.feed(entries, request.app.state.clock(), owner.language)
    return Response(content, media_type=ICS, headers={"Cache-Control": "private, max-age=300"})
