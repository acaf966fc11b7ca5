"""The gateway's own error answers as `application/problem+json`.

Traefik has no body of its own making: its `errors` middleware asks a service for one. This is
that service, `GET /problems/{status}`, small and without state. It answers 200 with the body
for a refusal that Traefik already has a status for, and 404 itself for "no such route". Where no
replica of a service takes requests, it is asked in its place, and says 503.
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

# status -> code (as the services use it), English, German, seconds until trying again
PROBLEMS: dict[int, tuple[str, str, str, int | None]] = {
    404: ("not-found", "There is nothing here.", "Hier gibt es nichts.", None),
    413: ("too-large", "The request is too large.", "Die Anfrage ist zu groß.", None),
    429: (
        "too-many-requests",
        "Too many requests. Please try again soon.",
        "Zu viele Anfragen. Bitte gleich noch einmal versuchen.",
        1,
    ),
    502: (
        "unavailable",
        "Not possible right now. Please try again soon.",
        "Gerade nicht möglich. Bitte gleich noch einmal versuchen.",
        2,
    ),
    504: (
        "timeout",
        "The answer took too long. Please try again, with the same Idempotency-Key.",
        "Die Antwort kam nicht rechtzeitig. Bitte mit demselben Idempotency-Key noch einmal "
        "versuchen.",
        2,
    ),
}
PROBLEMS[503] = PROBLEMS[502]
FALLBACK = ("internal", "This did not work. It is our fault.", "Das hat nicht geklappt.", None)


def problem(status: int, german: bool = False) -> dict[str, object]:
    """The body for one status, as the services write it; here no request has an `instance`."""
    code, in_english, in_german, _ = PROBLEMS.get(status, FALLBACK)
    return {
        "type": f"urn:kommunalcampus:problem:{code}",
        "title": in_english,
        "status": status,
        "detail": in_german if german else in_english,
        "code": code,
        "errors": [],
    }


def prefers_german(accepted: str) -> bool:
    """As the services decide: German where it stands before English in `Accept-Language`."""
    wanted = accepted.lower()
    german, english = wanted.find("de"), wanted.find("en")
    return german >= 0 and (english < 0 or german < english)


def answer(path: str, german: bool = False) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body for `/problems/{status}`; 503 for whatever it stands in for."""
    if path == "/health":
        return 200, [(b"content-type", b"text/plain")], b"ok"
    stands_in = not path.startswith("/problems/")
    word = "503" if stands_in else path.removeprefix("/problems/")
    status = int(word) if word.isascii() and word.isdigit() and len(word) == 3 else 404
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    wait = PROBLEMS.get(status, FALLBACK)[3]
    if wait is not None:
        headers.append((b"retry-after", str(wait).encode()))
    body = json.dumps(problem(status, german), ensure_ascii=False).encode()
    headers.append((b"content-length", str(len(body)).encode()))
    return (status if stands_in or status == 404 else 200), headers, body


PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title} – KommunalCampus</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>"""


def for_people(body: bytes, german: bool) -> bytes:
    """The same as a small page: the portal, whose pages are better, did not answer."""
    said = json.loads(body)
    lang = "de" if german else "en"
    return PAGE.format(
        lang=lang,
        title=said["title"] if not german else "Das geht gerade nicht",
        text=said["detail"],
    ).encode()


async def app(scope: Scope, _receive: Receive, send: Send) -> None:
    """ASGI application."""
    if scope["type"] != "http":
        return
    told = dict(scope["headers"])
    german = prefers_german(told.get(b"accept-language", b"").decode("latin-1"))
    status, headers, body = answer(str(scope["path"]), german)
    if b"text/html" in told.get(b"accept", b"") and str(scope["path"]) != "/health":
        body = for_people(body, german)
        headers = [pair for pair in headers if pair[0] not in (b"content-type", b"content-length")]
        headers.append((b"content-type", b"text/html; charset=utf-8"))
        headers.append((b"content-length", str(len(body)).encode()))
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
