"""What every request passes before a page sees it, and every answer on its way out.

The language from the path, a correlation id, security headers, and for writes: that they come from
a page of ours (origin, and the secret of the form).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

import structlog
from chassis.records import CORRELATION
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from portal.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

SAME_SITES = ("same-origin", "none")
COOKIE, SECURE_COOKIE = "kc_sitzung", "__Host-kc_sitzung"


def cookie_name(secure: bool) -> str:
    """`__Host-` needs TLS: on the plain loopback the cookie has another name."""
    return SECURE_COOKIE if secure else COOKIE


def policy(settings: Settings) -> str:
    """Content-Security-Policy: everything from here, no inline code (design: section 12)."""
    issuer = "/".join(settings.issuer.split("/")[:3])
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "font-src 'self'",
            "script-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",  # KERN's icons are masks in its style sheet
            f"form-action 'self' {issuer}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


class Door:
    """Language, correlation id and security headers."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": policy(settings),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
        if settings.secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-correlation-id", "")
        correlation_id = given if CORRELATION.fullmatch(given) else str(uuid4())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(service="portal", correlation_id=correlation_id)
        lang, path = language(scope["path"])
        state = scope.setdefault("state", {})
        state |= {"lang": lang, "path": path, "correlation_id": correlation_id}
        scope["path"] = path

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers["X-Correlation-Id"] = correlation_id
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, answer)


def language(path: str) -> tuple[str, str]:
    """The language of an address, and its path: English is the same path under `/en`.

    It begins with one slash: what begins with two is another server's address to a browser.
    """
    if path == "/en" or path.startswith("/en/"):
        return "en", "/" + path[3:].lstrip("/")
    return "de", path


def comes_from_here(request: Request, public_url: str) -> bool:
    """Whether the browser says that a page of ours sends this."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in SAME_SITES
    origin = request.headers.get("origin")
    return origin is None or origin == public_url.rstrip("/")


def is_our_form(given: str, expected: str) -> bool:
    """Whether a form carries the secret of its session."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
