"""The short way answers as the framework does; what is unusual goes the framework's way."""

import json
from typing import Annotated, Any

import httpx
import pytest
from chassis.doors import BodyCheck
from chassis.http import Body, View, acceptable
from chassis.straight import Straight, StraightRoute, chosen
from contracts.refusal import FORBIDDEN, NOT_FOUND, Refusal
from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.routing import APIRoute

CALLS: list[str] = []


class Wish(Body):
    """What is asked for."""

    number: int
    word: str | None = None


class Granted(View):
    """What is answered."""

    number: int
    who: str
    word: str | None = None


async def somebody(request: Request) -> str:
    """Who asks; a dependency that may refuse."""
    if "who" not in request.headers:
        raise FORBIDDEN.refuse()
    return request.headers["who"]


async def prefixed(who: Annotated[str, Depends(somebody)]) -> str:
    """A dependency of a dependency."""
    return f"<{who}>"


async def grant(
    body: Wish,
    who: Annotated[str, Depends(prefixed)],
    response: Response,
    prefer: Annotated[str | None, Header()] = None,
) -> Granted:
    """The route of this test."""
    CALLS.append(who)
    if body.number == 404:
        raise NOT_FOUND.refuse()
    response.headers["Location"] = f"/wishes/{body.number}"
    if prefer == "created":
        response.status_code = 201
    return Granted(number=body.number, who=who, word=body.word)


def refused(_: Request, no: Exception) -> Response:
    """How a no is answered here."""
    assert isinstance(no, Refusal)
    return Response(no.code, no.rule.status)


def an_app(short: bool) -> Any:
    """The same program with and without the short way."""
    app = FastAPI(dependencies=[Depends(acceptable)])
    app.add_api_route(
        "/wishes", grant, methods=["POST"], status_code=202, response_model_exclude_none=True
    )
    app.add_exception_handler(Refusal, refused)
    app.add_middleware(
        Straight, routes=chosen(app.router.routes, [grant] if short else []), refused=refused
    )
    app.add_middleware(BodyCheck, limit=1000, larger={})
    return app


REQUESTS: list[tuple[str, dict[str, str], bytes]] = [
    ("good", {"who": "me"}, b'{"number": 1}'),
    ("with a word", {"who": "me"}, b'{"number": 1, "word": "W\xc3\xb6rter"}'),
    ("a header that counts", {"who": "me", "prefer": "created"}, b'{"number": 2}'),
    ("a refusal of the function", {"who": "me"}, b'{"number": 404}'),
    ("a refusal of a dependency", {}, b'{"number": 1}'),
    ("a wrong type", {"who": "me"}, b'{"number": "x"}'),
    ("a member too many", {"who": "me"}, b'{"number": 1, "more": 1}'),
    ("a member missing", {"who": "me"}, b"{}"),
    ("no object", {"who": "me"}, b"[]"),
    ("null", {"who": "me"}, b"null"),
    ("no body", {"who": "me"}, b""),
    ("nothing acceptable", {"who": "me", "accept": "image/png"}, b'{"number": 1}'),
]


async def ask(app: Any, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        sent = {"content-type": "application/json", **headers}
        answer = await client.post("/wishes", headers=sent, content=body)
    return answer.status_code, dict(answer.headers), answer.content


@pytest.mark.parametrize(
    ("headers", "body"), [r[1:] for r in REQUESTS], ids=[r[0] for r in REQUESTS]
)
async def test_both_ways_give_the_same_answer_and_call_the_function_equally_often(
    headers: dict[str, str], body: bytes
) -> None:
    CALLS.clear()
    long = await ask(an_app(short=False), headers, body)
    called = len(CALLS)
    short = await ask(an_app(short=True), headers, body)
    assert short == long
    assert len(CALLS) == 2 * called


async def test_a_good_request_does_not_see_the_framework() -> None:
    seen: list[str] = []

    async def framework(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])

    route = APIRoute("/wishes", grant, methods=["POST"], status_code=202)
    app = BodyCheck(Straight(framework, [route], refused), limit=1000, larger={})
    status, _, body = await ask(app, {"who": "me"}, b'{"number": 7}')
    assert (status, json.loads(body)["number"], seen) == (202, 7, [])


def test_a_function_that_asks_for_more_is_found_at_the_start() -> None:
    async def lists(limit: Annotated[int, Query()] = 5) -> Granted:
        raise AssertionError

    with pytest.raises(TypeError, match="limit"):
        StraightRoute(APIRoute("/list", lists))
