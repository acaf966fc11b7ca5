"""Whatever clients send is answered, and never with 500."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_from_bytes
from uuid import UUID, uuid4

import pytest
from chassis.testing import TestApp
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.enrolment.tests.builders import BERGSTRASSE
from services.enrolment.tests.conftest import BASE, Office

NOBODY = str(UUID(int=0))
ODD = ["\x00", "a\x00b", "\ud800", "\uffff", "\\", "%", "1e999", "9" * 400, "٣", "true", "💥", ""]
raw = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda words: words.encode("utf-8", "surrogatepass")),
    st.sampled_from(ODD).map(lambda words: words.encode("utf-8", "surrogatepass")),
)
"""Bytes of a parameter: also NUL, lone surrogates and what is no UTF-8."""

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(st.characters(codec=None), max_size=20),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    st.uuids().map(str),
)
places = st.one_of(values, st.lists(values, max_size=3), st.tuples(values, values))
patient = settings(
    max_examples=80,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
QUERY = ["run_id", "person_ref", "state", "q", "from", "to", "sort", "cursor", "limit"]


async def status(app: TestApp, path: str, body: Any = None) -> int:
    async with app.http("coordinator", sub=str(uuid4()), org=str(BERGSTRASSE)) as client:
        method = "GET" if body is None else "POST"
        return int((await client.request(method, path, json=body)).status_code)


@patient
@given(name=st.sampled_from(QUERY), value=raw)
@example("q", b"a\x00b")
@example("q", b"\xed\xa0\x80")
@example("from", b"9999-12-31")
@example("limit", b"9" * 5000)
async def test_any_parameter_of_the_list_is_answered(app: TestApp, name: str, value: bytes) -> None:
    assert await status(app, f"{BASE}?{name}={quote_from_bytes(value)}") in {200, 422}


@patient
@given(words=st.text(st.characters(codec="utf-8"), max_size=110))
async def test_any_words_can_be_looked_for(app: TestApp, words: str) -> None:
    expected = 422 if len(words) > 100 or any(c < " " for c in words) else 200
    assert await status(app, f"{BASE}?q={quote_from_bytes(words.encode())}") == expected


@patient
@given(place=places, order=st.sampled_from(["newest", "deadline"]))
@example([2, "2027-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", NOBODY], "deadline")
@example([0, "1990-01-01T00:00:00+23:59:59.999999", "2027-01-01T00:00:00Z", NOBODY], "newest")
@example([True, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", NOBODY], "deadline")
@example([1, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", NOBODY], "newest")
async def test_any_cursor_is_answered(app: TestApp, place: Any, order: str) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    assert await status(app, f"{BASE}?sort={order}&cursor={cursor}") in {200, 422}


@patient
@given(value=raw.filter(lambda value: value not in (b"", b".", b"..")))
@example(b"/")
@example(b"bulk")
@example(b"\xed\xa0\x80")
async def test_any_id_in_a_path_is_answered(app: TestApp, value: bytes) -> None:
    part = quote_from_bytes(value, safe="")
    for path in (f"{BASE}/{part}", f"{BASE}/{part}/calendar", f"/api/enrolment/runs/{part}/seats"):
        assert await status(app, path) in {404, 422}
    assert await status(app, f"/api/enrolment/seats?run_ids={part}") in {200, 422}
    assert await status(app, f"{BASE}/{part}/cancellation?dry_run={part}", {}) in {404, 422}


async def test_the_first_day_is_not_later_than_the_last(office: Office) -> None:
    async with office.carla as client:
        wrong = await client.get(BASE, params={"from": "2027-04-06", "to": "2027-04-05"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "days-reversed")
        assert wrong.json()["errors"][0]["pointer"] == "/query/from"
        same = await client.get(BASE, params={"from": "2027-04-05", "to": "2027-04-05"})
        assert same.status_code == 200


async def test_the_nil_reference_is_nobody(office: Office) -> None:
    run = await office.schedule(capacity=5)
    async with office.carla as client:

        async def pointer(path: str, body: dict[str, Any]) -> str:
            answer = await client.post(path, json={"run_id": str(run.id), **body})
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "nobody")
            return str(answer.json()["errors"][0]["pointer"])

        assert await pointer(BASE, {"person_ref": NOBODY}) == "/person_ref"
        listed = {"people": [str(uuid4()), NOBODY]}
        assert await pointer(f"{BASE}/bulk", listed) == "/people/1/person_ref"
        wrong = await client.get(BASE, params={"person_ref": NOBODY})
        assert wrong.json()["errors"][0]["pointer"] == "/query/person_ref/0"


RULES = "/api/enrolment/settings"
OF_ONE = ("approval", "accounting")
NOT_WHAT_THEY_SHOULD_BE: list[tuple[str, str, dict[str, Any]]] = [
    ("/all_or_nothing", "bulk", {"all_or_nothing": "yes"}),
    ("/all_or_nothing", "bulk", {"all_or_nothing": "true"}),
    ("/all_or_nothing", "bulk", {"all_or_nothing": 1}),
    ("/all_or_nothing", "bulk", {"all_or_nothing": 0}),
    ("/all_or_nothing", "bulk", {"all_or_nothing": None}),
    ("/approval_required", RULES, {"approval_required": "no"}),
    ("/approval_required", RULES, {"approval_required": 1}),
    ("/land", RULES, {"approval_required": True, "land": 12}),
    ("/decision", "approval", {"decision": 1}),
    ("/decision", "approval", {"decision": ["approve"]}),
    ("/reason", "approval", {"decision": "reject", "reason": 7}),
    ("/reason", "approval", {"decision": "reject", "reason": True}),
    ("/cost_centre", "", {"cost_centre": 4711}),
    ("/cost_centre", "accounting", {"cost_centre": 4711}),
    ("/order_reference", "accounting", {"order_reference": ["B-7"]}),
]


@pytest.mark.parametrize(("pointer", "where", "body"), NOT_WHAT_THEY_SHOULD_BE)
async def test_nothing_is_taken_for_what_it_is_not(
    office: Office, pointer: str, where: str, body: dict[str, Any]
) -> None:
    one = f"{BASE}/{uuid4()}"
    paths = {"": BASE, "bulk": f"{BASE}/bulk"} | {name: f"{one}/{name}" for name in OF_ONE}
    whole: dict[str, dict[str, Any]] = {
        "": {"run_id": str(uuid4())},
        "bulk": {"run_id": str(uuid4()), "people": [str(uuid4())]},
    }
    async with office.carla as client:
        method = "PUT" if where == RULES else "POST"
        sent = whole.get(where, {}) | body
        answer = await client.request(method, paths.get(where, where), json=sent)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("words", ["a\x00b", "\ud800"])
async def test_words_that_no_database_keeps_are_not_read(office: Office, words: str) -> None:
    body = json.dumps({"decision": "reject", "reason": words})  # as escapes
    headers = {"Content-Type": "application/json"}
    async with office.carla as client:
        answer = await client.post(f"{BASE}/{uuid4()}/approval", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_reason_may_have_several_lines(office: Office) -> None:
    booked = await office.book(await office.schedule(capacity=5))
    body = {"decision": "reject", "reason": "Zu teuer.\n\tNächstes Jahr."}
    async with office.carla as client:
        answer = await client.post(f"{BASE}/{booked['enrolment_id']}/approval", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "already-decided")


@pytest.mark.parametrize("day", ["0", "-9.2e-218", "1699920000", "1699920000.0"])
async def test_a_day_of_the_list_is_no_number_of_seconds(office: Office, day: str) -> None:
    async with office.carla as client:
        answer = await client.get(BASE, params={"from": day})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/from"
