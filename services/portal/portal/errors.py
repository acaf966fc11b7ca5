"""What people see when something does not work: what happened, and what they can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import structlog
from chassis.database import is_outage
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.backend import Backend, Refused, SignedOut, Unavailable
from portal.page import Page

log = structlog.get_logger(__name__)


async def _page(request: Request) -> Page:
    """The page that failed, or one for somebody we do not look up."""
    found: Page | None = getattr(request.state, "page", None)
    if found is None:
        return Page(request, None, Backend(request.app.state.services, "", request.state.lang))
    await found.meet_if_possible()
    return found


async def plain(request: Request, error: Exception) -> Response:
    """404, 403 and what else a route may say."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these
    template = {403: "errors/not_allowed.html", 404: "errors/missing.html"}.get(error.status_code)
    page = await _page(request)
    if template is None:
        return await page.render("errors/refused.html", error.status_code, text="")
    return await page.render(template, error.status_code)


async def refused(request: Request, error: Exception) -> Response:
    """A service said no, and the page had no better place for it."""
    assert isinstance(error, Refused)  # noqa: S101 - registered for these
    page = await _page(request)
    if error.status == 404:
        return await page.render("errors/missing.html", 404)
    if error.status == 403:
        return await page.render("errors/not_allowed.html", 403)
    return await page.render("errors/refused.html", error.status, text=error.detail)


async def unavailable(request: Request, error: Exception) -> Response:
    """A service that this page cannot do without does not answer."""
    sent = isinstance(error, Unavailable) and error.sent
    page = await _page(request)
    response = await page.render("errors/down.html", 503, sent=sent)
    response.headers["Retry-After"] = "5"
    return response


async def signed_out(request: Request, _error: Exception) -> Response:
    """The token is no longer accepted: sign in, and come back to this page."""
    page = await _page(request)
    return RedirectResponse(sign_in(page), status_code=303)


def sign_in(page: Page) -> str:
    """The address of the sign-in that leads back to this page."""
    back = page.here if page.request.method == "GET" else page.at(page.request.state.path)
    return f"{page.at('/anmelden')}?weiter={quote(back, safe='')}"


async def bug(request: Request, error: Exception) -> Response:
    """Our fault. The number leads to the log."""
    if is_outage(error):
        return await unavailable(request, error)
    log.error("a bug", exc_info=error)
    short = request.state.correlation_id[:8]
    page = await _page(request)
    return await page.render("errors/bug.html", 500, reference=short)


HANDLERS: Mapping[Any, Callable[[Request, Exception], Any]] = {
    HTTPException: plain,
    Refused: refused,
    Unavailable: unavailable,
    SignedOut: signed_out,
    Exception: bug,
}
