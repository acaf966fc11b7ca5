"""What the code of a page has at hand: who asks, in which language, the services, and an answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from chassis.auth import Actor
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from portal import formats, frame, posted, render
from portal.backend import Backend, SignedOut
from portal.frame import NOBODY, Me
from portal.sessions import Sealer, Session, Sessions
from portal.settings import Settings

FLASH = "kc_meldung"
FLASH_SECONDS = 120
SEE_OTHER = 303


@dataclass(frozen=True)
class Flash:
    """What is said once, on top of the next page. `kind`: success, info, warning, danger."""

    kind: str
    title: str
    text: str = ""


class Page:
    """One request for a page."""

    def __init__(self, request: Request, session: Session | None, api: Backend) -> None:
        self.request, self.session, self.api = request, session, api
        self.lang: str = request.state.lang
        self.now: datetime = request.app.state.clock().astimezone(formats.BERLIN)
        self.me: Me = NOBODY
        """What the frame shows of the person, once `meet` was awaited (`render` does that)."""
        self._meeting: asyncio.Task[Me] | None = None
        self._met = False
        self.posted: FormData | None = None
        """The posted form, once somebody has read it."""

    # -- who

    @property
    def actor(self) -> Actor:
        """The signed-in person. Pages for everybody ask `signed_in` first."""
        assert self.session is not None  # noqa: S101 - the door of the page lets nobody else in
        return self.session.actor

    @property
    def signed_in(self) -> bool:
        """Whether somebody is."""
        return self.session is not None

    def has(self, *roles: str) -> bool:
        """Whether the person has one of the roles."""
        return self.session is not None and self.session.actor.has(*roles)

    def meet_soon(self) -> None:
        """Ask what the frame shows, while the page asks for what is its own."""
        needless = self.is_fragment and not self.asks_for_more
        if self.session is None or needless or self._meeting is not None:
            return
        asked = frame.about_me(self.api, self.session.actor.organisation_id)
        self._meeting = asyncio.create_task(asked)
        self._meeting.add_done_callback(_heard)

    async def meet(self) -> None:
        """Wait for what the frame shows.

        Raises:
            SignedOut: the services do not accept the token any more.
        """
        if not self._met:
            self.meet_soon()
            if self._meeting is not None:
                self.me = await self._meeting
            self._met = True

    async def meet_if_possible(self) -> None:
        """The same for a page about something that failed: it must not fail, too."""
        with contextlib.suppress(SignedOut):
            await self.meet()
        self._met = True

    # -- what is there

    @property
    def settings(self) -> Settings:
        """The portal's settings."""
        settings: Settings = self.request.app.state.settings
        return settings

    @property
    def sessions(self) -> Sessions:
        """Sessions and drafts."""
        store: Sessions = self.request.app.state.sessions
        return store

    @property
    def sealer(self) -> Sealer:
        """Encrypts what the browser keeps for us."""
        sealer: Sealer = self.request.app.state.sealer
        return sealer

    @property
    def query(self) -> Mapping[str, str]:
        """The query of the address."""
        return self.request.query_params

    def several(self, name: str) -> list[str]:
        """All values of one name in the query."""
        return [value for value in self.request.query_params.getlist(name) if value]

    def part_of(self, name: str) -> str:
        """A piece of the path."""
        return str(self.request.path_params[name])

    async def form(self) -> FormData:
        """The posted form (its origin was checked at the door).

        Raises:
            HTTPException: 400, it cannot be read.
        """
        self.posted = await posted.read(self.request)
        return self.posted

    @property
    def query_text(self) -> str:
        """The query as it stands in the address, which may hold any bytes."""
        text: bytes = self.request.scope["query_string"]
        return text.decode("latin-1")

    @property
    def is_fragment(self) -> bool:
        """Whether the script asks for a piece of a page, to swap it in."""
        headers = self.request.headers
        return "hx-request" in headers and "hx-history-restore-request" not in headers

    @property
    def asks_for_more(self) -> bool:
        """Whether that piece is a list with more of its rows (`more` in `templates/parts.html`)."""
        return self.is_fragment and self.request.headers.get("hx-trigger") == "mehr"

    def say(self, text: str, **values: Any) -> str:
        """A text in the language of the page."""
        said = render.translate(self.lang, text)
        return said % values if values else said

    def count(self, texts: tuple[str, str], number: int) -> str:
        """A text with a number, in the language of the page: `texts` is its singular and plural."""
        said = render.counted(self.lang, texts, number)
        return said % {"num": formats.number(number, self.lang)}

    # -- answers

    @property
    def here(self) -> str:
        """The address of this page, with its query."""
        query = self.query_text
        return self.at(self.request.state.path) + (f"?{query}" if query else "")

    def at(self, path: str) -> str:
        """The address of a page in this language."""
        return f"/en{path}".removesuffix("/") or "/" if self.lang == "en" else path

    async def render(self, template: str, status: int = 200, **context: Any) -> Response:
        """An answer from a template, with the frame around it."""
        await self.meet()
        # a piece that is fetched must not take it from the page that comes next
        flash = None if self.is_fragment else self._flash()
        body = render.page(self, template, {"flash": flash, **context})
        response = HTMLResponse(body, status_code=status)
        if flash is not None:
            response.delete_cookie(FLASH, path="/")
        return response

    def go(self, path: str, flash: Flash | None = None) -> Response:
        """Post, redirect, get: a reload does not repeat what was done."""
        response = RedirectResponse(self.at(path), status_code=SEE_OTHER)
        if flash is not None:
            sealed = self.sealer.seal([flash.kind, flash.title, flash.text]).decode()
            response.set_cookie(
                FLASH,
                sealed,
                max_age=FLASH_SECONDS,
                path="/",
                secure=self.settings.secure,
                httponly=True,
                samesite="lax",
            )
        return response

    def _flash(self) -> Flash | None:
        kept = self.request.cookies.get(FLASH)
        opened = self.sealer.open(kept, FLASH_SECONDS) if kept else None
        # under the name of this cookie somebody may send another one of ours
        return Flash(*opened) if isinstance(opened, list) else None

    def missing(self) -> HTTPException:
        """The same for what is not there and for what belongs to somebody else."""
        return HTTPException(404)


def _heard(task: asyncio.Task[Me]) -> None:
    """A page that goes elsewhere never asks how it ended."""
    if not task.cancelled():
        task.exception()


Screen = Callable[[Page], Awaitable[Response]]
"""The code of one page."""


def new_key() -> str:
    """The key of one form: however often it is sent, it has its effect once."""
    return str(uuid4())
