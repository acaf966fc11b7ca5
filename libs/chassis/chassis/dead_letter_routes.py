"""The routes of operations for what was set aside: list, look, put back, give up."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from contracts.base import EVENTS
from contracts.refusal import NOT_FOUND
from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, ValidationError

from chassis import dead_letter_acts, dead_letters, findings
from chassis import problems as problem
from chassis.auth import Actor, Allowed
from chassis.database import Row
from chassis.dead_letter_acts import Doing
from chassis.http import Body, Read, problems
from chassis.records import headers_of
from chassis.replay import Pace, Replayed, record_of, replay, subscription
from chassis.replay_many import MOST, PER_SECOND, ReplayedMany, Spread, replay_many

MOST_SHOWN = 100  # of those that wait behind one

Operator = Annotated[Actor, Allowed("ops")]
Text = Annotated[str | None, Query(max_length=100)]


class Why(Body):
    """The reason for an act; it is kept with it."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class Chosen(Why):
    """Messages to be replayed in one go, and why."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST)]


def router(name: str, replays_per_minute: int) -> APIRouter:
    """The routes below `/api/{name}/dead-letters`."""
    pace, spread = Pace(replays_per_minute), Spread(PER_SECOND)

    async def paced(_: Operator) -> None:
        pace.take()

    async def put_many_back(
        actor: Operator, request: Request, chosen: Chosen, dry_run: bool = False
    ) -> ReplayedMany:
        """Hand messages and what waits of their keys to the handlers again, 50 a second at most.

        In the order of each key; a key is all or nothing, and one that fails stops no other. What
        takes longer than 5 seconds is `not-tried`. With `dry_run` nothing is kept but the entries.
        """
        doing = _doing(actor, chosen.reason, dry_run)
        return await replay_many(request.app.state.running, chosen.ids, doing, spread)

    routes = APIRouter(prefix=f"/api/{name}/dead-letters", tags=["operations"])
    answers = problems(403, 404)
    routes.add_api_route("", listed, methods=["GET"], responses=answers)
    routes.add_api_route("/{letter_id}", shown, methods=["GET"], responses=answers)
    slow: dict[str, Any] = {
        "methods": ["POST"],
        "responses": problems(403, 404, 429),
        "dependencies": [Depends(paced)],
    }
    routes.add_api_route("/replay", put_many_back, **slow)
    routes.add_api_route("/{letter_id}/replay", put_back, **slow)
    routes.add_api_route("/{letter_id}/discard", given_up, methods=["POST"], responses=answers)
    return routes


async def listed(
    _: Operator, read: Read, query: Annotated[dead_letters.Filter, Query()]
) -> dict[str, Any]:
    """Messages set aside, oldest first; never their content. `next_cursor` leads on.

    `open` counts by topic all that are not settled, whatever is asked for.
    """
    async with read() as tx:
        rows = await tx.rows(dead_letters.LIST, query.params())
        counts = await tx.rows(dead_letters.COUNTS)
    return {
        "items": [dead_letters.described(row) for row in rows],
        "open": {row["topic"]: row["n"] for row in counts},
        "next_cursor": rows[-1]["seq"] if len(rows) == query.limit else None,
    }


async def shown(letter_id: UUID, _: Operator, read: Read, request: Request) -> dict[str, Any]:
    """One message: its payload against its schema, what waits of its key, what was done with it.

    `errors` is empty where the payload fits now; of a type that is not known here `schema` is null.
    """
    async with read() as tx:
        row = await tx.row(dead_letters.ONE, {"id": letter_id})
        if row is None:
            raise NOT_FOUND.refuse()
        behind = await dead_letters.waiting_behind(tx, row["topic"], row["key"])
        acts = await dead_letter_acts.of(tx, letter_id)
    payload = None if row["payload"] is None else bytes(row["payload"]).decode("utf-8", "replace")
    headers = headers_of(record_of(row))
    raw = subscription(request.app.state.running, row["topic"]).raw
    schema = None if raw or headers.get("ce_type") not in EVENTS else headers["ce_type"]
    return {
        **dead_letters.described(row),
        "payload": payload,
        "headers": headers,
        "schema": schema,
        "errors": _errors(row, schema, problem.language(request)),
        "followers": len(behind),
        "waiting": [dead_letters.described(other) for other in behind[:MOST_SHOWN]],
        "acts": acts,
    }


def _errors(row: Row, schema: str | None, language: str) -> Sequence[dict[str, str]]:
    """Where the payload does not fit its schema; never what stands there."""
    if schema is None:
        return []
    try:
        EVENTS[schema].model_validate_json(bytes(row["payload"] or b""))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return [findings.found(dict(entry), language) for entry in found[: problem.MAX_ERRORS]]
    return []


async def put_back(
    letter_id: UUID,
    actor: Operator,
    request: Request,
    why: Why | None = None,
    dry_run: bool = False,
) -> Replayed:
    """Hand a message and what waits of its key to the handler again, in order, all or nothing.

    With `dry_run` everything is tried and nothing kept but the entry that it was tried.
    """
    doing = _doing(actor, why.reason if why else "replay", dry_run)
    return await replay(request.app.state.running, letter_id, doing)


def _doing(actor: Actor, reason: str, dry_run: bool) -> Doing:
    return Doing("dry-run" if dry_run else "replay", actor.person_ref, reason)


async def given_up(letter_id: UUID, why: Why, actor: Operator, request: Request) -> dict[str, Any]:
    """Give one message up for good; its bytes stay here, with who and why."""
    doing = Doing("discard", actor.person_ref, why.reason)
    async with request.app.state.db.transaction() as tx:
        await dead_letters.claim(tx, letter_id)
        await dead_letters.settle(tx, [letter_id], "discarded", actor.person_ref, why.reason)
        await dead_letter_acts.write(tx, [letter_id], doing, None)
    return {"state": "discarded"}
