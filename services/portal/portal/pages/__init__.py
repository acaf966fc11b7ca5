"""The pages, one file each, and their addresses."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from portal import again, door, errors
from portal.backend import Backend
from portal.page import Page, Screen
from portal.sessions import Session

PEOPLE = ("employee", "coordinator", "approver", "finance")
"""Those who belong to an employer."""


def screen(
    path: str,
    show: Screen,
    *,
    post: Screen | None = None,
    roles: tuple[str, ...] = (),
    public: bool = False,
) -> Route:
    """The route of a page. `roles`: who may see it, empty for everybody who is signed in."""

    async def answer(request: Request) -> Response:
        page = await _enter(request, public)
        if isinstance(page, Response):
            return page
        if roles and not page.has(*roles):
            raise errors.NotAllowed(roles)
        if request.method != "POST":
            page.meet_soon()
            return await show(page)
        await _must_come_from_us(page)
        return await (post or show)(page)

    return Route(path, answer, methods=["GET", "POST"] if post else ["GET"])


def action(path: str, do: Screen, roles: tuple[str, ...] = ()) -> Route:
    """The route of a form without a page of its own."""

    async def answer(request: Request) -> Response:
        page = await _enter(request, public=False)
        if isinstance(page, Response):
            return page
        if roles and not page.has(*roles):
            raise errors.NotAllowed(roles)
        await _must_come_from_us(page)
        return await do(page)

    return Route(path, answer, methods=["POST"])


async def _enter(request: Request, public: bool) -> Page | Response:
    """Who is it? Somebody, a visitor who looks at a public page, or one who has to sign in."""
    state = request.app.state
    session_id = request.cookies.get(door.cookie_name(state.settings.secure))
    session: Session | None = await state.issuer.session(session_id) if session_id else None
    if session is None and not (public and request.method != "POST"):
        page = Page(request, None, Backend(state.services, "", request.state.lang))
        return await errors.to_sign_in(page)
    token = session.tokens.access if session else await state.issuer.visitor()
    api = Backend(state.services, token, request.state.lang, request.state.correlation_id)
    page = Page(request, session, api)
    request.state.page = page
    return page


async def _must_come_from_us(page: Page) -> None:
    form = await page.form()
    given = form.get("_csrf")
    expected = page.session.csrf(page.sealer.key) if page.session else ""
    ours = isinstance(given, str) and door.is_our_form(given, expected)
    if not door.comes_from_here(page.request, page.settings.public_url):
        raise again.NotOurs
    if not ours:
        raise again.TooOld if again.was_of_this_person(page) else again.NotOurs


Routes = Callable[[], list[BaseRoute]]


def routes() -> list[BaseRoute]:
    """Every page."""
    from portal.pages import (
        approvals,
        bookings,
        bulk_check,
        bulk_result,
        bulk_start,
        courses,
        inbox,
        mine,
        offer,
        once_more,
        preferences,
        session,
        several,
        signing,
        start,
        stream,
        texts,
    )

    frame = (inbox, once_more, preferences, session, signing, stream, texts)
    bulk = (bulk_start, bulk_check, bulk_result)
    modules = (start, courses, offer, mine, bookings, *bulk, approvals, several, *frame)
    return [route for module in modules for route in module.routes()] + _of_the_cooperative()


def _of_the_cooperative() -> list[BaseRoute]:
    """The pages of the office, of providers and of operations."""
    from portal.pages import (
        all_letters,
        applications,
        check,
        dead_letters,
        measures,
        members,
        operations,
        organisations,
        own_offers,
        submissions,
    )

    office = (applications, members, organisations)
    messages = (dead_letters, all_letters)
    modules = (*office, submissions, own_offers, check, *messages, operations, measures)
    return [route for module in modules for route in module.routes()]
