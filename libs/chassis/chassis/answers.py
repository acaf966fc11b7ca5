"""Every no of a service in one form: what the domain, the doors and the framework refuse."""

from collections.abc import Callable

from contracts.refusal import Refusal
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from chassis import findings, metrics, problems


def refused(name: str) -> Callable[[Request, Exception], Response]:
    """How a no is answered, whichever way a request came."""

    def answer(request: Request, no: Exception) -> Response:
        if isinstance(no, Refusal):
            metrics.REFUSALS.labels(name, no.code).inc()
            return problems.refused(request, no)
        if isinstance(no, problems.Unavailable):
            return problems.unavailable(request, no)
        raise no

    return answer


def answer_errors(app: FastAPI, name: str) -> None:
    """Let a program answer every no as a problem."""
    answered = refused(name)

    @app.exception_handler(Refusal)
    @app.exception_handler(problems.Unavailable)
    async def refuse(request: Request, no: Exception) -> Response:
        return answered(request, no)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        entries = error.errors()
        if any(entry["type"] == "json_invalid" for entry in entries):
            return problems.problem(request, problems.MALFORMED)
        told = [findings.found(entry, problems.language(request)) for entry in entries]
        return problems.problem(request, problems.INVALID, told)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        rule = problems.BY_STATUS.get(error.status_code, problems.MALFORMED)
        headers = dict(error.headers or {})
        if rule is problems.NO_METHOD:
            headers["Allow"] = ", ".join(_methods(app, request))
        return problems.problem(request, rule, headers=headers)


def _methods(app: FastAPI, request: Request) -> list[str]:
    """Every method of a path. The framework names those of the first route that fits."""
    return [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in app.router.routes
        )
    ]
