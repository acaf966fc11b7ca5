"""Signing in and out, and the light or dark view."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from portal import posted
from portal.door import cookie_name
from portal.page import Page
from portal.pages import action
from portal.signin import BACK, SignInFailed

LEFT = "kc_anmeldung"
LEFT_SECONDS = 600
LONGEST = 2000  # characters of a path that is kept in a cookie: a browser keeps 4 kB
THEMES = ("light", "dark")
THEME_SECONDS = 365 * 24 * 3600


def local(path: str) -> str:
    """A path of ours, whatever was asked for: nobody is sent elsewhere."""
    fine = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if fine and path.isprintable() and len(path) <= LONGEST else "/"


async def leave(request: Request) -> Response:
    """Send the browser to the identity provider."""
    state = request.app.state
    url, kept = await state.issuer.leave_for()
    kept["next"] = local(request.query_params.get("weiter", "/"))
    url += f"&ui_locales={request.state.lang}"
    response = RedirectResponse(url, status_code=303)
    response.set_cookie(
        LEFT,
        state.sealer.seal(kept).decode(),
        max_age=LEFT_SECONDS,
        path="/anmelden",
        secure=state.settings.secure,
        httponly=True,
        samesite="lax",
    )
    return response


async def come_back(request: Request) -> Response:
    """Take who comes back from the identity provider."""
    state = request.app.state
    kept = state.sealer.open(request.cookies.get(LEFT, ""), LEFT_SECONDS)
    # under the name of this cookie somebody may send another one of ours
    if not isinstance(kept, dict) or "code" not in request.query_params:
        return RedirectResponse("/kurse", status_code=303)
    try:
        came = f"{state.settings.public_url}{BACK}?{urlencode(request.query_params.multi_items())}"
        session_id = await state.issuer.come_back(came, kept)
    except SignInFailed:
        return RedirectResponse(f"/anmelden?weiter={kept['next']}", status_code=303)
    old = request.cookies.get(cookie_name(state.settings.secure))
    if old:  # whoever signs in anew leaves nothing behind
        await state.sessions.end(old)
    response = RedirectResponse(kept["next"], status_code=303)
    response.delete_cookie(LEFT, path="/anmelden")
    response.set_cookie(
        cookie_name(state.settings.secure),
        session_id,
        # a day longer than the session: a form that is sent too late is known by it
        max_age=(state.settings.session_hours + 24) * 3600,
        path="/",
        secure=state.settings.secure,
        httponly=True,
        samesite="lax",
    )
    return response


async def sign_out(page: Page) -> Response:
    """End every session of the person, here and at the identity provider."""
    assert page.session is not None  # noqa: S101 - only a form of a session gets here
    target = await page.request.app.state.issuer.end_all(page.session)
    response = RedirectResponse(target, status_code=303)
    response.delete_cookie(cookie_name(page.settings.secure), path="/")
    return response


async def ended_elsewhere(request: Request) -> Response:
    """The identity provider tells that somebody has signed out (back-channel logout)."""
    form = await posted.read(request)
    try:
        await request.app.state.issuer.ended_elsewhere(str(form.get("logout_token", "")))
    except SignInFailed:
        return Response(status_code=400)
    return Response(status_code=200)


async def view(request: Request) -> Response:
    """Light or dark."""
    response = RedirectResponse(local(request.query_params.get("weiter", "/")), status_code=303)
    theme = request.query_params.get("ansicht", "light")
    if theme in THEMES:
        response.set_cookie(
            "kc_ansicht",
            theme,
            max_age=THEME_SECONDS,
            path="/",
            secure=request.app.state.settings.secure,
            httponly=True,
            samesite="lax",
        )
    return response


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [
        Route("/anmelden", leave),
        Route(BACK, come_back),
        Route("/abmelden/rueckkanal", ended_elsewhere, methods=["POST"]),
        action("/abmelden", sign_out),
        Route("/ansicht", view),
    ]
