"""The door: whatever is sent, the answer is a clear problem and never an echo."""

import asyncio
import json
from time import monotonic
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.app import create_app
from chassis.doors import BodyCheck, strict_json
from chassis.testing import Servers, TestApp, new_database
from chassis.testing_issuer import Issuer
from sqlalchemy import text

from libs.chassis.tests.conftest import build

ORG, ME = uuid4(), uuid4()
CANARY = "Petra-Musterfrau-4711"


def is_strict_json(body: bytes) -> bool:
    """Whether a body is read at all."""
    try:
        strict_json(body)
    except (ValueError, RecursionError):
        return False
    return True


def problem_of(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document, checked for its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["title"]
    assert body["type"].endswith(code)
    assert CANARY not in answer.text
    return body


async def post(app: TestApp, raw: bytes, **headers: str) -> httpx.Response:
    """Send raw bytes to a write route."""
    async with app.http("coordinator", org=ORG, sub=ME) as client:
        sent = {"content-type": "application/json", **headers}
        return await client.post("/api/enrolment/notes", content=raw, headers=sent)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b'{"number": NaN}',
        b'{"number": Infinity}',
        b'{"number": 1, "number": 2}',
        b'{"number": "\\ud800"}',
        b'{"number": "\\u0000"}',
        b'{"number": "\xff"}',
        b"[" * 5000 + b"]" * 5000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
)
async def test_what_is_no_strict_json_is_malformed(app: TestApp, raw: bytes) -> None:
    problem_of(await post(app, raw), 400, "malformed")


async def test_a_wrong_member_is_named_by_pointer_and_rule_without_its_value(app: TestApp) -> None:
    body = problem_of(await post(app, json.dumps({"number": CANARY}).encode()), 422, "invalid")
    assert body["errors"][0]["pointer"] == "/number"
    assert body["errors"][0]["code"] == "int-parsing"
    body = problem_of(await post(app, json.dumps({CANARY + " x": 1}).encode()), 422, "invalid")
    assert {e["pointer"] for e in body["errors"]} == {"/number", "/…"}
    body = problem_of(await post(app, b'{"petra.m@kreis.example": 1}'), 422, "invalid")
    assert {e["pointer"] for e in body["errors"]} == {"/number", "/…"}  # an address is no name
    body = problem_of(await post(app, b'{"@type": 1}'), 422, "invalid")
    assert {e["pointer"] for e in body["errors"]} == {"/number", "/@type"}


async def test_what_the_doors_say_to_a_body_is_documented_for_every_write(app: TestApp) -> None:
    operations = app.app.openapi()["paths"]["/api/enrolment/notes"]
    assert {"413", "415"} <= set(operations["post"]["responses"])
    reads = [o["get"] for o in app.app.openapi()["paths"].values() if "get" in o]
    assert reads
    assert not any({"413", "415"} & set(read["responses"]) for read in reads)


async def test_size_type_and_compression_are_limited(app: TestApp) -> None:
    big = b'{"number": 1, "x": "' + b"a" * 70_000 + b'"}'
    problem_of(await post(app, big), 413, "too-large")
    problem_of(
        await post(app, b"number=1", **{"content-type": "application/x-www-form-urlencoded"}),
        415,
        "unsupported-media-type",
    )
    problem_of(
        await post(app, b"{}", **{"content-encoding": "gzip"}), 415, "unsupported-media-type"
    )


