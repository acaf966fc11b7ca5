"""Says no early: how many requests may be at work at once, and who goes first when they are many.

Every queue inside (commands, connections of the database) is filled by requests in work only, so
bounding those bounds all. What is refused is refused before its token is checked or its body is
read, with 503 and `Retry-After`. The limit follows the measured time (additive increase,
multiplicative decrease): it grows while requests are quick and shrinks when they are slow.
"""

import asyncio
import random
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import cache
from time import monotonic, time
from typing import Any
from uuid import uuid4

from chassis import metrics, problems
from chassis.doors import QUIET, App, Message, Receive, Send
from chassis.records import CORRELATION
from chassis.settings import ServiceSettings

DEADLINE = b"x-request-deadline"  # of the client, in milliseconds since 1970
NAMES_ONE = re.compile(r"/(?:me|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22})(?:/|$)")
TOLD = (b"x-correlation-id", b"accept-language")
PLACE = b"{correlation-id}"
SAFE = ("GET", "HEAD", "OPTIONS")


class Priority(Enum):
    """What is given up first when there is too much. The value is its share of the limit."""

    FINISH = 1.0
    """Writes to something that exists: a decision, a cancellation. They free what others need."""
    ASK = 0.9
    """Writes that begin something."""
    SHOW = 0.8
    """Reading one thing."""
    BROWSE = 0.6
    """Reading lists."""


def priority_of(method: str, path: str) -> Priority:
    """How urgent a request is."""
    one = NAMES_ONE.search(path) is not None
    if method in SAFE:
        return Priority.SHOW if one else Priority.BROWSE
    return Priority.FINISH if one else Priority.ASK


class Limit:
    """How many may be at work. Every quarter of a second it is judged anew."""

    WINDOW = 0.25
    TOLERATED, LESS, MORE = 0.1, 0.8, 1.1

    def __init__(self, lowest: int, highest: int, target: float) -> None:
        self.value = float(min(highest, 2 * lowest))
        self._lowest, self._highest, self._target = lowest, highest, target
        self._done = self._slow = 0
        self._full = False
        self._since = monotonic()

    def reached(self) -> None:
        """Somebody was refused: more would be wanted."""
        self._full = True

    def took(self, seconds: float, now: float) -> None:
        """One request is answered, or the event loop was late by so much."""
        self._done += 1
        self._slow += seconds > self._target
        if now - self._since >= self.WINDOW:
            self._judge()
            self._since = now

    def _judge(self) -> None:
        if self._slow > self._done * self.TOLERATED:
            self.value = max(self._lowest, self.value * self.LESS)
        elif self._full:
            self.value = min(self._highest, self.value * self.MORE)
        self._done = self._slow = 0
        self._full = False


class Permit:
    """The place of one request."""

    def __init__(self, admission: "Admission", deadline: float) -> None:
        self.admission, self.deadline = admission, deadline
        self._spent, self._since = 0.0, monotonic()
        self._at_work = True
        admission.in_flight += 1

    def pause(self) -> None:
        """Give the place away; time does not count meanwhile."""
        if self._at_work:
            self._at_work = False
            self._spent += monotonic() - self._since
            self.admission.in_flight -= 1

    def go_on(self) -> None:
        """Take a place again, without asking: what was begun is finished."""
        self._at_work, self._since = True, monotonic()
        self.admission.in_flight += 1

    def end(self) -> None:
        """The answer begins, or there will be none. A second time changes nothing."""
        if self._at_work:
            self.pause()
            self.admission.limit.took(self._spent, monotonic())


_PERMIT: ContextVar[Permit | None] = ContextVar("permit", default=None)


def deadline() -> float:
    """Until when work for this request may begin, as `monotonic()`. Later nobody waits for it."""
    permit = _PERMIT.get()
    return permit.deadline if permit else float("inf")


