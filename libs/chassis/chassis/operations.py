"""What operations need of every service: health, figures, the reference, its dead letters.

Health, figures and the reference are private: the gateway does not pass them.
"""

from collections.abc import Sequence
from time import time
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from chassis import dead_letter_routes, dead_letters, metrics, problems
from chassis.database import is_outage
from chassis.kafka import Listener
from chassis.settings import ServiceSettings
from chassis.standstill import SHOWN_SECONDS, stands_still, stood_still

STANDS_STILL = problems.Unavailable("consumer-stands-still")

OUTBOX = text("SELECT count(*) AS depth, min(created_at) AS oldest FROM outbox")


def router(name: str, settings: ServiceSettings) -> APIRouter:
    """The routes of operations for one service."""
    routes = APIRouter()
    _health(routes)
    _private(routes, name)
    routes.include_router(dead_letter_routes.router(name, settings.replays_per_minute))
    return routes


def _health(routes: APIRouter) -> None:
    @routes.get("/health/live", include_in_schema=False)
    async def live(request: Request) -> Response:
        listener = request.app.state.running.listener
        if listener is not None and await stands_still(listener):
            return problems.unavailable(request, STANDS_STILL)
        return Response('{"status":"live"}', media_type="application/json")

    @routes.get("/health/serving", include_in_schema=False)
    async def serving(request: Request) -> Response:
        """For who distributes requests: no question to the database, which others share."""
        running = request.app.state.running
        if running.database_ready and not running.leaving:
            return Response('{"status":"serving"}', media_type="application/json")
        return problems.unavailable(request, problems.Unavailable("not-serving"))

    @routes.get("/health/ready", include_in_schema=False)
    async def ready(request: Request) -> Response:
        running = request.app.state.running
        if running.leaving:
            return problems.unavailable(request, problems.Unavailable("leaving"))
        if running.database_ready and running.kafka_ready and await running.db.answers():
            return Response('{"status":"ready"}', media_type="application/json")
        return problems.unavailable(request, problems.Unavailable("not-ready"))


def _private(routes: APIRouter, name: str) -> None:
    @routes.get("/metrics", include_in_schema=False)
    async def figures(request: Request) -> Response:
        await refresh(request.app.state.running, name)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/asyncapi.json", include_in_schema=False)
    async def asyncapi(request: Request) -> Response:
        from chassis.specs import asyncapi_of

        document = asyncapi_of(request.app.state.running.service)
        return Response(document, media_type="application/json")


async def refresh(running: Any, name: str) -> None:
    """Bring the figures up to date that are read rather than counted."""
    metrics.POOL_IN_USE.labels(name).set(running.db.engine.pool.checkedout())
    if running.listener is not None:
        await show_lag(running.listener, name)
        stood = await stood_still(running.listener)
        metrics.STALLED.labels(name).set(stood > SHOWN_SECONDS)
    if not running.database_ready:
        return
    try:
        async with running.db.reading() as tx:
            outbox = await tx.row(OUTBOX)
            dead: Sequence[Any] = await tx.rows(dead_letters.COUNTS)
    except Exception as error:
        if is_outage(error):
            return  # the other figures are worth having without it
        raise
    oldest = outbox["oldest"] if outbox else None
    metrics.OUTBOX_DEPTH.labels(name).set(outbox["depth"] if outbox else 0)
    metrics.OUTBOX_AGE.labels(name).set(time() - oldest.timestamp() if oldest else 0)
    counts = {row["topic"]: row["n"] for row in dead}
    for subscription in running.service.subscriptions.all:
        topic = subscription.topic.name
        metrics.DEAD_LETTERS.labels(name, topic).set(counts.get(topic, 0))


async def show_lag(listener: Listener, name: str) -> None:
    """How many records wait on each topic, and for how long the oldest does: 0 when none does."""
    consumer = listener.consumer
    waiting = await listener.backlog.look(consumer) if consumer is not None else {}
    for topic in listener.topics:
        places = [found for place, found in waiting.items() if place.topic == topic.name]
        oldest = min((found.since for found in places), default=None)
        age = max(0.0, time() - oldest) if oldest is not None else 0.0
        metrics.LAG_RECORDS.labels(name, topic.name).set(sum(found.records for found in places))
        metrics.LAG_SECONDS.labels(name, topic.name).set(age)
