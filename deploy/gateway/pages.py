"""The gateway's own error answers as `application/problem+json`.

Traefik has no body of its own making: its `errors` middleware asks a service for one. This is
that service, `GET /problems/{status}`, small and without state. It answers 200 with the body
for a refusal that Traefik already has a status for, and 404 itself for "no such route".
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# status -> (code, title, seconds after which trying again makes sense)
PROBLEMS: dict[int, tuple[str, str, int | None]] = {
    404: ("not-found", "There is nothing at this address.", None),
    413: ("payload-too-large", "The request body is larger than allowed.", None),
    429: ("too-many-requests", "Too many requests; please try again shortly.", 1),
    502: ("service-unavailable", "The service is not reachable; please try again shortly.", 2),
    503: ("service-unavailable", "The service is not available; please try again shortly.", 2),
    504: ("service-timeout", "The service did not answer in time; please try again.", 2),
}
FALLBACK = ("gateway-error", "The gateway could not handle the request.", None)


def problem(status: int) -> dict[str, object]:
    """The body for one status: `type`, `title`, `status`, `code`, as every service answers."""
    code, title, _ = PROBLEMS.get(status, FALLBACK)
    return {
        "type": f"urn:kommunalcampus:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
    }


def answer(path: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body for `/problems/{status}`; every other path is a 404 of its own."""
    if path == "/health":
        return 200, [(b"content-type", b"text/plain")], b"ok"
    word = path.removeprefix("/problems/")
    status = int(word) if word.isascii() and word.isdigit() and len(word) == 3 else 404
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    wait = PROBLEMS.get(status, FALLBACK)[2]
    if wait is not None:
        headers.append((b"retry-after", str(wait).encode()))
    body = json.dumps(problem(status)).encode()
    headers.append((b"content-length", str(len(body)).encode()))
    return (404 if status == 404 else 200), headers, body


async def app(scope: Scope, _receive: Receive, send: Send) -> None:
    """ASGI application."""
    if scope["type"] != "http":
        return
    status, headers, body = answer(str(scope["path"]))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def main() -> None:
    """Serve on the loopback (`--host` for a container)."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8083)
    chosen = options.parse_args()
    uvicorn.run(
        app,
        host=chosen.host,
        port=chosen.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
    )


if __name__ == "__main__":
    main()
