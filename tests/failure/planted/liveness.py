"""Answers that are none, and a run that never comes to rest (I39, I40)."""

from __future__ import annotations

from dataclasses import replace

from tests.failure.history import Operation
from tests.failure.planted.planting import plants
from tests.failure.planted.requests import operation, with_history


def plain(status: int, text: str, headers: dict[str, str]) -> Operation:
    """An answer in plain words."""
    said = {"content-type": "text/plain; charset=utf-8"} | headers
    return operation(
        "k4", outcome="info", status=status, answer=None, text=text, headers=said, given_up=True
    )


plants("I39", "a 500")(with_history(operation("k4", outcome="info", status=500)))
plants("I39", "a service that answers in the gateway's words")(
    with_history(plain(502, "Bad Gateway", {"x-correlation-id": "abcdefgh"}))
)
plants("I39", "plain words that are not the gateway's")(with_history(plain(404, "Not Found", {})))
plants("I39", "503 in plain words")(
    with_history(plain(503, "Service Unavailable", {"retry-after": "1"}))
)
plants("I39", "a no that is no problem")(
    with_history(operation("k4", outcome="fail", status=409, answer={}, about=None))
)
plants("I39", "503 without Retry-After")(
    with_history(operation("k4", outcome="ok", status=503, about=None))
)
plants("I40", "it never came to rest")(lambda f: replace(f, converged_after=None))
plants("I40", "a service is away")(lambda f: replace(f, ready={"catalog": False}))
