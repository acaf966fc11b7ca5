"""The portal's pages with somebody signed in, and services that answer what a test says."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
from chassis.auth import Actor
from portal import errors, pages, render
from portal.door import Door
from portal.sessions import End, Sealer, Session, Tokens
from portal.settings import Settings
from starlette.applications import Starlette
from starlette.middleware import Middleware

NOW = datetime(2027, 1, 15, 9, 0, tzinfo=UTC)
HOME = "http://127.0.0.1:8080"
KEY = "k" * 32
PERSON = UUID("0194631e-7c1a-7d02-9a44-2f5d0c6b8e11")


def as_read(page: str) -> str:
    """A page without what marks its instants for machines."""
    return re.sub(r"</?time[^>]*>", "", page)


@dataclass
class Services:
    """Answers by method and path; what is not known does not answer at all."""

    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers.get((request.method, request.url.path))
        if found is None:
            raise httpx.ConnectError("nobody is there")
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    def sent(self, path: str) -> list[httpx.Request]:
        """The requests to a path."""
        return [each for each in self.asked if each.url.path == path]


class Browser:
    """Looks at pages as one person with some roles."""

    def __init__(
        self,
        services: Services | Callable[[httpx.Request], Coroutine[None, None, httpx.Response]],
        *roles: str,
        figures: Any = None,
        sessions: Any = None,
        end: End | None = None,
        organisation: bool = False,
    ) -> None:
        own = PERSON if organisation else None
        actor = Actor(PERSON, own, frozenset(roles), provider="hochschule")
        self._session = Session("s", actor, Tokens("t", "r", "i", NOW), end)
        app = Starlette(
            routes=pages.routes(),
            middleware=[Middleware(Door, settings=_settings())],
            exception_handlers=errors.HANDLERS,
        )
        app.state.settings, app.state.clock = _settings(), lambda: NOW
        app.state.sealer, app.state.figures = Sealer(KEY), figures
        app.state.issuer = SimpleNamespace(session=self._signed_in())
        app.state.sessions = sessions
        self.app = app
        app.state.services = httpx.AsyncClient(
            transport=httpx.MockTransport(services), base_url=HOME
        )
        for lang in ("de", "en"):
            render.environment(lang).globals["asset"] = lambda name: f"/static/{name}"
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=HOME, cookies={"kc_sitzung": "s"}
        )

    def _signed_in(self) -> Callable[..., Awaitable[Session]]:
        async def session(_id: str, *, use: bool = True) -> Session:
            return self._session

        return session

    async def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """A page."""
        return await self._client.get(path, headers=headers)

    async def send(self, path: str, **options: Any) -> httpx.Response:
        """What a browser can be made to send, as `httpx` takes it."""
        return await self._client.post(path, **options)

    @property
    def secret(self) -> str:
        """What the forms of this session carry."""
        return self._session.csrf(Sealer(KEY).key)

    async def post(self, path: str, **fields: str | list[str]) -> httpx.Response:
        """A form of a page of ours."""
        return await self._client.post(path, data={"_csrf": self.secret, **fields})


def _settings() -> Settings:
    return Settings(
        client_secret="c" * 32,
        session_key=KEY,
        public_url=HOME,
        issuer="http://127.0.0.1:8164/realms/kommunalcampus",
        jwks_url="http://127.0.0.1:8164/keys",
        database_url="postgresql+asyncpg://portal@127.0.0.1/portal",
    )


def problem(status: int, code: str, detail: str, pointer: str = "") -> httpx.Response:
    """A service's no."""
    entry = {"pointer": pointer, "code": code, "detail": detail}
    return httpx.Response(status, json={"code": code, "detail": detail, "errors": [entry]})
