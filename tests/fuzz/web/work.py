"""The portal at work before real services, and who sends it requests."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from chassis.testing import Servers, TestApp, new_database, until
from chassis.testing_issuer import Issuer
from portal.app import create_app
from starlette.applications import Starlette

from tests.fuzz.asgi import Caller, Fill
from tests.fuzz.inputs import Answer, Input
from tests.fuzz.served import served
from tests.fuzz.tokens import Tokens
from tests.fuzz.web.people import People
from tests.fuzz.web.world import CLIENT, HOME

LONGEST_SECONDS = 60.0  # of a machine that may be busy with much else
CSRF = b"@@csrf@@"
LEAVING = "/abmelden"
FILES = ("favicon.svg", "fira-sans-400.woff2", "fira-sans-600.woff2", "portal.css", "portal.js")
SETTINGS: dict[str, Any] = {
    "plaintext": "kafka,database_url",
    "client_id": CLIENT,
    "client_secret": "a secret of this test",
    "session_key": "k" * 40,
    "public_url": HOME,
    "prometheus_url": "http://127.0.0.1:9",  # it does not answer: pages show so
    "settle_seconds": 0,
    "answer_seconds": 60.0,
    "pool_wait_ms": 60_000,
}


class Visitor(Caller):
    """Sends inputs to the portal as the browsers of its people do."""

    def __init__(self, app: Any, tokens: Tokens, fill: Fill, people: People) -> None:
        super().__init__(app, tokens, fill)
        self._people = people

    async def __call__(self, given: Input) -> Answer:
        """The answer; one that took too long is none."""
        csrf = self._people.csrf(given.token)
        body = given.body.replace(CSRF, csrf)
        asked = replace(given, headers=self._with_cookies(given), body=body, token="")
        began = monotonic()
        answer = await super().__call__(asked)
        if monotonic() - began > LONGEST_SECONDS:
            answer.error = answer.error or f"took longer than {LONGEST_SECONDS:.0f} s"
        if given.path.endswith(LEAVING):
            await self._people.sign_in()
        return answer

    def _with_cookies(self, given: Input) -> tuple[tuple[bytes, bytes], ...]:
        """The session's cookie before those of the input."""
        own = self._people.cookie(given.token)
        others = [value for name, value in given.headers if name == b"cookie"]
        cookies = b"; ".join([each for each in (own, *others) if each])
        rest = tuple((name, value) for name, value in given.headers if name != b"cookie")
        return (*rest, (b"cookie", cookies)) if cookies else rest


def together(services: Mapping[str, TestApp]) -> Any:
    """All services as one program, as the gateway shows them."""

    async def program(scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"].removeprefix("/api/").partition("/")[0]
        found = services.get(name, services["catalog"])
        await found.app(scope, receive, send)

    return program


@contextlib.asynccontextmanager
async def portal_at_work(
    services: Mapping[str, TestApp], servers: Servers, issuer: Issuer
) -> AsyncIterator[Starlette]:
    """The portal on a database of its own; it asks the services over real connections."""
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(new_database(servers))
        behind = await stack.enter_async_context(served(together(services)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        app = create_app(
            **SETTINGS,
            database_url=url,
            kafka=servers.kafka,
            issuer=issuer.url,
            jwks_url=issuer.url,
            api_url=behind,
            assets=_assets(folder),
        )
        await stack.enter_async_context(app.router.lifespan_context(app))
        await until(lambda: app.state.running.database_ready, 60, name="the portal")
        yield app


def _assets(folder: Path) -> Path:
    """Style and script are not looked at here: any file will do."""
    names = ", ".join(f'"{name}": "{name}"' for name in FILES)
    (folder / "manifest.json").write_text(f"{{{names}}}", "utf-8")
    for name in FILES:
        (folder / name).write_text("/* */", "utf-8")
    return folder
