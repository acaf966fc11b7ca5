"""What people see when something does not work: what happened, and what they can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import structlog
from chassis.database import is_outage
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import again, areas
from portal.backend import Backend, Refused, SignedOut, Unavailable
from portal.page import SEE_OTHER, Page

log = structlog.get_logger(__name__)


class NotAllowed(HTTPException):
    """A page for people with one of these roles."""

    def __init__(self, roles: Sequence[str]) -> None:
        super().__init__(403)
        self.roles = roles


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
    page = await _page(request)
    if error.status_code == 403:
        return await _not_allowed(page, getattr(error, "roles", ()))
    if error.status_code == 404:
        return await page.render("errors/missing.html", 404)
    if error.status_code == 405 and request.method in ("GET", "HEAD"):
        # somebody looks at an address that takes forms only: a bookmark, a reload
        return RedirectResponse(again.stood(page), status_code=SEE_OTHER)
    return await page.render("errors/refused.html", error.status_code, text="")


async def refused(request: Request, error: Exception) -> Response:
    """A service said no, and the page had no better place for it."""
    assert isinstance(error, Refused)  # noqa: S101 - registered for these
    page = await _page(request)
    if error.status == 404:
        return await page.render("errors/missing.html", 404)
    if error.status == 403:
        return await _not_allowed(page, error.more.get("allowed") or (), error.detail)
    return await page.render("errors/refused.html", error.status, text=error.detail)


async def _not_allowed(page: Page, roles: Sequence[str], why: str = "") -> Response:
    who = [page.say(name) for name in areas.in_charge(roles)]
    return await page.render("errors/not_allowed.html", 403, who=", ".join(who), why=why)


async def unavailable(request: Request, error: Exception) -> Response:
    """A service that this page cannot do without does not answer."""
    sent = isinstance(error, Unavailable) and error.sent
    page = await _page(request)
    facts = {"place": areas.of_deed(page), "resend": _again(page, sent), "stood": again.stood(page)}
    response = await page.render("errors/down.html", 503, sent=sent, **facts)
    response.headers["Retry-After"] = "5"
    return response


def _again(page: Page, may_have_arrived: bool) -> again.Sent | None:
    """The form that can be sent once more without a second effect."""
    sent = again.of(page)
    return None if sent and may_have_arrived and not sent.has_key else sent


async def not_ours(request: Request, _error: Exception) -> Response:
    """A form that is not one of ours: nothing of it is shown again."""
    page = await _page(request)
    return await page.render("errors/not_ours.html", 403, stood=again.stood(page))


async def too_old(request: Request, _error: Exception) -> Response:
    """A form from before the last sign-in: its person sends it again."""
    page = await _page(request)
    sent = again.of(page)
    if sent is None:
        return await not_ours(request, _error)
    place = areas.around(request.state.path)
    return await page.render("errors/again.html", 409, resend=sent, place=place)


async def signed_out(request: Request, _error: Exception) -> Response:
    """The token is no longer accepted: sign in, and come back to this page."""
    return await to_sign_in(await _page(request))


async def to_sign_in(page: Page) -> Response:
    """To the sign-in, which leads back to this page, or to what was just sent to it."""
    back = page.here if page.request.method == "GET" else await again.way_back(page)
    return RedirectResponse(
        f"{page.at('/anmelden')}?weiter={quote(back, safe='')}", status_code=SEE_OTHER
    )


async def bug(request: Request, error: Exception) -> Response:
    """Our fault. The number leads to the log."""
    if is_outage(error):
        return await unavailable(request, error)
    log.error("a bug", exc_info=error)
    short = request.state.correlation_id[:8]
    page = await _page(request)
    return await page.render(
        "errors/bug.html",
        500,
        reference=short,
        place=areas.of_deed(page) if request.method == "POST" else None,
        resend=_again(page, may_have_arrived=True),
        stood=again.stood(page),
    )


HANDLERS: Mapping[Any, Callable[[Request, Exception], Any]] = {
    HTTPException: plain,
    Refused: refused,
    Unavailable: unavailable,
    SignedOut: signed_out,
    again.NotOurs: not_ours,
    again.TooOld: too_old,
    Exception: bug,
}
