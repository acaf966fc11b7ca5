"""Whose names people may read who do not book, decide or settle: of those who decide."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.testing import TestApp

from .builders import rejected
from .conftest import Member, a_known_run, about, enter
from .test_inbox import tell

CONTACTS = "/api/notifications/contacts"


async def looked_up(
    app: TestApp, who: UUID, org: UUID | None, *refs: UUID, role: str = "employee", **more: bool
) -> list[dict[str, Any]]:
    """What is answered to somebody with this role."""
    async with app.http(role, sub=who, org=org) as client:
        body = {"refs": [str(ref) for ref in refs], **more}
        answer = await client.post(f"{CONTACTS}/lookup", json=body)
    assert answer.status_code == 200
    rows: list[dict[str, Any]] = answer.json()
    return rows


async def who_decides(app: TestApp, org: UUID, given: str = "Paul") -> Member:
    """An approver of the organisation who has been here."""
    who = await enter(app, org, given)
    await comes(app, who, "approver")
    return who


async def comes(app: TestApp, who: Member, role: str) -> None:
    """The person opens the portal with this role."""
    async with app.http(role, sub=who.ref, org=who.org) as client:
        assert (await client.get(f"{CONTACTS}/me")).status_code == 200


def only_named(who: Member, name: str, decides: bool) -> dict[str, Any]:
    """As much as is told of somebody who decides."""
    nothing = dict.fromkeys(("given_name", "family_name", "department"))
    return {**nothing, "person_ref": str(who.ref), "name": name, "decides": decides}


async def test_an_employee_reads_the_name_of_who_decides_and_nothing_else(app: TestApp) -> None:
    anna, org = uuid4(), uuid4()
    paul = await who_decides(app, org)
    async with app.http("coordinator", sub=uuid4(), org=org) as carla:
        body = {"given_name": "Paul", "family_name": "Müller", "mail": paul.mail}
        await carla.put(f"{CONTACTS}/{paul.ref}", json=body | {"department": "Amt 10"})
    shown = [only_named(paul, "Paul Müller", decides=True)]
    assert await looked_up(app, anna, org, paul.ref) == shown
    assert await looked_up(app, anna, org, deciders=True) == shown
    assert await looked_up(app, anna, org, paul.ref, uuid4(), deciders=True) == shown
    assert await looked_up(app, anna, org) == []


async def test_all_who_decide_are_told_and_nobody_of_another_organisation(app: TestApp) -> None:
    org, other = uuid4(), uuid4()
    ours = [await who_decides(app, org, "Paul"), await who_decides(app, org, "Petra")]
    theirs, _plain = await who_decides(app, other), await enter(app, org)
    for anna, their_org, people in ((uuid4(), org, ours), (uuid4(), other, [theirs])):
        found = await looked_up(app, anna, their_org, deciders=True)
        assert {row["person_ref"] for row in found} == {str(who.ref) for who in people}
    await comes(app, ours[1], "employee")  # she does not decide any more
    (left,) = await looked_up(app, uuid4(), org, ours[1].ref, deciders=True)
    assert left["person_ref"] == str(ours[0].ref)


@pytest.mark.parametrize("role", ["employee", "office", "auditor", "provider"])
async def test_anybody_else_is_answered_as_nobody(app: TestApp, role: str) -> None:
    asker, org = await enter(app, uuid4()), uuid4()
    colleague = await enter(app, asker.org, "Vera")
    foreign = await who_decides(app, org)
    answers = []
    for ref in (colleague.ref, foreign.ref, asker.ref, uuid4()):
        async with app.http(role, sub=asker.ref, org=asker.org) as client:
            answer = await client.post(f"{CONTACTS}/lookup", json={"refs": [str(ref)]})
            answers.append((answer.status_code, answer.content))
    assert answers == [(200, b"[]")] * 4
    assert await looked_up(app, asker.ref, None, foreign.ref, role=role, deciders=True) == []


async def test_who_rejected_a_request_is_told_to_whose_it_was_and_to_nobody_else(
    app: TestApp,
) -> None:
    org, other = uuid4(), uuid4()
    anna, vera = await enter(app, org), await enter(app, org, "Vera")
    carla = await enter(app, org, "Carla")
    assert await looked_up(app, anna.ref, org, carla.ref) == []
    fields = about(anna, None, await a_known_run(app), decided_by_ref=carla.ref)
    await tell(app, rejected(**fields))
    shown = only_named(carla, "Carla Müller", decides=False)
    assert await looked_up(app, anna.ref, org, carla.ref, vera.ref) == [shown]
    assert await looked_up(app, anna.ref, org, deciders=True) == []
    assert await looked_up(app, vera.ref, org, carla.ref) == []
    assert await looked_up(app, anna.ref, other, carla.ref) == []


async def test_what_another_organisation_decided_opens_no_name(app: TestApp) -> None:
    anna, nora = await enter(app, uuid4()), await enter(app, uuid4(), "Nora")
    carla = await enter(app, anna.org, "Carla")
    run_id = await a_known_run(app)
    for who in (nora, carla):  # whoever of them it says: it is not a request of her organisation
        more = {"organisation_id": nora.org, "decided_by_ref": who.ref}
        await tell(app, rejected(**about(anna, None, run_id, **more)))
    assert await looked_up(app, anna.ref, anna.org, nora.ref, carla.ref) == []
    same = about(anna, None, run_id, decided_by_ref=nora.ref)
    await tell(app, rejected(**same))
    assert await looked_up(app, anna.ref, anna.org, nora.ref) == []


@pytest.mark.parametrize("role", ["coordinator", "approver", "finance"])
async def test_who_reads_all_names_is_told_who_decides(app: TestApp, role: str) -> None:
    org = uuid4()
    paul, vera = await who_decides(app, org), await enter(app, org, "Vera")
    asked = await looked_up(app, uuid4(), org, vera.ref, uuid4(), role=role, deciders=True)
    shown = {row["given_name"]: (row["family_name"], row["decides"]) for row in asked}
    assert shown == {"Paul": ("Müller", True), "Vera": ("Müller", False)}
    (alone,) = await looked_up(app, uuid4(), org, paul.ref, role=role)
    assert (alone["name"], alone["decides"]) == ("Paul Müller", True)
