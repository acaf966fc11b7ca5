"""The stream of what happens, for open pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from portal.backend import Unavailable
from portal.door import cookie_name


async def live(request: Request) -> Response:
    """Events for the signed-in person; a visitor hears of seats only.

    An open page is no use of a session: it does not keep anybody signed in.
    """
    state = request.app.state
    session_id = request.cookies.get(cookie_name(state.settings.secure))
    try:
        session = await state.issuer.session(session_id, use=False) if session_id else None
    except Unavailable:
        return Response(status_code=503, headers={"Retry-After": "5"})
    last = request.headers.get("last-event-id") or request.query_params.get("last", "")
    events = state.live.stream(session.actor if session else None, last)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def routes() -> list[BaseRoute]:
    """The address."""
    return [Route("/live", live)]
