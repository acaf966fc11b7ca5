"""New notices as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from chassis.auth import SignedIn
from chassis.http import problems
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from notifications.http.hub import Hub, Position, stream
from notifications.store.notices import Reader

EVENTS = "text/event-stream"
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `notice`: data as in the inbox, with an id to come back with",
        "content": {EVENTS: {"schema": {"type": "string"}}},
    },
    **problems(),
}


def router(hub: Hub) -> APIRouter:
    """The route, for the clients of this replica."""
    routes = APIRouter(prefix="/api/notifications", tags=["inbox"])

    @routes.get("/stream", response_class=StreamingResponse, responses=DOCUMENTED)
    async def open_stream(
        request: Request,
        actor: SignedIn,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> StreamingResponse:
        """Own new notices, as they come. With `Last-Event-ID` first those that were missed."""
        state = request.app.state
        place = Position.read(last_event_id)
        reader = Reader(actor.person_ref, actor.organisation_id)
        events: AsyncIterator[bytes] = stream(hub, state.db, state.settings, reader, place)
        # No cache may keep it, no proxy may gather it.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, media_type=EVENTS, headers=headers)

    return routes
