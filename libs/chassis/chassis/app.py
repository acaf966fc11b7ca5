"""A service as one program: HTTP and Kafka in, one database, outbox out."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI

from chassis import (
    admission,
    answers,
    doors,
    housekeeping,
    leaving,
    logs,
    operations,
    safety,
    standstill,
    tracing,
)
from chassis.auth import Keys, Verifier
from chassis.brokers import Brokers
from chassis.commands import Commands
from chassis.database import Clock, Database
from chassis.delivery import Subscriptions
from chassis.http import acceptable, with_door_answers
from chassis.kafka import Listener, create_topics, listen, topics_of
from chassis.migrations import migrate, migrated
from chassis.relay import Relay
from chassis.settings import ServiceSettings, system_clock
from chassis.straight import Straight, chosen
from chassis.timers import Timer, Timers

# What a stop may take after `leaving_ms`: requests (an open stream never ends by itself), what
# they left in the group commit, batches, the outbox. What is cut off is rolled back and comes
# again. Together 15 s and `leaving_ms`; containers are given 30.
REQUESTS_SECONDS, COMMANDS_SECONDS, BATCHES_SECONDS, OUTBOX_SECONDS = 4, 2.0, 6.0, 3.0

log = structlog.get_logger(__name__)

Background = Callable[[Database, Any], Awaitable[None]]
"""Work that goes on beside requests and events (sending mails, say), until it is cancelled."""


@dataclass(frozen=True)
class Service:
    """What one service is made of. `app.py` of every service builds one."""

    name: str
    settings: ServiceSettings
    migrations: Path
    routers: Sequence[APIRouter]
    subscribe: Callable[[Subscriptions], None]
    timers: Sequence[Timer] = ()
    background: Sequence[Background] = ()
    straight: Sequence[Callable[..., Any]] = ()
    """The functions of the routes that most requests are for (`chassis.straight`)."""
    larger_bodies: Mapping[str, int] = field(default_factory=dict)
    clock: Clock = system_clock

    @property
    def subscriptions(self) -> Subscriptions:
        """Which topics it hears, and how."""
        subscriptions = Subscriptions()
        self.subscribe(subscriptions)
        return subscriptions


class Running:
    """A service at work: everything that is started and stopped."""

    def __init__(self, service: Service) -> None:
        settings = service.settings
        self.service = service
        self.db = Database(settings, service.name, service.clock)
        self.commands = Commands(self.db, settings.max_waiting_writes)
        self.brokers = Brokers.of(settings)
        self.relay = Relay(self.db, self.brokers)
        self.timers = Timers([*service.timers, *housekeeping.TIMERS], self.db)
        self.listener: Listener | None = None
        self.database_ready = self.kafka_ready = self.leaving = False
        self.give_up: Callable[[], None] = lambda: None  # when only a new process helps
        self._broker: Any = None
        self._tasks: list[asyncio.Task[None]] = []
        self._relaying: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; HTTP answers at once, with 503 until the database is there."""
        self._tasks = [asyncio.create_task(self._boot())]

    async def _boot(self) -> None:
        await self._until("database", self._prepare_database)
        self.database_ready = True
        self.timers.start()
        self._tasks += [asyncio.create_task(self._keep(run)) for run in self.service.background]
        await self._until("kafka", self._prepare_kafka)
        self.kafka_ready = True
        log.info("ready")

    async def _prepare_database(self) -> None:
        prepare = migrate if self.service.settings.migrate else migrated
        await prepare(self.db.url, self.service.migrations)

    async def _prepare_kafka(self) -> None:
        service = self.service
        subscriptions = service.subscriptions.all
        settings = service.settings
        topics = topics_of(service.name, subscriptions)
        await create_topics(self.brokers, topics, settings.kafka_replicas)
        broker, listener = listen(settings, service.name, subscriptions, self.db)
        try:
            await broker.start()
        except BaseException:
            await broker.stop()
            raise
        self._broker, self.listener = broker, listener
        self._relaying = asyncio.create_task(self.relay.run())
        self._tasks.append(asyncio.create_task(standstill.watch(listener, self.give_up)))

    async def _until(self, what: str, prepare: Callable[[], Awaitable[None]]) -> None:
        pause = 0.2
        while True:
            try:
                await prepare()
            except Exception as error:  # it is tried until it works
                log.warning("not there yet", what=what, error=type(error).__name__, exc_info=True)
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, 3.0)
            else:
                return

    async def _keep(self, run: Background) -> None:
        while True:
            try:
                await run(self.db, self.service.settings)
            except Exception as error:  # it goes on after whatever happened
                log.warning("background work stumbled", error=type(error).__name__, exc_info=True)
                await asyncio.sleep(1.0)

    def leave(self) -> None:
        """Say that the end is near: the others shall get the requests."""
        self.leaving = True
        log.info("leaving")

    async def stop(self) -> None:
        """Finish what was begun: commands, batches, outbox; then let go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.timers.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.commands.close(), COMMANDS_SECONDS)
        await self._stop_broker()
        if self._relaying is not None:
            await self.relay.stop()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._relaying, OUTBOX_SECONDS)
        await self.db.close()

    async def _stop_broker(self) -> None:
        if self._broker is None:
            return
        try:
            async with asyncio.timeout(BATCHES_SECONDS):
                if self.listener is not None:
                    await self.listener.close()
                await self._broker.stop()
        except Exception as error:  # the outbox shall be sent all the same
            log.warning("consumers not stopped", error=type(error).__name__, exc_info=True)


def create_app(service: Service) -> FastAPI:
    """The ASGI program of a service."""
    running = Running(service)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        running.start()
        yield
        await running.stop()
        tracing.flush()

    app = FastAPI(
        title=f"KommunalCampus {service.name}",
        version="1",
        lifespan=lifespan,
        dependencies=[Depends(acceptable)],
        redirect_slashes=False,
    )
    settings = service.settings
    app.state.running, app.state.db, app.state.commands = running, running.db, running.commands
    app.state.settings, app.state.clock = settings, service.clock
    app.state.verifier = Verifier(settings.issuer, settings.audience, Keys(settings.jwks_url))
    for router in (*service.routers, operations.router(service.name, settings)):
        app.include_router(router)
    answers.answer_errors(app, service.name)
    app.openapi = lambda: with_door_answers(FastAPI.openapi(app))  # type: ignore[method-assign]
    hot = [route for router in service.routers for route in chosen(router.routes, service.straight)]
    app.add_middleware(Straight, routes=hot, refused=answers.refused(service.name))
    app.add_middleware(
        doors.BodyCheck, limit=settings.max_body_bytes, larger=dict(service.larger_bodies)
    )
    app.add_middleware(doors.Door, service=service.name, awake=lambda: running.database_ready)
    app.add_middleware(
        admission.Admission,
        service=service.name,
        settings=settings,
        leaving=lambda: running.leaving,
    )
    return app


def _collect_less_often() -> None:
    """What is here now stays for ever; a batch makes thousands of objects and frees them all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def serve(build: Callable[[], Service]) -> None:
    """Run a service until SIGTERM: no new requests, the running ones and batches are finished."""
    service = safety.checked(build)
    logs.configure(service.name, service.settings.log_level)
    tracing.configure(service.name, service.settings.otlp_endpoint)
    app = create_app(service)
    app.state.running.give_up = lambda: signal.raise_signal(signal.SIGTERM)
    _collect_less_often()
    config = uvicorn.Config(
        app,
        host=service.settings.host,
        port=service.settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here asks where a request came from
        timeout_keep_alive=120,  # longer than the gateway's, so that it never meets a closed one
        timeout_graceful_shutdown=REQUESTS_SECONDS,
    )
    seconds = service.settings.leaving_ms / 1000
    leaving.Server(config, app.state.running.leave, seconds).serve_until_asked_to_end()