async def test_unknown_routes_methods_and_formats_are_problems(app: TestApp) -> None:
    async with app.http("coordinator", org=ORG, sub=ME) as client:
        problem_of(await client.get("/api/enrolment/nothing"), 404, "not-found")
        answer = await client.put("/api/enrolment/notes", json={})
        problem_of(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "POST"
        answer = await client.put("/api/enrolment/dead-letters", json={})
        assert answer.headers["allow"] == "GET"
        answer = await client.get("/api/enrolment/notes/1", headers={"accept": "image/png"})
        problem_of(answer, 406, "not-acceptable")


async def test_refusals_speak_the_language_of_the_client(app: TestApp) -> None:
    german = await post(app, b'{"number": 13}', **{"accept-language": "de-DE,de;q=0.9,en;q=0.8"})
    body = problem_of(german, 409, "unlucky-number")
    assert body["detail"] == "Diese Zahl nicht."
    assert body["errors"][0]["pointer"] == "/number"
    english = await post(app, b'{"number": 13}', **{"accept-language": "en"})
    assert english.json()["detail"] == "Not this number."


async def test_a_bug_is_a_plain_500_and_fails_nobody_else(app: TestApp) -> None:
    answers = await asyncio.gather(
        *(post(app, json.dumps({"number": n}).encode()) for n in (1, 666, 2, 3))
    )
    assert [a.status_code for a in answers] == [201, 500, 201, 201]
    body = problem_of(answers[1], 500, "internal")
    assert "bug" not in json.dumps(body)


async def test_the_correlation_id_is_kept_or_made(app: TestApp) -> None:
    kept = await post(app, b'{"number": 1}', **{"x-correlation-id": "abcdefgh-1"})
    assert kept.headers["x-correlation-id"] == "abcdefgh-1"
    made = await post(app, b'{"number": 1}', **{"x-correlation-id": "<script>"})
    assert len(made.headers["x-correlation-id"]) == 36


async def test_the_same_key_takes_effect_once_whatever_the_timing(app: TestApp) -> None:
    key = uuid4().hex
    answers = await asyncio.gather(
        *(post(app, b'{"number": 77}', **{"idempotency-key": key}) for _ in range(20))
    )
    later = await post(app, b'{"number": 77}', **{"idempotency-key": key})
    assert {a.status_code for a in [*answers, later]} == {201}
    assert len({a.text for a in [*answers, later]}) == 1
    assert later.headers["idempotency-replayed"] == "true"
    async with app.db.reading() as tx:
        assert len(await tx.rows(text("SELECT 1 FROM note WHERE number = 77"))) == 1


async def test_the_same_key_for_something_else_is_refused(app: TestApp) -> None:
    key = {"idempotency-key": uuid4().hex}
    both = await asyncio.gather(
        post(app, b'{"number": 5}', **key), post(app, b'{"number": 6}', **key)
    )
    assert sorted(a.status_code for a in both) == [201, 422]
    problem_of(await post(app, b'{"number": 7}', **key), 422, "idempotency-key-reused")


async def test_a_refusal_is_repeated_for_its_key(app: TestApp) -> None:
    key = {"idempotency-key": uuid4().hex}
    first, second = [await post(app, b'{"number": 13}', **key) for _ in range(2)]
    assert first.status_code == second.status_code == 409
    assert first.json()["errors"] == second.json()["errors"]


async def test_a_key_of_odd_characters_is_refused(app: TestApp) -> None:
    answer = await post(app, b'{"number": 1}', **{"idempotency-key": "a b"})
    problem_of(answer, 400, "idempotency-key-invalid")


@pytest.mark.parametrize(
    ("body", "strict"),
    [
        (b'{"a": "\\\\u0000"}', True),
        (b'{"a": "\\ud83d\\ude00"}', True),
        (b'{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}', True),
        (b'{"a\\u0000": 1}', False),
        (b"\xef\xbb\xbf{}", False),
        (b"-Infinity", False),
    ],
)
def test_strictness_looks_at_meaning_not_at_bytes(body: bytes, strict: bool) -> None:
    assert is_strict_json(body) is strict


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "' + b'\\"' * 30_000,
        b'"' * 65_000,
        b'"\\\\' * 20_000,
        b'"' + b"a" * 8_000_000 + b'"',
    ],
    ids=["never-ending", "quotes", "backslashes", "one-long-string"],
)
def test_no_text_takes_long_to_judge(body: bytes) -> None:
    began = monotonic()
    is_strict_json(body)
    assert monotonic() - began < 2


async def test_a_nul_in_path_or_query_is_the_clients_mistake(app: TestApp) -> None:
    async with app.http("ops") as client:
        for url in ("dead-letters?topic=a%00b", "dead-letters?state=%00", "dead-letters/%00"):
            problem_of(await client.get(f"/api/enrolment/{url}"), 422, "invalid")


async def test_half_a_request_is_not_handed_on() -> None:
    seen: list[Any] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope)

    messages = iter(
        [
            {"type": "http.request", "body": b"", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(_: Any) -> None: ...

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    await BodyCheck(inner, 100, {})(scope, receive, send)
    assert seen == []


async def test_before_the_tables_are_there_the_answer_is_503(
    servers: Servers, issuer: Issuer
) -> None:
    async with new_database(servers) as url:
        service = build(
            database_url=url, kafka=servers.kafka, issuer=issuer.url, jwks_url=issuer.url
        )
        early = create_app(service)
        transport = httpx.ASGITransport(early, raise_app_exceptions=False)
        token = {"Authorization": f"Bearer {issuer.token(roles=['coordinator'])}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://early") as client:
            answer = await client.get("/api/enrolment/notes/1", headers=token)
            problem_of(answer, 503, "starting")
            assert answer.headers["retry-after"]
            assert (await client.get("/health/live")).status_code == 200
        await early.state.db.close()


async def test_details_speak_german_too(app: TestApp) -> None:
    answer = await post(app, b'{"number": "x"}', **{"accept-language": "de"})
    assert answer.json()["errors"][0]["detail"] == "muss eine ganze Zahl sein"
