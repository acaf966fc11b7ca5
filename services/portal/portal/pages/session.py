"""How long a session still lives, and the wish to stay signed in.

Asking does not prolong it, so an open window does not keep anybody signed in for ever.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from portal.page import Page
from portal.pages import action, cookie_name
from portal.sessions import csrf_of, marked

HERE = "/sitzung"


async def ask(request: Request) -> Response:
    """What is left of the session, and the secret that forms carry in it."""
    state = request.app.state
    session_id = request.cookies.get(cookie_name(state.settings.secure), "")
    kept = await state.sessions.find(session_id, use=False) if session_id else None
    if kept is None:
        return JSONResponse({}, status_code=401)
    end = state.sessions.end_of(kept, kept.tokens)
    key = state.sealer.key
    who, csrf = marked(key, kept.person_ref), csrf_of(session_id, key)
    return JSONResponse({**end.told(state.clock()), "who": who, "csrf": csrf})


async def stay(page: Page) -> Response:
    """The person is still there: being asked for a page has prolonged the session already."""
    session = page.session
    assert session is not None  # noqa: S101 - only a form of a session gets here
    assert session.end is not None  # noqa: S101 - the store says when it ends
    key = page.sealer.key
    who = marked(key, session.actor.person_ref)
    return JSONResponse({**session.end.told(page.now), "who": who, "csrf": session.csrf(key)})


def routes() -> list[BaseRoute]:
    """The address."""
    return [Route(HERE, ask), action(HERE, stay)]
