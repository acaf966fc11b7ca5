"""A service that answers what it was asked: what stands behind the gateway in its tests."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

ASKED: list[tuple[int, str]] = []
"""Port and path of every request that arrived."""
LEAVING: set[int] = set()
"""Ports whose echo says that it takes no more requests."""

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def _echo(request: Request) -> Response:
    query = request.query_params
    body = await request.body()
    ASKED.append((request.scope["server"][1], request.url.path))
    await asyncio.sleep(float(query.get("sleep", "0")))
    told = {
        "port": request.scope["server"][1],
        "path": request.url.path,
        "query": request.url.query,
        "method": request.method,
        "headers": dict(request.headers),
        "length": len(body),
        "padding": "x" * int(query.get("padding", "0")),
    }
    return JSONResponse(
        told,
        status_code=int(query.get("status", "200")),
        headers={"Server": "secret/1.0", "X-Powered-By": "secret", "X-Correlation-Id": "c"},
    )


async def _serving(request: Request) -> Response:
    return Response(status_code=503 if request.scope["server"][1] in LEAVING else 200)


async def _stream(request: Request) -> Response:
    async def events() -> AsyncIterator[str]:
        for number in range(int(request.query_params.get("count", "3"))):
            yield f"data: {number}\n\n"
            await asyncio.sleep(float(request.query_params.get("pause", "0.5")))

    return StreamingResponse(events(), media_type="text/event-stream")


@contextmanager
def backends(ports: Sequence[int]) -> Iterator[None]:
    """One echo per port, in a thread of this process."""
    app = Starlette(
        routes=[
            Route("/api/notifications/stream", _stream),
            Route("/health/serving", _serving),
            Route("/{path:path}", _echo, methods=METHODS),
        ]
    )
    servers = [
        uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none", lifespan="off"))
        for port in ports
    ]

    async def serve() -> None:
        await asyncio.gather(*(server._serve() for server in servers))

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not all(server.started for server in servers):
        assert time.monotonic() < deadline, "the echoes did not start"
        time.sleep(0.02)
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = server.force_exit = True
        thread.join(10)
