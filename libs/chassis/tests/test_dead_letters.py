"""What was set aside is shown against its schema, put back at a pace, and every act is kept."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.replay import TOO_FAST, Pace
from chassis.testing import Servers, TestApp, running
from chassis.testing_issuer import Issuer
from contracts.refusal import Refusal
from sqlalchemy import text

from libs.chassis.tests.conftest import TROUBLES, build, times_heard

BASE = "/api/enrolment/dead-letters"
TYPE = b"catalog.run-cancelled.v1"


async def set_aside(app: TestApp, value: bytes, kind: bytes = TYPE) -> tuple[UUID, dict[str, Any]]:
    """Send a record that cannot be handled; its key and its entry in the list."""
    key = uuid4()
    headers = [("ce_id", str(uuid4()).encode()), ("ce_type", kind)]
    await app.send_raw(("catalog.runs", str(key).encode(), value, headers))
    await app.settled()
    async with app.http("ops") as client:
        listed = (await client.get(BASE, params={"key": str(key)})).json()
    (letter,) = listed["items"]
    return key, dict(letter)


async def test_a_payload_is_shown_with_every_place_where_it_misses_its_schema(app: TestApp) -> None:
    value = b'{"run_id": "secret-7", "cancelled_at": "2026-01-01T00:00:00Z"}'
    _, letter = await set_aside(app, value)
    async with app.http("ops") as client:
        german = {"Accept-Language": "de"}
        shown = (await client.get(f"{BASE}/{letter['id']}", headers=german)).json()
    assert (shown["payload"], shown["schema"]) == (value.decode(), TYPE.decode())
    assert {(e["pointer"], e["detail"]) for e in shown["errors"]} == {
        ("/run_id", "muss eine UUID sein"),
        ("/offer_id", "fehlt"),
    }
    assert "secret-7" not in str(shown["errors"])
    assert [other["id"] for other in shown["waiting"]] == [letter["id"]]
    assert shown["headers"]["ce_type"] == TYPE.decode()


async def test_what_is_no_json_or_has_no_known_type_is_shown_too(app: TestApp) -> None:
    _, broken = await set_aside(app, b"{")
    _, strange = await set_aside(app, b"{}", kind=b"")
    async with app.http("ops") as client:
        shown = (await client.get(f"{BASE}/{broken['id']}")).json()
        other = (await client.get(f"{BASE}/{strange['id']}")).json()
    assert [error["code"] for error in shown["errors"]] == ["json-invalid"]
    assert (other["schema"], other["errors"]) == (None, [])


async def test_a_list_is_filtered_and_says_how_many_are_open(app: TestApp) -> None:
    key, letter = await set_aside(app, b"[")
    async with app.http("ops") as client:
        for query, found in (
            ({"reason": "invalid"}, True),
            ({"reason": "handler-failed"}, False),
            ({"topic": "enrolment.seats"}, False),
            ({"state": "discarded"}, False),
        ):
            answer = (await client.get(BASE, params={"key": str(key), **query})).json()
            assert ([one["id"] for one in answer["items"]] == [letter["id"]]) is found, query
        assert answer["open"]["catalog.runs"] >= 1
        await client.post(f"{BASE}/{letter['id']}/discard", json={"reason": "of a test"})
        gone = (await client.get(BASE, params={"key": str(key), "state": "discarded"})).json()
    assert [one["id"] for one in gone["items"]] == [letter["id"]]


async def test_every_act_is_kept_with_who_when_and_why_also_where_it_came_to_nothing(
    app: TestApp,
) -> None:
    _, letter = await set_aside(app, b"{}")
    who = uuid4()
    async with app.http("ops", sub=str(who)) as client:
        url = f"{BASE}/{letter['id']}"
        why = {"reason": "sender repaired"}
        tried = (await client.post(f"{url}/replay?dry_run=true", json=why)).json()
        failed = (await client.post(f"{url}/replay", json=why)).json()
        assert tried["error"] == failed["error"] == "ValueError"
        await client.post(f"{url}/discard", json={"reason": "never good"})
        acts = (await client.get(url)).json()["acts"]
    assert [(act["act"], act["error"], act["reason"]) for act in acts] == [
        ("dry-run", "ValueError", "sender repaired"),
        ("replay", "ValueError", "sender repaired"),
        ("discard", None, "never good"),
    ]
    assert {act["actor"] for act in acts} == {str(who)}
    assert all(act["at"] for act in acts)


async def test_a_replay_is_kept_with_each_message_of_the_key_and_has_the_same_event_id(
    app: TestApp,
) -> None:
    run_id, id_ = uuid4(), uuid4()
    TROUBLES.unbearable.add(run_id)
    body = '{"run_id":"%s","offer_id":"%s","cancelled_at":"2026-01-01T00:00:00Z"}'
    value = (body % (run_id, uuid4())).encode()
    for event_id in (id_, uuid4()):
        headers = [("ce_id", str(event_id).encode()), ("ce_type", TYPE)]
        await app.send_raw(("catalog.runs", str(run_id).encode(), value, headers))
        await app.settled()
    TROUBLES.unbearable.discard(run_id)
    async with app.http("ops") as client:
        listed = (await client.get(BASE, params={"key": str(run_id)})).json()["items"]
        first, second = (f"{BASE}/{one['id']}" for one in listed)
        tried = (await client.post(f"{first}/replay?dry_run=true")).json()
        assert (tried["handled"], await times_heard(app, run_id)) == (2, 0)
        assert (await client.post(f"{first}/replay")).json()["handled"] == 2
        acts = [(await client.get(url)).json()["acts"] for url in (first, second)]
    assert [[act["act"] for act in of] for of in acts] == [["dry-run", "replay"], ["replay"]]
    async with app.db.reading() as tx:
        sql = text("SELECT event_id FROM heard WHERE run_id = :id")
        heard = [row["event_id"] for row in await tx.rows(sql, {"id": run_id})]
    assert heard[0] == id_
    assert len(heard) == 2


def test_a_process_takes_on_so_many_replays_in_a_minute_and_no_more() -> None:
    pace = Pace(2)
    pace.take()
    pace.take()
    with pytest.raises(Refusal) as refused:
        pace.take()
    assert refused.value.rule is TOO_FAST
    assert 0 < refused.value.data["retry_after"] <= 61


async def test_too_many_replays_are_refused_and_strangers_use_none_of_them_up(
    servers: Servers, issuer: Issuer
) -> None:
    async with running(build, servers, issuer, replays_per_minute=1) as app:
        url = f"{BASE}/{uuid4()}/replay"
        async with app.http("employee") as anna, app.http("ops") as otto:
            assert (await anna.post(url)).status_code == 403
            assert (await otto.post(url)).status_code == 404
            slow = await otto.post(url)
    assert (slow.status_code, slow.json()["code"]) == (429, "too-many-replays")
