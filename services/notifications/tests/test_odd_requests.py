"""Whatever stands in a query, path, header or body: an answer, never a failure of ours."""

import base64
import contextlib
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from chassis.testing import TestApp
from contracts.refusal import Refusal
from hypothesis import given, settings
from hypothesis import strategies as st
from notifications.http.contacts import place_of
from notifications.http.inbox import number_of
from notifications.http.paging import LONGEST, next_cursor, read_cursor

BASE = "/api/notifications"
CONTACTS, NOTICES = f"{BASE}/contacts", f"{BASE}/notices"
REF = str(UUID(int=7))
HUGE = "9" * 30


def cursor(content: Any) -> str:
    """A cursor of ours around anything."""
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


FORGED = [
    *(cursor(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", REF, "d"])),
    *(cursor(parts) for parts in ({"a": 1}, "abc", None, 7, [1, 2, 3], ["a", None, REF])),
    *(cursor(parts) for parts in (["a\0", "b", REF], ["a", "\0", REF], ["a", "b", REF + "\0"])),
    *(cursor(parts) for parts in ([HUGE], ["-1"], ["1.5"], ["٣"], ["1\n"], [["1"]])),
    base64.urlsafe_b64encode(b'["\\ud800","b","' + REF.encode() + b'"]').decode(),
    base64.urlsafe_b64encode(b"[" * 500).decode(),
    *("", "x", "ü", "\0", "\ufffd", "=", "a" * LONGEST),
]


@pytest.mark.parametrize("path", [CONTACTS, NOTICES])
@pytest.mark.parametrize("forged", FORGED)
async def test_a_forged_cursor_is_refused_by_every_list(
    app: TestApp, path: str, forged: str
) -> None:
    async with app.http("coordinator", sub=uuid4(), org=uuid4()) as client:
        answer = await client.get(path, params={"cursor": forged})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor-unknown")
    async with app.http("coordinator", sub=uuid4(), org=None) as nobody:
        answer = await nobody.get(path, params={"cursor": forged})
    assert answer.status_code == 422


TEXT = st.text(st.characters(codec="utf-8"))
NUMBER = st.integers(-(2**63), 2**63)
PARTS = st.lists(TEXT | NUMBER | NUMBER.map(str) | st.none() | st.just(REF), max_size=4)
NEAR = st.tuples(TEXT, TEXT, st.just(REF))


@given(st.text() | PARTS.map(cursor) | NEAR.map(cursor))
@settings(max_examples=300)
def test_any_cursor_is_a_place_or_is_refused(given_cursor: str) -> None:
    for place in (place_of, number_of):
        with contextlib.suppress(Refusal):
            assert "\0" not in str(place(read_cursor(given_cursor)))


@given(*[st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=100)] * 2)
def test_a_cursor_of_ours_is_read_back_and_never_too_long(family: str, given_name: str) -> None:
    made = next_cursor(family, given_name, REF)
    assert len(made) <= LONGEST
    place = place_of(read_cursor(made))
    assert (place.family_name, place.given_name, str(place.person_ref)) == (family, given_name, REF)


async def test_the_longest_names_can_be_paged(app: TestApp) -> None:
    name, org = "\N{CJK UNIFIED IDEOGRAPH-20000}" * 100, uuid4()
    async with app.http("coordinator", sub=uuid4(), org=org) as client:
        for mail in ("a@kreis.example", "b@kreis.example"):
            body = {"given_name": name, "family_name": name, "mail": mail}
            assert (await client.post(CONTACTS, json=body)).status_code == 201
        first = (await client.get(CONTACTS, params={"limit": 1})).json()
        rest = await client.get(CONTACTS, params={"limit": 1, "cursor": first["next_cursor"]})
    assert (rest.status_code, len(rest.json()["items"])) == (200, 1)


@pytest.mark.parametrize(
    "query",
    [
        f"{CONTACTS}?q=%00",
        f"{CONTACTS}?q=%00abc",
        f"{CONTACTS}?q=abc%00",
        f"{CONTACTS}?q={'a' * 101}",
        f"{CONTACTS}?limit={HUGE}",
        f"{CONTACTS}?limit=-{HUGE}",
        f"{CONTACTS}?limit={'9' * 5000}",
        f"{CONTACTS}?limit=%00",
        f"{CONTACTS}?cursor={'a' * (LONGEST + 1)}",
        f"{CONTACTS}/%00",
        f"{CONTACTS}/{REF}%00",
        f"{CONTACTS}/{HUGE}",
        f"{NOTICES}?limit={HUGE}",
        f"{NOTICES}?unread=%00",
        f"{BASE}/calendar/{'a' * 42}%00.ics",
        f"{BASE}/calendar/{'a' * 43}%0A.ics",
    ],
)
async def test_odd_queries_and_paths_are_invalid(app: TestApp, query: str) -> None:
    async with app.http("coordinator", sub=uuid4(), org=uuid4()) as client:
        answer = await client.get(query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("q", ["%ED%A0%80", "%FF", "%25%5C_", "%F0%9F%8F%9B", "'", "%0A"])
async def test_odd_words_find_nobody(app: TestApp, q: str) -> None:
    async with app.http("coordinator", sub=uuid4(), org=uuid4()) as client:
        answer = await client.get(f"{CONTACTS}?q={q}")
    assert (answer.status_code, answer.json()["items"]) == (200, [])


ODD = ['"\\u0000"', '"a\\u0000"', '"\\ud800"', '"a\\udfff"', f'"{"a" * 5000}"', HUGE, "1e400", "[]"]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("member", ["given_name", "family_name", "mail", "department", "language"])
async def test_odd_texts_in_a_contact_are_refused(app: TestApp, member: str, odd: str) -> None:
    plain = {"family_name": "Müller", "mail": "a@kreis.example"}
    rest = ",".join(f'"{name}":"{text}"' for name, text in plain.items() if name != member)
    body = "{" + ",".join(part for part in (rest, f'"{member}":{odd}') if part) + "}"
    async with app.http("coordinator", sub=uuid4(), org=uuid4()) as client:
        for answer in (
            await client.post(CONTACTS, content=body.encode(), headers=JSON),
            await client.put(f"{CONTACTS}/{uuid4()}", content=body.encode(), headers=JSON),
        ):
            assert answer.status_code in (400, 422), answer.text


JSON = {"Content-Type": "application/json"}
TIMES = [*ODD, '"25:00"', '"20:00+02:00"', '"20:00Z"', "-1", "86400", "1e30", "NaN"]


@pytest.mark.parametrize("odd", TIMES)
async def test_odd_quiet_hours_are_refused(app: TestApp, odd: str) -> None:
    body = '{"quiet_from":' + odd + ',"quiet_to":"07:00"}'
    async with app.http("employee", sub=uuid4(), org=uuid4()) as client:
        answer = await client.put(f"{BASE}/preferences", content=body.encode(), headers=JSON)
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("odd", ODD)
async def test_odd_lists_are_refused_or_find_nobody(app: TestApp, odd: str) -> None:
    async with app.http("coordinator", sub=uuid4(), org=uuid4()) as client:
        refs = await client.post(
            f"{CONTACTS}/lookup", content=f'{{"refs":[{odd}]}}'.encode(), headers=JSON
        )
        assert refs.status_code in (400, 422)
        mails = await client.post(
            f"{CONTACTS}/resolve", content=f'{{"mails":[{odd}]}}'.encode(), headers=JSON
        )
        if mails.status_code == 200:
            assert [row["people"] for row in mails.json()] == [[]]
        else:
            assert mails.status_code in (400, 422)


@pytest.mark.parametrize("tag", [f'"{HUGE}"', '"-1"', '"\x7f"', "x", f'"{2**31}"', f'"{10**17}"'])
async def test_odd_versions_are_stale(app: TestApp, tag: str) -> None:
    body = {"family_name": "Müller", "mail": "a@kreis.example"}
    async with app.http("employee", sub=(who := uuid4()), org=uuid4()) as client:
        for answer in (
            await client.put(f"{CONTACTS}/{who}", json=body, headers={"If-Match": tag}),
            await client.put(f"{BASE}/preferences", json={}, headers={"If-Match": tag}),
        ):
            assert answer.status_code == 412


@pytest.mark.parametrize("id_", ["0" * 36, HUGE, "%00", f"{REF}%00"])
async def test_odd_notices_are_not_read(app: TestApp, id_: str) -> None:
    async with app.http("employee", sub=uuid4(), org=uuid4()) as client:
        answer = await client.post(f"{NOTICES}/{id_}/read")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
