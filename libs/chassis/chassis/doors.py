"""What every request passes before a route sees it (plain ASGI, outermost first).

A correlation id, the size and form of the body, strict JSON, and one answer for whatever was not
foreseen. Everything refused here is a problem document.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from time import monotonic
from typing import Any
from uuid import uuid4

import structlog
from contracts.refusal import Rule
from starlette.requests import ClientDisconnect, Request

from chassis import metrics, problems, tracing
from chassis.database import is_no_text, is_outage, is_passing
from chassis.records import CORRELATION
from chassis.texts import holds_nul

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

MAX_DEPTH = 32
QUIET = ("/health", "/metrics")  # asked every few seconds, of no interest later
NO_BRACKETS = re.compile(r'"[^"]*"?|[^"\[\]{}]+')

log = structlog.get_logger(__name__)


class Door:
    """Correlation id, trace, metrics, and the answer to errors that nobody foresaw."""

    def __init__(self, app: App, service: str, awake: Callable[[], bool]) -> None:
        self._app, self._service, self._awake = app, service, awake

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given, traceparent = _told(scope)
        correlation_id = given if CORRELATION.fullmatch(given) else str(uuid4())
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append(
                    (b"x-correlation-id", correlation_id.encode())
                )
            await send(message)

        started = monotonic()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(service=self._service, correlation_id=correlation_id)
        with tracing.request(scope["method"], traceparent):
            try:
                if not self._awake() and not scope["path"].startswith(QUIET):
                    raise problems.Unavailable("starting")
                await self._app(scope, receive, answer)
                tracing.name_request(scope["method"], _route(scope))
            except Exception as error:
                if status:
                    raise  # the answer is already on its way
                await _unforeseen(Request(scope), error)(scope, receive, answer)
        self._tell(scope["method"], _route(scope), status, monotonic() - started)

    def _tell(self, method: str, route: str, status: int, seconds: float) -> None:
        _timer(self._service, method, route or "none", str(status)).observe(seconds)
        if not route.startswith(QUIET):
            ms = round(seconds * 1000, 1)
            log.info("request", method=method, route=route, status=status, ms=ms)


@lru_cache(maxsize=1000)  # routes, methods and statuses are few
def _timer(*labels: str) -> Any:
    return metrics.REQUESTS.labels(*labels)


def _told(scope: Mapping[str, Any]) -> tuple[str, str | None]:
    """The correlation id and the `traceparent` that the client sends."""
    correlation, trace = "", None
    for name, value in scope["headers"]:
        if name == b"x-correlation-id":
            correlation = value.decode("latin-1")
        elif name == b"traceparent":
            trace = value.decode("latin-1")
    return correlation, trace


def _route(scope: Mapping[str, Any]) -> str:
    return str(getattr(scope.get("route"), "path", ""))


def _unforeseen(request: Request, error: Exception) -> Any:
    if is_outage(error) or is_passing(error):
        log.warning("answered 503", error=type(error).__name__)
        return problems.unavailable(request, problems.Unavailable())
    if is_no_text(error):
        return problems.problem(request, problems.INVALID)
    if isinstance(error, problems.Unavailable):
        return problems.unavailable(request, error)
    log.error("a bug", exc_info=error)
    return problems.problem(request, problems.BUG)


class BodyCheck:
    """Reads the body up to its limit and refuses what no model should ever see."""

    def __init__(self, app: App, limit: int, larger: Mapping[str, int]) -> None:
        self._app, self._limit, self._larger = app, limit, larger

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        limit = next(
            (n for prefix, n in self._larger.items() if scope["path"].startswith(prefix)),
            self._limit,
        )
        try:
            body = await _read(receive, limit)
        except ClientDisconnect:
            return  # half a request is none
        value: Any = None
        try:
            if body is None:
                raise _Wrong(problems.TOO_LARGE)
            if body:
                value = _judged(request, body)
        except _Wrong as wrong:
            await problems.problem(request, wrong.rule)(scope, receive, send)
            return
        scope.setdefault("state", {}).update(body=body, json=value)
        handed = False

        async def again() -> Message:
            nonlocal handed
            if handed:
                return await receive()
            handed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The whole body, or None when it is larger than the limit.

    Raises:
        ClientDisconnect: the client went away before its end.
    """
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


class _Wrong(Exception):  # noqa: N818 - it carries a rule to the answer
    def __init__(self, rule: Rule) -> None:
        self.rule = rule


def _judged(request: Request, body: bytes) -> Any:
    """What the body says."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("content-encoding", "identity") != "identity":
        raise _Wrong(problems.UNSUPPORTED)
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise _Wrong(problems.UNSUPPORTED)
    try:
        return strict_json(body)
    except (ValueError, RecursionError):
        raise _Wrong(problems.MALFORMED) from None


def strict_json(body: bytes) -> Any:
    """UTF-8 JSON without NaN, Infinity, NUL, lone surrogates, duplicate keys or deep nesting.

    Raises:
        ValueError, RecursionError: it is none.
    """
    text = body.decode("utf-8")
    if _too_deep(text):
        raise ValueError("too deep")
    value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails on a lone surrogate
    if "\\u0000" in text and holds_nul(value):
        raise ValueError("a NUL is no text of the database")
    return value


def _too_deep(text: str) -> bool:
    """Count brackets outside of strings, in linear time whatever is sent (it comes from anybody).

    Without escapes a string is `"[^"]*"`, which needs no backtracking; one that never ends is
    taken to the end of the text, so that the search does not begin anew at each of its quotes.
    """
    plain = text.replace("\\\\", "").replace('\\"', "")
    depth = 0
    for character in NO_BRACKETS.sub("", plain):
        if character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif character in "]}":
            depth -= 1
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("a key stands twice")
    return unique


def _refuse(_constant: str) -> Any:
    raise ValueError("not a number of JSON")
