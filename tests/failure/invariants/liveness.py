"""Answers and coming to rest (I39, I40)."""

from __future__ import annotations

from tests.failure.facts.model import Facts
from tests.failure.history import Operation
from tests.failure.invariants.violation import Found

DOCUMENTED = {200, 201, 202, 204, 304} | {
    *(400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429, 431),
    *(502, 503, 504),
}
# What the gateway itself says where it has no route or its pages are down, word for word
OWN_WORDS = {404: "404 page not found", 502: "Bad Gateway", 504: "Gateway Timeout"}
FIELDS = {"type", "title", "status", "code"}
CONVERGENCE_SECONDS = 60.0


def i39(facts: Facts) -> Found:
    """Only documented answers; every no is a problem, and 503 says when to come again."""
    for one in facts.history:
        if one.status and one.status not in DOCUMENTED:
            yield one.key, f"{one.op} was answered {one.status}"
        elif one.status >= 400:
            yield from _badly_said(one)


def _badly_said(one: Operation) -> Found:
    headers = one.headers or {}
    if one.status == 503 and not headers.get("retry-after", "").isdecimal():
        yield one.key, f"{one.op} was answered 503 without Retry-After"
    if _is_the_gateways(one):
        return
    plain = headers.get("content-type", "").partition(";")[0] != "application/problem+json"
    if plain or not set(one.answer or {}) >= FIELDS:
        yield one.key, f"{one.op} was answered {one.status} without a problem"
    said = str(one.answer)
    if "Traceback" in said or "sqlalchemy" in said or "SELECT " in said:
        yield one.key, f"{one.op} was answered with the inside of a service"


def _is_the_gateways(one: Operation) -> bool:
    """A service names its request in every answer, and none answers in plain words."""
    by_service = "x-correlation-id" in (one.headers or {})
    return not by_service and one.answer is None and one.text.strip() == OWN_WORDS.get(one.status)


def i40(facts: Facts) -> Found:
    """A minute after the last fault everything is done and every service is ready."""
    after = facts.converged_after
    if after is None or after > CONVERGENCE_SECONDS:
        yield "platform", f"did not come to rest within {CONVERGENCE_SECONDS:.0f} s"
    for service, ready in facts.ready.items():
        if not ready:
            yield service, "is not ready"