@contextmanager
def parked() -> Iterator[bool]:
    """Wait for something without being counted as work. False: too many wait, do not."""
    permit = _PERMIT.get()
    if permit is None:
        yield True
        return
    admission = permit.admission
    if admission.parked >= admission.max_parked:
        yield False
        return
    admission.parked += 1
    permit.pause()
    try:
        yield True
    finally:
        permit.go_on()
        admission.parked -= 1


class Admission:
    """The outermost door (plain ASGI)."""

    TICK = 0.02

    def __init__(
        self, app: App, service: str, settings: ServiceSettings, leaving: Callable[[], bool]
    ) -> None:
        self._app, self._service, self._leaving = app, service, leaving
        highest = settings.max_in_flight or 10**9
        lowest = min(settings.min_in_flight, highest) if settings.max_in_flight else highest
        self.limit = Limit(lowest, highest, settings.target_ms / 1000)
        self.max_parked = settings.max_parked or 10**9
        self.in_flight = self.parked = 0
        self._patience = settings.patience_ms / 1000 or float("inf")
        self._ticking = False
        metrics.IN_FLIGHT.labels(service).set_function(lambda: self.in_flight)
        metrics.IN_FLIGHT_LIMIT.labels(service).set_function(lambda: self.limit.value)
        metrics.PARKED.labels(service).set_function(lambda: self.parked)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["path"].startswith(QUIET):
            await self._app(scope, receive, send)
            return
        priority = priority_of(scope["method"], scope["path"])
        patience = min(self._patience, _left(scope))
        code = "too-late" if patience <= 0 else ""
        if self.in_flight >= self.limit.value * priority.value:
            self.limit.reached()
            code = "overloaded"
        if code:
            metrics.SHED.labels(self._service, priority.name.lower(), code).inc()
            await _refuse(scope, code, self._told(send))
            return
        self._watch()
        permit = Permit(self, monotonic() + patience)
        told = _PERMIT.set(permit)
        try:
            await self._app(scope, receive, self._told(send, permit))
        finally:
            _PERMIT.reset(told)
            permit.end()

    def _told(self, send: Send, permit: Permit | None = None) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                if permit is not None:
                    permit.end()  # a stream goes on for hours
                if self._leaving():
                    message.setdefault("headers", []).append((b"connection", b"close"))
            await send(message)

        return answer

    def _watch(self) -> None:
        """While there is work: what the event loop is late by, every request has waited too."""
        if not self._ticking:
            self._ticking = True
            self._tick(asyncio.get_running_loop(), monotonic())

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = monotonic()
        self.limit.took(now - due, now)
        self._ticking = self.in_flight > 0
        if self._ticking:
            loop.call_later(self.TICK, self._tick, loop, now + self.TICK)


def _left(scope: Mapping[str, Any]) -> float:
    """Seconds until the client's deadline; what is no number says nothing."""
    for name, value in scope["headers"]:
        if name == DEADLINE:
            return int(value) / 1000 - time() if value.isdigit() and len(value) < 16 else _NEVER
    return _NEVER


_NEVER = float("inf")


async def _refuse(scope: Mapping[str, Any], code: str, send: Send) -> None:
    """Written once and sent often: what a refusal costs is taken from those who are let in.

    Of several headers of a name the first one counts, as everywhere.
    """
    given = {name: value for name, value in reversed(scope["headers"]) if name in TOLD}
    asked = given.get(b"x-correlation-id", b"").decode("latin-1")
    correlation_id = asked if CORRELATION.fullmatch(asked) else str(uuid4())
    lang = problems.preferred(given.get(b"accept-language", b"").decode("latin-1"))
    body = _written(code, lang).replace(PLACE, correlation_id.encode())
    headers = [
        (b"content-type", problems.PROBLEM.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(random.randint(1, 3)).encode()),  # noqa: S311 - spread only
        (b"x-correlation-id", correlation_id.encode()),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@cache
def _written(code: str, lang: str) -> bytes:
    """The answer, with a place for the correlation id."""
    return problems.document(problems.busy(code), lang, PLACE.decode())
