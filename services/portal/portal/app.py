"""What the portal is made of: routes, what every page needs, and how it starts and ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from chassis import leaving, logs, metrics, safety, tracing
from chassis.brokers import Brokers
from chassis.database import Clock, Database
from chassis.migrations import migrate, migrated
from chassis.settings import system_clock
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from portal import assets, errors, pages
from portal.backend import connect
from portal.door import Door
from portal.figures import Figures
from portal.live import Live
from portal.sessions import Sealer, Sessions
from portal.settings import Settings
from portal.signin import Issuer

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parents[1] / "migrations" / "versions"
REQUESTS_SECONDS = 4


class Running:
    """The portal at work: its database, and the stream of what happens."""

    def __init__(self, settings: Settings, db: Database, live: Live) -> None:
        self.settings, self.db, self.live = settings, db, live
        self.database_ready = self.leaving = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin. Pages say that they are not there yet until the database answers."""
        self._tasks = [
            asyncio.create_task(self._prepare()),
            asyncio.create_task(self.live.run()),
        ]

    async def _prepare(self) -> None:
        prepare = migrate if self.settings.migrate else migrated
        while not self.database_ready:
            try:
                await prepare(self.db.url, MIGRATIONS)
            except Exception as error:  # noqa: BLE001 - it is tried until it works
                log.warning("no database yet", error=type(error).__name__)
                await asyncio.sleep(1)
            else:
                self.database_ready = True
        log.info("ready")

    def leave(self) -> None:
        """The end is near: streams end, so that their clients go to somebody else."""
        self.leaving = True
        self.live.close()

    async def stop(self) -> None:
        """Let go of everything."""
        self.live.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.db.close()


async def live(_request: Request) -> Response:
    """Whether this process is alive."""
    return PlainTextResponse("live")


async def ready(request: Request) -> Response:
    """Whether it can show pages."""
    running: Running = request.app.state.running
    if running.leaving or not running.database_ready or not await running.db.answers():
        return PlainTextResponse("not ready", status_code=503)
    return PlainTextResponse("ready")


async def serving(request: Request) -> Response:
    """Whether requests should come here; asks nobody else."""
    running: Running = request.app.state.running
    if running.database_ready and not running.leaving:
        return PlainTextResponse("serving")
    return PlainTextResponse("not serving", status_code=503)


async def figures(request: Request) -> Response:
    """Figures for Prometheus."""
    running: Running = request.app.state.running
    pool: Any = running.db.engine.pool
    metrics.POOL_IN_USE.labels("portal").set(pool.checkedout())
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


PRIVATE = [
    Route("/health/live", live),
    Route("/health/ready", ready),
    Route("/health/serving", serving),
    Route("/metrics", figures),
    Route("/static/{name:path}", assets.serve),
]


def create_app(clock: Clock = system_clock, **replaced: Any) -> Starlette:
    """The ASGI program; `replaced` are settings in place of those of the environment."""
    settings = Settings(**replaced)
    db = Database(settings, "portal", clock)
    sealer = Sealer(settings.session_key)
    sessions = Sessions(db, sealer, settings)
    stream = Live(Brokers.of(settings))
    running = Running(settings, db, stream)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        assets.load(settings.assets)
        async with connect(settings) as app.state.services:
            running.start()
            yield
            await running.stop()
        if app.state.figures is not None:
            await app.state.figures.close()

    app = Starlette(
        routes=[*PRIVATE, *pages.routes()],
        lifespan=lifespan,
        middleware=[Middleware(Door, settings=settings)],
        exception_handlers=errors.HANDLERS,
    )
    app.router.redirect_slashes = False
    app.state.settings, app.state.clock, app.state.db = settings, clock, db
    app.state.sealer, app.state.sessions = sealer, sessions
    app.state.issuer = Issuer(settings, sessions, clock)
    app.state.running, app.state.live = running, stream
    app.state.figures = Figures(settings.prometheus_url) if settings.prometheus_url else None
    return app


def serve() -> None:
    """Run the portal until SIGTERM."""
    app = safety.checked(create_app)
    settings: Settings = app.state.settings
    logs.configure("portal", settings.log_level)
    tracing.configure("portal", settings.otlp_endpoint)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=REQUESTS_SECONDS,
    )
    seconds = settings.leaving_ms / 1000
    leaving.Server(config, app.state.running.leave, seconds).serve_until_asked_to_end()
