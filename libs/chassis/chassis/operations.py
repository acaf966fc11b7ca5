"""What operations need of every service: health, figures, and its dead letters.

Health, figures and the reference are private: the gateway does not pass them.
"""

from collections.abc import Sequence
from time import time
from typing import Annotated, Any
from uuid import UUID

from aiokafka import TopicPartition
from contracts.refusal import NOT_FOUND
from fastapi import APIRouter, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from chassis import dead_letters, metrics, problems
from chassis.auth import Actor, Allowed
from chassis.database import is_outage
from chassis.http import Body, Read
from chassis.replay import Replayed, replay

OUTBOX = text("SELECT count(*) AS depth, min(created_at) AS oldest FROM outbox")


class Why(Body):
    """The reason for an act that is kept with it."""

    reason: str


def router(name: str) -> APIRouter:
    """The routes of operations for one service."""
    routes = APIRouter()
    _private(routes, name)
    _dead_letters(routes, name)
    return routes


def _private(routes: APIRouter, name: str) -> None:
    @routes.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @routes.get("/health/ready", include_in_schema=False)
    async def ready(request: Request) -> Response:
        running = request.app.state.running
        if running.database_ready and running.kafka_ready and await running.db.answers():
            return Response('{"status":"ready"}', media_type="application/json")
        return problems.unavailable(request, problems.Unavailable("not-ready"))

    @routes.get("/metrics", include_in_schema=False)
    async def figures(request: Request) -> Response:
        await refresh(request.app.state.running, name)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/asyncapi.json", include_in_schema=False)
    async def asyncapi(request: Request) -> Response:
        from chassis.specs import asyncapi_of

        document = asyncapi_of(request.app.state.running.service)
        return Response(document, media_type="application/json")


def _dead_letters(routes: APIRouter, name: str) -> None:
    base = f"/api/{name}/dead-letters"

    @routes.get(base)
    async def listed(
        _: Annotated[Actor, Allowed("ops")],
        read: Read,
        topic: Annotated[str | None, Query(max_length=100)] = None,
        state: Annotated[str | None, Query(max_length=20)] = "dead",
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> dict[str, Any]:
        """Messages set aside, oldest first; never their content."""
        params = {"topic": topic, "state": state, "after": 0, "limit": limit}
        async with read() as tx:
            rows = await tx.rows(dead_letters.LIST, params)
        return {"items": [dead_letters.described(row) for row in rows]}

    @routes.get(base + "/{letter_id}")
    async def shown(
        letter_id: UUID, _: Annotated[Actor, Allowed("ops")], read: Read
    ) -> dict[str, Any]:
        """One message with its payload, and how many wait behind it."""
        async with read() as tx:
            row = await tx.row(dead_letters.ONE, {"id": letter_id})
            if row is None:
                raise NOT_FOUND.refuse()
            behind = await dead_letters.waiting_behind(tx, row["topic"], row["key"])
        payload = (
            None if row["payload"] is None else bytes(row["payload"]).decode("utf-8", "replace")
        )
        return {**dead_letters.described(row), "payload": payload, "followers": len(behind)}

    @routes.post(base + "/{letter_id}/replay")
    async def put_back(
        letter_id: UUID,
        actor: Annotated[Actor, Allowed("ops")],
        request: Request,
        dry_run: bool = False,
    ) -> Replayed:
        """Hand a message and what waits behind it to the handler again, in order."""
        return await replay(request.app.state.running, letter_id, actor.person_ref, dry_run)

    @routes.post(base + "/{letter_id}/discard")
    async def thrown_away(
        letter_id: UUID, why: Why, actor: Annotated[Actor, Allowed("ops")], request: Request
    ) -> dict[str, Any]:
        """Give one message up for good; its bytes stay here, with who and why."""
        async with request.app.state.db.transaction() as tx:
            row = await tx.row(dead_letters.ONE, {"id": letter_id})
            if row is None or row["state"] != "dead":
                raise NOT_FOUND.refuse()
            await dead_letters.settle(tx, [letter_id], "discarded", actor.person_ref, why.reason)
        return {"state": "discarded"}


async def refresh(running: Any, name: str) -> None:
    """Bring the figures up to date that are read rather than counted."""
    metrics.POOL_IN_USE.labels(name).set(running.db.engine.pool.checkedout())
    for listener in running.listeners:
        if listener.consumer is not None:
            records, seconds = _lag(listener.consumer)
            metrics.LAG_RECORDS.labels(name, listener.topic.name).set(records)
            metrics.LAG_SECONDS.labels(name, listener.topic.name).set(seconds)
    if not running.database_ready:
        return
    try:
        async with running.db.snapshot() as tx:
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
    for listener in running.listeners:
        topic = listener.topic.name
        metrics.DEAD_LETTERS.labels(name, topic).set(counts.get(topic, 0))


def _lag(consumer: Any) -> tuple[int, float]:
    """Records not yet handled, and for how many seconds the oldest of them has waited."""
    records, seconds = 0, 0.0
    for place in consumer.assignment():
        behind = (consumer.highwater(place) or 0) - _position(consumer, place)
        if behind > 0:
            records += behind
            stamp = consumer.last_poll_timestamp(place) or 0
            seconds = max(seconds, time() - stamp / 1000) if stamp else seconds
    return records, seconds


def _position(consumer: Any, place: TopicPartition) -> int:
    state = consumer._subscription.subscription.assignment.state_value(place)
    return state.position if state.has_valid_position else 0
