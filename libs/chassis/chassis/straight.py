"""The short way to the few routes that most requests are for.

The framework's share of such a request (finding the route, resolving what the function asks for,
turning the answer into bytes) costs more than its work (docs/performance.md). Here the same
function is called with the same things, worked out once at the start. It stays an ordinary route:
whatever is unusual before the function is called (a body that does not fit, no token, a role that
is missing) is left to the framework, so there is one answer to it and one description of it.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from contracts.refusal import Refusal
from fastapi import Request, Response, params
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from chassis.doors import App, Receive, Send
from chassis.http import acceptable
from chassis.problems import Unavailable

Make = Callable[[Request, Response], Awaitable[Any]]
Answer = Callable[[Request, Exception], Response]


class StraightRoute:
    """One route, worked out."""

    def __init__(self, route: APIRoute) -> None:
        self.route = route
        self._endpoint = route.endpoint
        self._makers = _makers(route.endpoint)
        self._status = route.status_code or 200
        self._without_none = route.response_model_exclude_none

    async def arguments(self, request: Request, response: Response) -> dict[str, Any]:
        """What the function asks for; raises whatever is wrong with the request."""
        await acceptable(request)
        return {name: await make(request, response) for name, make in self._makers.items()}

    async def answer(self, arguments: Mapping[str, Any], response: Response) -> Response:
        """Call the function."""
        view = await self._endpoint(**arguments)
        body = view.model_dump_json(exclude_none=self._without_none).encode()
        made = Response(body, response.status_code or self._status, media_type="application/json")
        made.raw_headers += [(k, v) for k, v in response.raw_headers if k != b"content-length"]
        return made


class Straight:
    """Innermost door (plain ASGI): takes the short way where there is one."""

    def __init__(self, app: App, routes: Iterable[APIRoute], refused: Answer) -> None:
        self._app, self._refused = app, refused
        self._routes = {
            (method, route.path): StraightRoute(route)
            for route in routes
            for method in route.methods or ()
        }

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handle one connection."""
        known = self._routes.get((scope.get("method", ""), scope.get("path", "")))
        if known is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = known.route
        request, response = Request(scope, receive), Response()
        response.status_code = 0  # not set: the route has one
        try:
            arguments = await known.arguments(request, response)
        except (ValidationError, Refusal, Unavailable):
            await self._app(scope, receive, send)  # nothing has happened yet
            return
        try:
            answer = await known.answer(arguments, response)
        except (Refusal, Unavailable) as no:
            answer = self._refused(request, no)
        await answer(scope, receive, send)


def chosen(routes: Sequence[Any], endpoints: Sequence[Callable[..., Any]]) -> list[APIRoute]:
    """The routes of these functions."""
    return [r for r in routes if isinstance(r, APIRoute) and r.endpoint in endpoints]


def _makers(call: Callable[..., Any]) -> dict[str, Make]:
    """How each parameter of a function is made.

    Raises:
        TypeError: it asks for something that only the framework can make.
    """
    hints = get_type_hints(call, include_extras=True)
    return {
        name: _maker(name, hints[name], parameter.default)
        for name, parameter in inspect.signature(call).parameters.items()
    }


def _maker(name: str, hint: Any, default: Any) -> Make:
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    for mark in marks:
        if isinstance(mark, params.Depends) and mark.dependency is not None:
            return _called(mark.dependency)
        if isinstance(mark, params.Header):
            return _header(name.replace("_", "-"), default)
    if hint is Request or hint is Response:
        return _request if hint is Request else _response
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _body(hint)
    raise TypeError(f"{name} can only be made by the framework")


async def _request(request: Request, _response: Response) -> Request:
    return request


async def _response(_request: Request, response: Response) -> Response:
    return response


def _header(name: str, default: Any) -> Make:
    async def make(request: Request, _response: Response) -> Any:
        return request.headers.get(name, default)

    return make


def _body(model: type[BaseModel]) -> Make:
    async def make(request: Request, _response: Response) -> BaseModel:
        return model.model_validate(request.state.json)

    return make


def _called(dependency: Callable[..., Any]) -> Make:
    makers = _makers(dependency)

    async def make(request: Request, response: Response) -> Any:
        return await dependency(**{n: await m(request, response) for n, m in makers.items()})

    return make
