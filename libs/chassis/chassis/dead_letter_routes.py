"""The routes of operations for what was set aside: list, look, put back, give up."""

from typing import Annotated, Any
from uuid import UUID

from contracts.refusal import NOT_FOUND
from fastapi import APIRouter, Query, Request
from pydantic import Field

from chassis import dead_letters
from chassis.auth import Actor, Allowed
from chassis.http import Body, Read, problems
from chassis.replay import Replayed, replay

Operator = Annotated[Actor, Allowed("ops")]


class Why(Body):
    """The reason for an act; it is kept with it."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


def router(name: str) -> APIRouter:
    """The routes below `/api/{name}/dead-letters`."""
    routes = APIRouter(prefix=f"/api/{name}/dead-letters", tags=["operations"])
    answers = problems(403, 404)
    routes.add_api_route("", listed, methods=["GET"], responses=answers)
    routes.add_api_route("/{letter_id}", shown, methods=["GET"], responses=answers)
    routes.add_api_route("/{letter_id}/replay", put_back, methods=["POST"], responses=answers)
    routes.add_api_route("/{letter_id}/discard", given_up, methods=["POST"], responses=answers)
    return routes


async def listed(
    _: Operator,
    read: Read,
    topic: Annotated[str | None, Query(max_length=100)] = None,
    state: Annotated[str | None, Query(max_length=20)] = "dead",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> dict[str, Any]:
    """Messages set aside, oldest first; never their content. `next_cursor` leads on."""
    params = {"topic": topic, "state": state, "after": cursor, "limit": limit}
    async with read() as tx:
        rows = await tx.rows(dead_letters.LIST, params)
    return {
        "items": [dead_letters.described(row) for row in rows],
        "next_cursor": rows[-1]["seq"] if len(rows) == limit else None,
    }


async def shown(letter_id: UUID, _: Operator, read: Read) -> dict[str, Any]:
    """One message with its payload, and how many wait behind it."""
    async with read() as tx:
        row = await tx.row(dead_letters.ONE, {"id": letter_id})
        if row is None:
            raise NOT_FOUND.refuse()
        behind = await dead_letters.waiting_behind(tx, row["topic"], row["key"])
    payload = None if row["payload"] is None else bytes(row["payload"]).decode("utf-8", "replace")
    return {**dead_letters.described(row), "payload": payload, "followers": len(behind)}


async def put_back(
    letter_id: UUID, actor: Operator, request: Request, dry_run: bool = False
) -> Replayed:
    """Hand a message and what waits behind it to the handler again, in order."""
    return await replay(request.app.state.running, letter_id, actor.person_ref, dry_run)


async def given_up(letter_id: UUID, why: Why, actor: Operator, request: Request) -> dict[str, Any]:
    """Give one message up for good; its bytes stay here, with who and why."""
    async with request.app.state.db.transaction() as tx:
        await dead_letters.claim(tx, letter_id)
        await dead_letters.settle(tx, [letter_id], "discarded", actor.person_ref, why.reason)
    return {"state": "discarded"}
