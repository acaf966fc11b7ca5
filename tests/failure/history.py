"""What clients asked and what came back: `ok`, `fail` (a definite no) or `info` (nobody knows).

    history = History()
    answer = history.ask(carla, "POST", BOOK, body, key=key)            # one try, recorded
    answer = history.insist(carla, "POST", BOOK, body, key=key)         # repeats what is `info`
    check_now(platform, history)                                        # tests.failure.checker

`info` is every write whose answer did not come, or came as 5xx: it may have happened. `insist`
repeats it with the same Idempotency-Key, so that the checker may demand an end of it (I13); a try
whose end nobody waits for is recorded with `given_up=True`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx

from deploy.local.client import Client
from deploy.local.token import TokenError

Outcome = Literal["ok", "fail", "info"]

# Nothing was decided by these: nobody was reached, or nobody could check who asks
UNDECIDED = frozenset({401, 408, 429, 500, 502, 503, 504})
PAUSE = 0.2  # between two tries
SHOWN = 200  # characters of what is no JSON
SUBJECTS = ("run_id", "person_ref")


@dataclass(frozen=True, slots=True)
class Operation:
    """One try of one request. Tries of the same write share their `key`."""

    op: str
    """Method and path, with the query."""
    key: str
    payload: str
    """SHA-256 of what was sent."""
    began: float
    ended: float
    outcome: Outcome
    status: int = 0
    """0: no answer came."""
    answer: Mapping[str, Any] | None = None
    """The body, where it is a JSON object."""
    headers: Mapping[str, str] | None = None
    user: str = ""
    about: Mapping[str, str] | None = None
    """Run and person of the request, where it names them."""
    given_up: bool = False
    text: str = ""
    """The beginning of a body that is no JSON object."""


class History:
    """Operations in the order of their ends; safe for many threads."""

    def __init__(self, path: Path | None = None) -> None:
        """`path`: where each operation is also written, one JSON line each."""
        self._lock = threading.Lock()
        self._operations: list[Operation] = []
        self._path = path

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Everything so far."""
        with self._lock:
            return tuple(self._operations)

    def add(self, operation: Operation) -> None:
        """Remember an operation."""
        with self._lock:
            self._operations.append(operation)
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(operation)) + "\n")

    def ask(
        self, client: Client, method: str, path: str, body: Any = None, **more: Any
    ) -> httpx.Response | None:
        """One try; None where no answer came. `key`, `headers`, `given_up` may be given."""
        key = str(more.get("key") or uuid4())
        sent = dict(more.get("headers") or {}) | {"Idempotency-Key": key}
        began = time.time()
        answer: httpx.Response | None = None
        with contextlib.suppress(httpx.HTTPError, OSError, TokenError):
            answer = client.ask(method, path, body, sent)
        operation = Operation(
            op=f"{method} {path}",
            key=key,
            payload=_hash(body),
            began=began,
            ended=time.time(),
            outcome=_outcome(answer),
            user=client.user or "",
            about=_about(body),
            given_up=bool(more.get("given_up")),
        )
        self.add(operation if answer is None else _answered(operation, answer))
        return answer

    def insist(
        self, client: Client, method: str, path: str, body: Any = None, **more: Any
    ) -> httpx.Response:
        """Try until there is a definite answer. TimeoutError after `seconds` (120)."""
        key = str(more.pop("key", None) or uuid4())
        deadline = time.monotonic() + float(more.pop("seconds", 120))
        while True:
            answer = self.ask(client, method, path, body, key=key, **more)
            if answer is not None and _outcome(answer) != "info":
                return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path} was never answered")
            time.sleep(PAUSE)


def _outcome(answer: httpx.Response | None) -> Outcome:
    if answer is None or answer.status_code in UNDECIDED:
        return "info"
    if answer.is_success:
        return "ok"
    # a path without a service behind it is answered by the gateway, for as long as it starts
    return "info" if answer.status_code == 404 and not _json(answer) else "fail"


def _answered(operation: Operation, answer: httpx.Response) -> Operation:
    kept = {name.lower(): value for name, value in answer.headers.items()}
    body = _json(answer)
    text = "" if body is not None else answer.text[:SHOWN]
    return replace(operation, status=answer.status_code, answer=body, text=text, headers=kept)


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _about(body: Any) -> dict[str, str] | None:
    if not isinstance(body, dict):
        return None
    return {name: str(body[name]) for name in SUBJECTS if body.get(name)} or None


def _hash(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
