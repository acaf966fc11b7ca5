"""Calls a service in this process as its server would: plain ASGI, without a client in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.fuzz.inputs import Answer, Input
from tests.fuzz.tokens import Tokens

Fill = Callable[[bytes], bytes]
"""Puts ids of the world into the places that have a name."""

LONGEST_SECONDS = 90.0
CONTROLS = bytes([*range(0x20), 0x7F])
STREAM = "text/event-stream"


class Caller:
    """Sends inputs to one ASGI program."""

    def __init__(self, app: Any, tokens: Tokens, fill: Fill) -> None:
        self._app, self._tokens, self._fill = app, tokens, fill

    async def __call__(self, given: Input) -> Answer:
        """The answer to an input, as it is; whatever goes wrong stands in it."""
        answer = Answer()
        exchange = _Exchange(self._fill(given.body), answer)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await self._app(self._scope(given), exchange.receive, exchange.send)
        except TimeoutError:
            answer.error = f"hung for {LONGEST_SECONDS} s"
        except Exception as error:  # noqa: BLE001 - the program must answer, not raise
            answer.error = f"raised {type(error).__name__}"
        if not answer.status and not answer.error:
            answer.error = "ended without an answer"
        return answer

    def _scope(self, given: Input) -> dict[str, Any]:
        path = self._fill(given.path.encode("ascii", "replace"))
        headers = [(name, _value(self._fill(value))) for name, value in given.headers]
        if (token := self._tokens.authorization(given.token)) is not None:
            headers.append((b"authorization", _value(token)))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "http",
            "method": given.method,
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "root_path": "",
            "query_string": self._fill(given.query),
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
            "state": {},
        }


def _value(value: bytes) -> bytes:
    """What a server lets through: no control characters, no space around."""
    return value.translate(None, CONTROLS).strip()


class _Exchange:
    """One request and its answer. A stream is left after its first piece."""

    def __init__(self, body: bytes, answer: Answer) -> None:
        self._body: bytes | None = body
        self._answer = answer
        self._over = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """The body in one piece; then nothing until the client leaves."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Write the answer down."""
        if message["type"] == "http.response.start":
            self._answer.status = message["status"]
            self._answer.headers = [(bytes(k).lower(), bytes(v)) for k, v in message["headers"]]
            return
        self._answer.body += message.get("body", b"")
        if not message.get("more_body") or (self._answer.kind == STREAM and self._answer.body):
            self._over.set()
