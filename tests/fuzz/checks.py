"""What every answer has to keep, whatever was sent: pure functions from an answer to complaints.

`judge` gives all complaints about one answer. `test_checks.py` shows every one of them failing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tests.fuzz import people
from tests.fuzz.inputs import Answer, Input
from tests.fuzz.reference import ANYWHERE, Operation, Reference

PROBLEM = "application/problem+json"
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
POINTER = re.compile(r"(?:/(?:[^/~]|~[01])*)*")
CORRELATION = re.compile(rb"[A-Za-z0-9._-]{8,64}")
TRACE = re.compile(
    rb"Traceback|\.py\b|File \"|site-packages|sqlalchemy|asyncpg|psycopg|pydantic|starlette|"
    rb"\bSELECT\b|\bINSERT INTO\b|\bUPDATE\b.*\bSET\b|postgresql|0x[0-9a-f]{8,}|/home/|/usr/|"
    rb"\bline [0-9]+\b",
    re.IGNORECASE,
)
PLACES = ("query", "path", "header", "cookie")
NOT_THERE = ("missing",)
MAX_ERRORS = 20


def against(reference: Reference) -> Callable[[Input, Answer], list[str]]:
    """`judge` for the service that promises what its document says."""
    return lambda given, answer: judge(given, answer, reference.at(given.method, given.path))


def judge(given: Input, answer: Answer, operation: Operation | None) -> list[str]:
    """Everything that is wrong with an answer; `operation` is None where there is no route."""
    if answer.error:
        return [f"no-answer: {answer.error}"]
    found = [*status(answer, operation), *correlation(answer)]
    if answer.status >= 400:
        found += [*problem(answer), *echo(given, answer), *trace(answer)]
        found += pointers(given, answer, operation)
    elif operation is not None:
        found += representation(answer, operation)
    return found


def status(answer: Answer, operation: Operation | None) -> Iterator[str]:
    """Only documented statuses; no 5xx but 503, and that with the seconds until a new try."""
    if answer.status == 503:
        if not re.fullmatch(rb"[0-9]{1,5}", answer.header(b"retry-after") or b""):
            yield "status: 503 without Retry-After"
        return
    if answer.status >= 500:
        yield f"status: {answer.status}"
    elif not 200 <= answer.status < 500:
        yield f"status: {answer.status} is no answer"
    elif operation is None and answer.status not in ANYWHERE:
        yield f"status: {answer.status} where there is no route"
    elif operation is not None and answer.status not in operation.statuses:
        yield f"status: {answer.status} is not documented for {operation.route}"


def correlation(answer: Answer) -> Iterator[str]:
    """Every answer names what it belongs to."""
    if not CORRELATION.fullmatch(answer.header(b"x-correlation-id") or b""):
        yield "correlation: no X-Correlation-Id"


def problem(answer: Answer) -> Iterator[str]:
    """An error is a problem document (RFC 9457) with the members that clients rely on."""
    if answer.kind != PROBLEM:
        yield f"problem: an error as {answer.kind or 'nothing'}"
        return
    try:
        body = orjson.loads(answer.body)
    except ValueError:
        yield "problem: not JSON"
        return
    if not isinstance(body, dict):
        yield "problem: not an object"
        return
    if body.get("status") != answer.status:
        yield "problem: another status in the body"
    code = body.get("code")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        yield "problem: no code"
    elif body.get("type") != f"urn:kommunalcampus:problem:{code}":
        yield "problem: the type does not go with the code"
    for member in ("title", "detail", "instance"):
        if not isinstance(body.get(member), str) or not body[member]:
            yield f"problem: no {member}"
    yield from _entries(body.get("errors"))


def _entries(errors: Any) -> Iterator[str]:
    if not isinstance(errors, list):
        yield "problem: no list of errors"
        return
    if len(errors) > MAX_ERRORS:
        yield "problem: too many errors"
    for entry in errors:
        if not isinstance(entry, dict) or set(entry) != {"pointer", "code", "detail"}:
            yield "problem: an error has pointer, code and detail"
        elif not all(isinstance(value, str) for value in entry.values()):
            yield "problem: an error is not made of texts"
        elif not POINTER.fullmatch(entry["pointer"]):
            yield "problem: not a JSON pointer"
        elif not entry["code"] or not entry["detail"]:
            yield "problem: an error without words"


def pointers(given: Input, answer: Answer, operation: Operation | None) -> Iterator[str]:
    """A pointer names a parameter of the route, or leads to a place of the body that was sent."""
    if operation is None or answer.kind != PROBLEM or answer.status not in (400, 422):
        return
    try:
        errors = orjson.loads(answer.body)["errors"]
        body = orjson.loads(given.body) if given.body else None
    except (ValueError, KeyError, TypeError):
        return
    for entry in errors:
        steps = entry["pointer"].split("/")[1:]
        if steps and not _leads_somewhere(steps, body, operation):
            shape = "/".join("N" if step.isdigit() else step for step in steps)
            yield f"pointer: /{shape} leads nowhere ({entry['code']})"


def _leads_somewhere(steps: list[str], body: Any, operation: Operation) -> bool:
    if steps[0] in PLACES and len(steps) > 1:
        return steps[1].lower() in operation.parameters
    if steps[0].lower() in operation.parameters:
        return True
    if steps[0] in PLACES:
        return False
    for step in steps[:-1]:
        if step == "…":
            return True  # a name that is not repeated
        if isinstance(body, dict) and step in body:
            body = body[step]
        elif isinstance(body, list) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            return False
    last = steps[-1]
    # the last step may be what is missing, but its container must be there
    return not isinstance(body, list) or last == "…" or (last.isdigit() and int(last) < len(body))


def echo(given: Input, answer: Answer) -> Iterator[str]:
    """Nothing that was sent, and nobody's name, comes back in an error.

    The pointer is the one exception: it names the member that the client itself named; but never
    one that looks like somebody's address.
    """
    shown = answer.body + b"\n".join(value for _, value in answer.headers)
    lowered = shown.lower()
    for secret in (people.SECRET_NAME, people.SECRET_MAIL):
        if secret.lower().encode() in lowered:
            yield "echo: personal data"
    if not given.canary or given.canary.encode() not in lowered:
        return
    if f"{given.canary}@".encode() in lowered or not _only_in_pointers(given.canary, answer):
        yield "echo: what was sent comes back"


def _only_in_pointers(canary: str, answer: Answer) -> bool:
    if any(canary.encode() in value.lower() for _, value in answer.headers):
        return False
    try:
        body = orjson.loads(answer.body)
        rest = {**body, "errors": [{**entry, "pointer": ""} for entry in body["errors"]]}
    except (ValueError, TypeError, KeyError):
        return False
    return canary.encode() not in orjson.dumps(rest).lower()


def trace(answer: Answer) -> Iterator[str]:
    """Nothing of the inside: no stack, no statement, no path, no library."""
    if found := TRACE.search(answer.body):
        yield f"trace: {found[0].decode('latin-1')[:40]}"


def representation(answer: Answer, operation: Operation) -> Iterator[str]:
    """What is shown has a documented media type and fits its schema."""
    kinds = operation.content.get(answer.status, frozenset())
    if answer.status == 204:
        if answer.body:
            yield "representation: 204 with a body"
        return
    if kinds and answer.kind not in kinds:
        yield f"representation: {answer.status} as {answer.kind or 'nothing'}"
        return
    schema = operation.schemas.get((answer.status, answer.kind))
    if schema is None or not answer.kind.endswith("json"):
        return
    try:
        content = orjson.loads(answer.body)
    except ValueError:
        yield "representation: not JSON"
        return
    for error in schema.iter_errors(content):
        place = "/".join("N" if isinstance(p, int) else str(p) for p in error.instance_path)
        yield f"representation: /{place} does not fit ({error.kind.__class__.__name__})"
        return
