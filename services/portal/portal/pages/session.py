"""How long a session still lives, and the wish to stay signed in.

Asking does not prolong it, so an open window does not keep anybody signed in for ever.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from portal.door import cookie_name
from portal.page import Page
from portal.pages import action
from portal.sessions import told

HERE = "/sitzung"


async def ask(request: Request) -> Response:
    """What is left of the session, and the secret that forms carry in it."""
    state = request.app.state
    session_id = request.cookies.get(cookie_name(state.settings.secure), "")
    kept = await state.sessions.find(session_id, use=False) if session_id else None
    if kept is None:
        return JSONResponse({}, status_code=401)
    end = state.sessions.end_of(kept, kept.tokens)
    return JSONResponse(told(end, state.clock(), state.sealer.key, kept.person_ref, session_id))


async def stay(page: Page) -> Response:
    """The person is still there: being asked for a page has prolonged the session already."""
    assert page.session is not None  # noqa: S101 - only a form of a session gets here
    return JSONResponse(page.session.news(page.sealer.key, page.now))


def routes() -> list[BaseRoute]:
    """The address."""
    return [Route(HERE, ask), action(HERE, stay)]
