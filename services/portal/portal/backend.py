"""The services, asked through their REST routes with the token of the person.

A service that is down takes only its own part of a page with it: ask for what a page can do without
by `part(...)`, and the template shows the box `down` in its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Final, Literal, TypeVar

import httpx
import structlog
from starlette.exceptions import HTTPException

from portal.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

# What surely had no effect; any other 503 may have had one (docs/overload.md)
NOT_BEGUN = frozenset({"overloaded", "too-late", "starting", "identity-unavailable"})


class Unavailable(Exception):  # noqa: N818 - a state of the world, not an error of anybody
    """A service did not answer, or asks for patience. `sent`: whether a write may have arrived."""

    def __init__(self, sent: bool = False) -> None:
        super().__init__("unavailable")
        self.sent = sent


class Refused(Exception):  # noqa: N818 - an answer, not an error of anybody
    """A service said no. `code` and `detail` are its own, `errors` name fields by pointers."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("code", status)))
        self.status = status
        self.code = str(problem.get("code", "internal"))
        self.detail = str(problem.get("detail") or problem.get("title") or "")
        self.errors: list[dict[str, str]] = list(problem.get("errors") or [])
        self.more = dict(problem)


class SignedOut(Exception):  # noqa: N818
    """The token is not accepted (any more)."""


class Down:
    """Stands where the data of a service that does not answer would stand."""

    def __bool__(self) -> Literal[False]:
        return False


DOWN: Final = Down()


async def part(answer: Awaitable[T]) -> T | Down:
    """The answer, or `DOWN` when its service does not answer."""
    try:
        return await answer
    except Unavailable:
        return DOWN


def connect(settings: Settings) -> httpx.AsyncClient:
    """The connections to the services, shared by all requests of one process."""
    return httpx.AsyncClient(
        base_url=settings.services,
        timeout=httpx.Timeout(settings.answer_seconds, connect=2.0),
        limits=httpx.Limits(max_connections=200, max_keepalive_connections=50),
        trust_env=False,
    )


class Backend:
    """The services as one person sees them."""

    def __init__(
        self, client: httpx.AsyncClient, token: str, lang: str, correlation_id: str = ""
    ) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": lang}
        if correlation_id:
            self._headers["X-Correlation-Id"] = correlation_id

    async def get(self, path: str, **query: Any) -> Any:
        """A document. `query`: empty values are left out, lists are repeated.

        Raises:
            Refused: the service says no, 404 included.
            Unavailable: the service does not answer.
            SignedOut: the token is not accepted.
            HTTPException: 414, what is asked for does not fit into an address; 400, a header of
                `raw` or `send` cannot be sent.
        """
        return (await self._ask("GET", path, query)).json()

    async def raw(self, path: str, accept: str, **query: Any) -> httpx.Response:
        """A file (calendar, CSV), as the service sends it."""
        return await self._ask("GET", path, query, {"Accept": accept})

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Any:
        """Change something. `headers`: `Idempotency-Key`, `If-Match`, `Prefer`.

        Raises:
            Refused, Unavailable, SignedOut, HTTPException: as with `get`.
        """
        answer = await self._ask(method, path, query, headers or {}, {} if body is None else body)
        return answer.json() if answer.content else None

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> httpx.Response:
        params = {
            name.rstrip("_"): value for name, value in query.items() if value not in (None, "", [])
        }
        if not all(_can_be_sent(value) for value in (headers or {}).values()):
            raise HTTPException(httpx.codes.BAD_REQUEST)
        try:
            answer = await self._client.request(
                method,
                path,
                params=params,
                headers={**self._headers, **(headers or {})},
                json=body if method != "GET" else None,
            )
        except httpx.InvalidURL:
            raise HTTPException(httpx.codes.REQUEST_URI_TOO_LONG) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Unavailable from None
        except httpx.HTTPError as error:
            log.warning("a service broke off", path=path, error=type(error).__name__)
            raise Unavailable(sent=method != "GET") from None
        return _checked(answer, method)


def _can_be_sent(value: str) -> bool:
    """Whether a header can hold it: forms of ours carry nothing else in their key or version."""
    return value.isascii() and value.isprintable() and value == value.strip()


def _checked(answer: httpx.Response, method: str) -> httpx.Response:
    if answer.is_success:
        return answer
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise SignedOut
    problem = _problem(answer)
    if answer.status_code == 429 or answer.status_code >= 500:
        refused = answer.status_code == 429 or problem.get("code") in NOT_BEGUN
        raise Unavailable(sent=method != "GET" and not refused)
    raise Refused(answer.status_code, problem)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The document of a refusal; whoever else answers has none."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
