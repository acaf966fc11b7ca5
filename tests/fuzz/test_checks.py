"""Every check fails where it should: planted bad answers, one after another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.fuzz import people
from tests.fuzz.checks import judge
from tests.fuzz.inputs import Answer, Input
from tests.fuzz.processes import judged_log
from tests.fuzz.reference import Operation
from tests.fuzz.test_mutator import reference_of

BOOK = "POST /api/enrolment/enrolments"
CANARY = "kc0123456789abcd"
GIVEN = Input(
    BOOK,
    "/api/enrolment/enrolments",
    body=b'{"run_id": "kc0123456789abcd", "people": [{"a": 1}]}',
    canary=CANARY,
)
ENTRY = {"pointer": "/run_id", "code": "uuid-parsing", "detail": "must be a UUID"}
BODY: dict[str, Any] = {
    "type": "urn:kommunalcampus:problem:invalid",
    "title": "Something does not fit.",
    "status": 422,
    "detail": "Etwas passt nicht.",
    "code": "invalid",
    "instance": "urn:correlation:12345678",
    "errors": [ENTRY],
}


def operation(route: str = BOOK) -> Operation:
    """A route of the document."""
    return reference_of(route.split("/")[2]).by_route(route)


def a_problem(status: int = 422, **changes: Any) -> Answer:
    """A good error answer, with changes; None leaves a member out."""
    merged = {**BODY, "status": status, **changes.pop("instead", {}), **changes}
    body = {name: value for name, value in merged.items() if value is not None}
    return answered(status, json.dumps(body).encode(), "application/problem+json")


def answered(status: int, body: bytes, kind: str = "application/json", **more: str) -> Answer:
    """An answer with the headers that all have."""
    headers = {"content-type": kind, "x-correlation-id": "12345678-abc"} | more
    packed = [(name.replace("_", "-").encode(), v.encode()) for name, v in headers.items() if v]
    return Answer(status, packed, body)


def complaints(answer: Answer, given: Input = GIVEN) -> str:
    """All of them, in one line."""
    return "; ".join(judge(given, answer, operation(given.route)))


def test_a_good_error_is_no_finding() -> None:
    assert complaints(a_problem()) == ""
    assert complaints(a_problem(status=503, errors=[])) != ""  # without Retry-After


def test_a_503_with_the_seconds_until_a_new_try_is_no_finding() -> None:
    busy = a_problem(503, errors=[])
    busy.headers.append((b"retry-after", b"1"))
    assert complaints(busy) == ""


BAD_STATUSES = [(500, "status: 500"), (502, "status: 502"), (418, "not documented"), (302, "302")]


@pytest.mark.parametrize(("status", "said"), BAD_STATUSES)
def test_a_status_that_nobody_promised_is_found(status: int, said: str) -> None:
    assert said in complaints(a_problem(status))


def test_a_status_is_found_where_there_is_no_route() -> None:
    assert "no route" in "; ".join(judge(GIVEN, a_problem(422), None))
    assert judge(GIVEN, a_problem(404, errors=[]), None) == []


BAD_PROBLEMS: list[tuple[dict[str, Any], str]] = [
    ({"type": None}, "type"),
    ({"type": "about:blank"}, "type"),
    ({"code": None}, "no code"),
    ({"code": "Not A Code"}, "no code"),
    ({"title": None}, "no title"),
    ({"title": ""}, "no title"),
    ({"detail": None}, "no detail"),
    ({"instance": None}, "no instance"),
    ({"errors": None}, "no list"),
    ({"errors": {}}, "no list"),
    ({"errors": [ENTRY] * 21}, "too many"),
    ({"errors": [{"pointer": "/run_id", "code": "x"}]}, "pointer, code and detail"),
    ({"errors": [{**ENTRY, "input": "x"}]}, "pointer, code and detail"),
    ({"errors": [{**ENTRY, "detail": 1}]}, "not made of texts"),
    ({"errors": [{**ENTRY, "detail": ""}]}, "without words"),
    ({"errors": [{**ENTRY, "pointer": "run_id"}]}, "not a JSON pointer"),
    ({"errors": [{**ENTRY, "pointer": "/a~2b"}]}, "not a JSON pointer"),
    ({"errors": [{**ENTRY, "pointer": "/people/7/a"}]}, "leads nowhere"),
    ({"errors": [{**ENTRY, "pointer": "/people/0/Row/a"}]}, "leads nowhere"),
    ({"errors": [{**ENTRY, "pointer": "/query/nothing"}]}, "leads nowhere"),
    ({"errors": [{**ENTRY, "pointer": "/query"}]}, "leads nowhere"),
    ({"instead": {"status": "422"}}, "another status"),
    ({"detail": f"you sent {CANARY}"}, "echo"),
    ({"detail": f"YOU SENT {CANARY.upper()}"}, "echo"),
    ({"errors": [{**ENTRY, "detail": CANARY}]}, "echo"),
    ({"errors": [{**ENTRY, "pointer": f"/{CANARY}@x.example"}]}, "echo"),
    ({"known": [CANARY]}, "echo"),
    ({"who": people.SECRET_NAME}, "personal data"),
    ({"who": people.SECRET_MAIL.upper()}, "personal data"),
    ({"detail": "Traceback (most recent call last)"}, "trace"),
    ({"detail": "in /srv/enrolment/store.py"}, "trace"),
    ({"detail": "sqlalchemy.exc.DataError"}, "trace"),
    ({"detail": "SELECT 1"}, "trace"),
    ({"detail": "at line 17"}, "trace"),
    ({"detail": "<object at 0x7f0000001000>"}, "trace"),
]


@pytest.mark.parametrize(("changes", "said"), BAD_PROBLEMS)
def test_a_bad_problem_document_is_found(changes: dict[str, Any], said: str) -> None:
    assert said in complaints(a_problem(**changes))


def test_a_pointer_may_name_the_member_that_the_client_named() -> None:
    named = replace(GIVEN, body=b'{"kc0123456789abcd": 1}')
    extra = {**ENTRY, "pointer": f"/{CANARY}", "code": "extra-forbidden"}
    assert complaints(a_problem(errors=[extra]), named) == ""


def test_an_error_that_is_no_problem_document_is_found() -> None:
    assert "as text/plain" in complaints(answered(422, b"no", "text/plain"))
    assert "not JSON" in complaints(answered(422, b"{", "application/problem+json"))
    assert "not an object" in complaints(answered(422, b"[]", "application/problem+json"))


def test_an_echo_in_a_header_is_found() -> None:
    shown = a_problem()
    shown.headers.append((b"location", CANARY.encode()))
    assert "echo" in complaints(shown)


def test_a_missing_correlation_id_is_found() -> None:
    answer = a_problem()
    answer.headers = [pair for pair in answer.headers if pair[0] != b"x-correlation-id"]
    assert "correlation" in complaints(answer)


def test_no_answer_at_all_is_found() -> None:
    assert "no-answer" in complaints(Answer(error="hung for 90 s"))
    assert "no-answer" in complaints(Answer(422, error="raised ValueError"))


SEATS = "GET /api/enrolment/runs/{run_id}/seats"
SHOWN = {"run_id": "5f0c8f1e-6b0e-4c39-9d59-0f2b6f1f7a11", "capacity": 1}


def test_a_representation_that_does_not_fit_its_schema_is_found() -> None:
    given = Input(SEATS, "/api/enrolment/runs/x/seats")
    assert "does not fit" in complaints(answered(200, json.dumps(SHOWN).encode()), given)
    assert "not JSON" in complaints(answered(200, b"{"), given)
    assert "as text/html" in complaints(answered(200, b"{}", "text/html"), given)


def test_a_body_of_nothing_is_found() -> None:
    given = Input("DELETE /api/notifications/calendar", "/api/notifications/calendar")
    assert complaints(answered(204, b"", ""), given) == ""
    assert "204 with a body" in complaints(answered(204, b"x"), given)


def test_a_log_that_tells_too_much_is_found() -> None:
    lines = [
        b'{"msg":"request","status":200}',
        b'{"msg":"x kc0123456789abcd"}',
        b'{"name":"Kanarienvogel-Geheim"}',
        b'{"level":"error","msg":"a bug"}',
    ]
    assert list(judged_log(iter(lines))) == [
        "what was sent stands in the log",
        "personal data stands in the log",
        "a bug",
    ]
