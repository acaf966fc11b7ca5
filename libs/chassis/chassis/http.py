"""What routes are written with: bodies, reads, writes, entity tags and documented problems."""

import hashlib
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Annotated, Any, TypeVar, cast

from contracts.base import Cause
from contracts.refusal import STALE
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from chassis import tracing
from chassis.commands import CommandHandler, Commands, IdempotencyKey
from chassis.database import Database, Transaction
from chassis.problems import KEY_INVALID, NOT_ACCEPTABLE, PROBLEM

Answer = TypeVar("Answer")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Body(BaseModel):
    """A request body: unknown members are refused, so that a typing error is not silent."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _as_written(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and DAY.match(value)):
        return value
    raise PydanticCustomError("date_parsing", "a day as it is written")


Written = BeforeValidator(_as_written)
"""For days and instants: as they are written (ISO 8601). Pydantic alone also takes any number, as
seconds since 1970."""


class View(BaseModel):
    """A representation in an answer."""

    model_config = ConfigDict(frozen=True)


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: list[dict[str, str]]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document error answers of a route; 401, 406 and 503 are possible everywhere."""
    every = {400, 401, 406, 422, 503, *statuses}
    content = {PROBLEM: {"schema": Problem.model_json_schema()}}
    return {status: {"description": "Problem", "content": content} for status in sorted(every)}


def with_door_answers(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with what the doors say to every body: too large, no JSON."""
    answers = {str(status): said for status, said in problems(413, 415).items()}
    for operations in document["paths"].values():
        for method, operation in operations.items():
            if method != "get":
                known = {**answers, **operation["responses"]}
                operation["responses"] = dict(sorted(known.items()))
    return document


def cause_of(request: Request) -> Cause:
    """What events inherit from a request."""
    return Cause(request.state.correlation_id, None, tracing.current())


class Writer:
    """Hands a command to its handler, through the group commit, under the Idempotency-Key."""

    def __init__(self, request: Request, response: Response) -> None:
        self._request, self._response = request, response

    @property
    def cause(self) -> Cause:
        """What the events of this request inherit."""
        return cause_of(self._request)

    async def __call__(self, handler: CommandHandler[Answer], command: Any) -> Answer:
        """The handler's answer to this command.

        Raises:
            Refusal: a rule said no.
            Unavailable: not possible now, or not known whether it happened; retry with the key.
        """
        commands: Commands = self._request.app.state.commands
        answer, replayed = await commands.run(handler, command, self._key())
        if replayed:
            self._response.headers["Idempotency-Replayed"] = "true"
        return cast("Answer", answer)

    def _key(self) -> IdempotencyKey | None:
        given = self._request.headers.get("idempotency-key")
        if given is None:
            return None
        if not re.fullmatch(r"[\x21-\x7e]{1,200}", given):
            raise KEY_INVALID.refuse()
        actor = getattr(self._request.state, "actor", None)
        who = actor.person_ref if actor else "anonymous"
        url = self._request.url
        body = self._request.state.body if hasattr(self._request.state, "body") else b""
        return IdempotencyKey(
            scope=f"{who} {self._request.method} {url.path}",
            key=given,
            fingerprint=hashlib.sha256(url.query.encode() + b"\n" + body).digest(),
        )


async def _writer(request: Request, response: Response) -> Writer:
    return Writer(request, response)


Write = Annotated[Writer, Depends(_writer)]


class Reader:
    """Something to read by: `async with read() as tx` (`Database.reading`)."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """For this block."""
        return self._db.reading()


async def _reader(request: Request) -> Reader:
    return Reader(request.app.state.db)


Read = Annotated[Reader, Depends(_reader)]


async def _cause(request: Request) -> Cause:
    return cause_of(request)


Caused = Annotated[Cause, Depends(_cause)]


def etag(version: int) -> dict[str, str]:
    """The header of something that can be edited."""
    return {"ETag": f'"{version}"'}


async def _if_match(if_match: Annotated[str | None, Header()] = None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    tag = re.fullmatch(r'(?:W/)?"([0-9]{1,18})"', if_match.strip())
    if tag is None:
        raise STALE.refuse()
    return int(tag[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version that a writer has read, if it says so. A stale one is answered with 412."""


async def acceptable(request: Request) -> None:
    """Dependency of every route: 406 when the client accepts nothing that the route can give."""
    wanted = request.headers.get("accept")
    if not wanted or "*/*" in wanted or "application/json" in wanted:
        return
    kinds = {part.partition(";")[0].strip().lower() for part in wanted.split(",")}
    given = {"application/json", PROBLEM, "application/*", *_documented(request.scope)}
    if kinds.isdisjoint(given):
        raise NOT_ACCEPTABLE.refuse()


def _documented(scope: Mapping[str, Any]) -> set[str]:
    responses = getattr(scope.get("route"), "responses", None) or {}
    kinds: set[str] = set()
    for response in responses.values():
        kinds.update(response.get("content", {}))
    return kinds
