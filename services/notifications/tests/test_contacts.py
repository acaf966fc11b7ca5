"""Names and addresses: who may read and write them, and where they never show."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.testing import TestApp
from httpx import AsyncClient
from notifications.http import departments
from sqlalchemy import text

from .conftest import enter

BASE = "/api/notifications/contacts"
BODY = {"given_name": "Änne", "family_name": "Müller", "mail": "aenne@kreis.example"}


def coordinator(app: TestApp, org: UUID) -> AsyncClient:
    """A coordinator of an organisation."""
    return app.http("coordinator", sub=uuid4(), org=org)


async def test_a_person_writes_and_reads_the_own_contact(app: TestApp) -> None:
    who, org = uuid4(), uuid4()
    async with app.http("employee", sub=who, org=org) as client:
        assert (await client.get(f"{BASE}/me")).status_code == 404
        first = await client.put(f"{BASE}/{who}", json=BODY)
        assert (first.status_code, first.headers["ETag"]) == (201, '"1"')
        shown = (await client.get(f"{BASE}/me")).json()
        again = await client.put(f"{BASE}/{who}", json=BODY | {"department": "Amt 10"})
        assert (again.status_code, again.json()["version"]) == (200, 2)
    assert (shown["name"], shown["mail"], shown["language"]) == (
        "Änne Müller",
        "aenne@kreis.example",
        "de",
    )


async def test_a_stale_version_changes_nothing(app: TestApp) -> None:
    who, org = uuid4(), uuid4()
    async with app.http("employee", sub=who, org=org) as client:
        await client.put(f"{BASE}/{who}", json=BODY)
        stale = await client.put(f"{BASE}/{who}", json=BODY, headers={"If-Match": '"0"'})
        assert stale.status_code == 412
        good = await client.put(f"{BASE}/{who}", json=BODY, headers={"If-Match": '"1"'})
        assert good.status_code == 200


async def test_a_coordinator_writes_people_of_the_own_organisation_only(app: TestApp) -> None:
    org, other, who = uuid4(), uuid4(), uuid4()
    async with coordinator(app, org) as ours, coordinator(app, other) as theirs:
        assert (await ours.put(f"{BASE}/{who}", json=BODY)).status_code == 201
        missing = await theirs.get(f"{BASE}/{uuid4()}")
        for answer in (
            await theirs.put(f"{BASE}/{who}", json=BODY),
            await theirs.get(f"{BASE}/{who}"),
        ):
            assert answer.status_code == 404
            same = {k: v for k, v in answer.json().items() if k != "instance"}
            assert same == {k: v for k, v in missing.json().items() if k != "instance"}
            assert "ETag" not in answer.headers
        assert (await theirs.post(f"{BASE}/lookup", json={"refs": [str(who)]})).json() == []
        assert (await theirs.get(BASE)).json()["items"] == []


async def test_an_employee_sees_nobody_else(app: TestApp) -> None:
    org = uuid4()
    colleague = await enter(app, org)
    async with app.http("employee", sub=uuid4(), org=org) as client:
        assert (await client.get(f"{BASE}/{colleague.ref}")).status_code == 404
        assert (await client.put(f"{BASE}/{colleague.ref}", json=BODY)).status_code == 404
        assert (await client.get(BASE)).status_code == 403
        refs = {"refs": [str(colleague.ref)]}
        assert (await client.post(f"{BASE}/lookup", json=refs)).json() == []


async def test_somebody_booked_by_another_organisation_cannot_be_claimed(app: TestApp) -> None:
    who, org = uuid4(), uuid4()
    insert = text(
        "INSERT INTO booking (enrolment_id, person_ref, organisation_id) VALUES (:a, :b, :c)"
    )
    async with app.db.transaction() as tx:
        await tx.execute(insert, {"a": uuid4(), "b": who, "c": org})
    async with coordinator(app, uuid4()) as client:
        assert (await client.put(f"{BASE}/{who}", json=BODY)).status_code == 404
    async with coordinator(app, org) as client:
        assert (await client.put(f"{BASE}/{who}", json=BODY)).status_code == 201


async def test_departments_are_listed_with_their_people_for_those_who_read_names(
    app: TestApp,
) -> None:
    org, other = uuid4(), uuid4()
    refs: dict[str | None, list[str]] = {"Bauamt": [], "amt 10": [], None: []}
    async with coordinator(app, org) as ours, coordinator(app, other) as theirs:
        for n, department in enumerate(("Bauamt", "amt 10", None, "Bauamt")):
            body = BODY | {"mail": f"p{n}@kreis.example", "department": department}
            added = await ours.post(BASE, json=body)
            refs[department].append(added.json()["person_ref"])
        await theirs.post(BASE, json=BODY | {"department": "Bauamt"})
        assert (await ours.get(f"{BASE}/departments")).json()["items"] == [
            {"department": "amt 10", "people": 1},
            {"department": "Bauamt", "people": 2},
        ]
        assert (await theirs.get(f"{BASE}/departments")).json()["items"] == [
            {"department": "Bauamt", "people": 1}
        ]
    path = f"{BASE}/departments/members"
    for role in ("coordinator", "approver", "finance"):
        async with app.http(role, sub=uuid4(), org=org) as reader:
            found = (await reader.get(path, params={"department": "Bauamt"})).json()
            assert found == {"person_refs": sorted(refs["Bauamt"]), "more": False}
            nobody = (await reader.get(path, params={"department": "bauamt"})).json()
            assert nobody == {"person_refs": [], "more": False}
            assert (await reader.get(path)).status_code == 422
    for role in ("employee", "office"):
        async with app.http(role, sub=uuid4(), org=org) as stranger:
            assert (await stranger.get(f"{BASE}/departments")).status_code == 403
            assert (await stranger.get(path, params={"department": "x"})).status_code == 403


async def test_a_department_that_is_too_large_says_so(
    app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departments, "MOST", 2)
    org = uuid4()
    async with coordinator(app, org) as client:
        for n in range(3):
            await client.post(BASE, json=BODY | {"mail": f"m{n}@k.example", "department": "Amt"})
        path = f"{BASE}/departments/members"
        found = (await client.get(path, params={"department": "Amt"})).json()
    assert (len(found["person_refs"]), found["more"]) == (2, True)


async def test_new_people_are_added_found_and_resolved(app: TestApp) -> None:
    org = uuid4()
    async with coordinator(app, org) as client:
        refs = []
        for n, name in enumerate(["Zoll", "Abel", "Maler"]):
            body = {"family_name": name, "mail": f"p{n}@kreis.example", "department": "Bauhof"}
            answer = await client.post(BASE, json=body)
            assert answer.status_code == 201
            refs.append(answer.json()["person_ref"])
        page = (await client.get(BASE, params={"limit": 2})).json()
        rest = (await client.get(BASE, params={"limit": 2, "cursor": page["next_cursor"]})).json()
        names = [item["family_name"] for item in page["items"] + rest["items"]]
        assert (names, rest["next_cursor"]) == (["Abel", "Maler", "Zoll"], None)
        found = (await client.get(BASE, params={"q": "bel"})).json()["items"]
        assert [item["family_name"] for item in found] == ["Abel"]
        assert (await client.get(BASE, params={"q": "%"})).json()["items"] == []
        mails = {"mails": ["P1@kreis.example", "nobody@kreis.example", "broken"]}
        resolved = (await client.post(f"{BASE}/resolve", json=mails)).json()
        assert [[p["person_ref"] for p in row["people"]] for row in resolved] == [[refs[1]], [], []]
        looked = (await client.post(f"{BASE}/lookup", json={"refs": [*refs, str(uuid4())]})).json()
        assert {row["name"] for row in looked} == {"Zoll", "Abel", "Maler"}
        assert "mail" not in looked[0]


async def test_a_shared_mailbox_resolves_to_all_who_share_it(app: TestApp) -> None:
    org = uuid4()
    async with coordinator(app, org) as client:
        for name in ("Abel", "Zoll"):
            await client.post(BASE, json={"family_name": name, "mail": "bauhof@kreis.example"})
        mails = {"mails": ["bauhof@kreis.example"]}
        (row,) = (await client.post(f"{BASE}/resolve", json=mails)).json()
    assert [person["family_name"] for person in row["people"]] == ["Abel", "Zoll"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"mail": "nobody"}, "/mail"),
        ({"mail": "a@kreis.example\r\nBcc: evil@x.example"}, "/mail"),
        ({"family_name": "=?UTF-8?Q?x?="}, "/family_name"),
        ({"given_name": "A\u2028B"}, "/given_name"),
        ({"department": "Amt\n10"}, "/department"),
        ({"language": "fr"}, "/language"),
        ({"family_name": None}, "/family_name"),
        ({"phone": "1"}, "/phone"),
    ],
)
async def test_what_cannot_be_used_is_named_and_never_repeated(
    app: TestApp, change: dict[str, Any], pointer: str
) -> None:
    who = uuid4()
    async with app.http("employee", sub=who, org=uuid4()) as client:
        answer = await client.put(f"{BASE}/{who}", json=BODY | change)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    for value in change.values():
        assert value is None or value == "1" or str(value) not in answer.text


async def test_names_and_addresses_stand_in_one_table_only(
    app: TestApp, capfd: pytest.CaptureFixture[str]
) -> None:
    who, org, key = uuid4(), uuid4(), str(uuid4())
    body = {"family_name": "Wörtherr-Unikat", "mail": "wörtherr.unikat@kreis.example"}
    async with app.http("coordinator", sub=uuid4(), org=org) as client:
        headers = {"Idempotency-Key": key}
        refused = await client.put(f"{BASE}/{who}", json=body, headers=headers)
        assert refused.status_code == 422
        body["mail"] = "woertherr.unikat@kreis.example"
        headers = {"Idempotency-Key": str(uuid4())}
        first = await client.put(f"{BASE}/{who}", json=body, headers=headers)
        again = await client.put(f"{BASE}/{who}", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    tables = text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    async with app.db.reading() as tx:
        for row in await tx.rows(tables):
            everything = f'SELECT t::text AS t FROM "{row["table_name"]}" t'  # noqa: S608
            content = await tx.rows(text(everything))
            hits = [c for c in content if "unikat" in c["t"].lower()]
            assert bool(hits) is (row["table_name"] == "person"), row["table_name"]
    told = capfd.readouterr()
    assert "unikat" not in (told.out + told.err).lower()
    assert "unikat" not in json.dumps([str(r.value) for r in app.records]).lower()
