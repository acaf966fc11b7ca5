"""A client of the gateway with the token of a demo user, for the seed, the demo and the flows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx

from deploy.local.settings import Settings
from deploy.local.token import token

T = TypeVar("T")
TOKEN_SECONDS = 240.0  # tokens live five minutes


class RefusedError(Exception):
    """The gateway or a service said no. The text holds status, code and places."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.problem: dict[str, Any] = _problem(answer)
        places = "; ".join(
            f"{error.get('pointer')} {error.get('detail', error.get('code'))}"
            for error in self.problem.get("errors", [])
        )
        super().__init__(f"{self.status} {self.problem.get('code', '')} {places}".strip())


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


class Client:
    """Speaks to the gateway as one demo user."""

    def __init__(self, settings: Settings, user: str | None) -> None:
        self._settings, self.user = settings, user
        gateway = settings.extra.get("KC_GATEWAY_URL") or settings.url("gateway")
        self._http = httpx.Client(base_url=gateway, timeout=40, trust_env=False)
        self._token, self._since = "", float("-inf")
        self._one_login = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request; whatever comes back. Writes get an Idempotency-Key of their own."""
        given = dict(headers or {})
        if self.user is not None:
            given.setdefault("Authorization", f"Bearer {self._fresh_token()}")
        if method == "POST":
            given.setdefault("Idempotency-Key", str(uuid4()))
        return self._http.request(method, path, json=body, headers=given)

    def get(self, path: str) -> Any:
        """Read. RefusedError for everything but a success."""
        return self._content(self.ask("GET", path))

    def post(self, path: str, body: Any = None, *, wait: int = 0, key: str | None = None) -> Any:
        """Write; `wait` asks for the settled answer, `key` is the Idempotency-Key."""
        headers = {"Prefer": f"wait={wait}"} if wait else {}
        if key:
            headers["Idempotency-Key"] = key
        return self._content(self.ask("POST", path, body if body is not None else {}, headers))

    def put(self, path: str, body: Any) -> Any:
        """Write. RefusedError for everything but a success."""
        return self._content(self.ask("PUT", path, body))

    def _content(self, answer: httpx.Response) -> Any:
        if answer.is_error:
            raise RefusedError(answer)
        return answer.json() if answer.content else None

    def _fresh_token(self) -> str:
        if given := self._settings.extra.get("KC_TOKEN"):  # of another installation
            return given
        with self._one_login:
            if time.monotonic() - self._since > TOKEN_SECONDS:
                self._token = token(self._settings, str(self.user))
                self._since = time.monotonic()
        return self._token


def until(what: Callable[[], T | None], seconds: float = 30, name: str = "it") -> T:
    """Wait for a true value with a deadline. TimeoutError that says what did not come."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError(f"{name} did not come within {seconds:.0f} s")
        time.sleep(0.1)
