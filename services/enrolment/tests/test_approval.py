"""Employees ask, the organisation decides, or does not have to."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.testing import until
from contracts.enrolment import (
    ApprovalReminded,
    ApprovalRequested,
    EnrolmentRejected,
    EnrolmentRequested,
)
from enrolment.commands import RemindApprovers
from enrolment.domain.run import Run

from services.enrolment.tests.builders import (
    AUSSERHALB,
    CAUSE,
    NOON,
    a_desk,
    a_quote,
    a_run,
    an_employee,
    for_oneself,
    got,
    now_of,
    refused,
    told,
)
from services.enrolment.tests.conftest import BASE, CARLA_REF, PAUL_REF, Office


async def asked_for(office: Office, run: Run, org: UUID | None = None) -> dict[str, Any]:
    """An employee's request, as far as the price brings it."""
    more = {"org": org} if org else {}
    async with office.client("employee", **more) as anna:
        answer = await anna.post(BASE, json={"run_id": str(run.id)})
        assert answer.status_code == 202, answer.text
        id_ = answer.json()["enrolment_id"]
        told = await office.app.heard(EnrolmentRequested, lambda e: str(e.enrolment_id) == id_)
        await office.price(told[0])
    return dict(answer.json())


async def test_a_request_waits_for_the_decision_with_a_visible_end(office: Office) -> None:
    run = await office.schedule(capacity=3)
    asked = await asked_for(office, run)
    waits = await office.in_state(asked["enrolment_id"], "awaiting_approval")
    assert waits["held_until"] == asked["held_until"]
    assert waits["price"]["cents"] == 35_300
    assert "approval" not in asked
    assert "by_ref" not in waits["approval"]
    assert waits["approval"]["until"] == waits["held_until"]
    told = await office.app.heard(
        ApprovalRequested, lambda e: str(e.enrolment_id) == asked["enrolment_id"]
    )
    assert told[0].price_cents == 35_300
    assert datetime.fromisoformat(waits["approval"]["since"]) == told[0].requested_at
    async with office.paul as paul:
        path = f"{BASE}/{asked['enrolment_id']}/approval"
        sure = await paul.post(path, json={"decision": "approve", "reason": "Passt."})
        assert (sure.status_code, sure.json()["state"]) == (200, "confirmed")
        assert sure.json()["approval"] == {**waits["approval"], "by_ref": str(PAUL_REF)}
        assert "ended_at" not in sure.json()
        again = await paul.post(path, json={"decision": "reject", "reason": "Doch nicht"})
        assert (again.status_code, again.json()["code"]) == (409, "already-decided")
        assert again.json()["state"] == "confirmed"


async def test_a_rejection_keeps_its_reason_inside(office: Office) -> None:
    run = await office.schedule(capacity=1)
    asked = await asked_for(office, run)
    await office.in_state(asked["enrolment_id"], "awaiting_approval")
    async with office.paul as paul:
        path = f"{BASE}/{asked['enrolment_id']}/approval"
        blank = await paul.post(path, json={"decision": "reject"})
        assert (blank.status_code, blank.json()["code"]) == (422, "reason-missing")
        no = await paul.post(path, json={"decision": "reject", "reason": "Kein Budget"})
        assert (no.json()["state"], no.json()["decision_reason"]) == ("rejected", "Kein Budget")
    told = await office.app.heard(
        EnrolmentRejected, lambda e: str(e.enrolment_id) == asked["enrolment_id"]
    )
    assert "Budget" not in told[0].model_dump_json()
    assert no.json()["approval"]["by_ref"] == str(PAUL_REF)
    assert datetime.fromisoformat(no.json()["ended_at"]) == told[0].rejected_at
    assert (await office.seats(run))["taken"] == 0


async def test_an_employee_sees_and_asks_only_for_himself_or_herself(office: Office) -> None:
    run = await office.schedule(capacity=3)
    asked = await asked_for(office, run)
    async with office.client("employee", sub=UUID(asked["person_ref"])) as anna:
        path = f"{BASE}/{asked['enrolment_id']}"
        assert (await anna.get(path)).status_code == 200
        refused = await anna.post(f"{path}/approval", json={"decision": "approve"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        other = await anna.post(BASE, json={"run_id": str(run.id), "person_ref": str(uuid4())})
        assert (other.status_code, other.json()["code"]) == (403, "only-for-oneself")
        mine = (await anna.get(BASE)).json()
        assert [e["enrolment_id"] for e in mine["items"]] == [asked["enrolment_id"]]
    async with office.client("employee") as colleague:
        assert (await colleague.get(path)).status_code == 404
    async with office.client("employee", org=None) as nobody:
        answer = await nobody.post(BASE, json={"run_id": str(run.id)})
        assert (answer.status_code, answer.json()["code"]) == (403, "no-organisation")
    async with office.client("provider") as provider:
        assert (await provider.post(BASE, json={"run_id": str(run.id)})).status_code == 403


async def test_an_organisation_switches_the_decision_off(office: Office) -> None:
    house, run = uuid4(), await office.schedule(capacity=3)
    async with office.client("coordinator", sub=CARLA_REF, org=house) as boss:
        before = await boss.get("/api/enrolment/settings")
        assert before.json() == {
            "approval_required": True,
            "hold_hours": 48,
            "land": "HE",
            "version": 0,
        }
        body = {"approval_required": False}
        tag = {"If-Match": before.headers["etag"]}
        after = await boss.put("/api/enrolment/settings", json=body, headers=tag)
        assert (after.status_code, after.json()["version"]) == (200, 1)
        stale = await boss.put("/api/enrolment/settings", json=body, headers=tag)
        assert stale.status_code == 412
        wrong = await boss.put("/api/enrolment/settings", json={**body, "land": "XX"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "land-unknown")
        asked = await asked_for(office, run, house)
        path = f"{BASE}/{asked['enrolment_id']}"

        async def state() -> str:
            return str((await boss.get(path)).json()["state"])

        async def sure() -> bool:
            return await state() == "confirmed"

        await until(sure, name="the confirmation")
    async with office.client("employee", org=house) as employee:
        assert (await employee.get("/api/enrolment/settings")).status_code == 403


async def test_those_who_decide_are_reminded_once_a_day(office: Office) -> None:
    run = await office.schedule(capacity=2)
    asked = await asked_for(office, run)
    id_, person = asked["enrolment_id"], UUID(asked["person_ref"])
    path = f"{BASE}/{id_}/approval/reminder"
    waits = await office.in_state(id_, "awaiting_approval")
    async with office.client("employee", sub=person) as anna, office.carla as carla:
        done = await anna.post(path, headers={"Idempotency-Key": "once"})
        assert (done.status_code, done.json()["state"]) == (200, "awaiting_approval"), done.text
        assert done.json()["version"] == waits["version"] + 1
        again = await anna.post(path, headers={"Idempotency-Key": "once"})
        assert again.json() == done.json(), "a second click is the same reminder"
        refused = await carla.post(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "reminded-already")
        at = datetime.fromisoformat(done.json()["reminded_at"])
        possible = datetime.fromisoformat(refused.json()["possible_from"])
        assert possible == at + timedelta(hours=24)
        office.app.clock.set(possible)
        later = await carla.post(path)
        assert later.status_code == 200, later.text
    told = await office.app.heard(ApprovalReminded, lambda e: str(e.enrolment_id) == id_, count=2)
    assert [event.reminded_by_ref for event in told] == [person, CARLA_REF]
    assert [event.version for event in told] == [waits["version"] + 1, waits["version"] + 2]
    assert told[0].held_until == datetime.fromisoformat(waits["held_until"])
    assert (await office.seats(run))["held"] == 1


async def test_only_who_asked_or_books_reminds_and_only_while_it_waits(office: Office) -> None:
    run = await office.schedule(capacity=2)
    asked = await asked_for(office, run)
    id_, person = asked["enrolment_id"], UUID(asked["person_ref"])
    path = f"{BASE}/{id_}/approval/reminder"
    await office.in_state(id_, "awaiting_approval")
    async with (
        office.paul as paul,
        office.client("employee") as somebody,
        office.client("coordinator", org=AUSSERHALB) as nora,
        office.client("employee", sub=person) as anna,
    ):
        assert (await paul.post(path)).status_code == 403, "he decides, he need not be reminded"
        for stranger in (somebody, nora):
            assert (await stranger.post(path)).status_code == 404
        await paul.post(f"{BASE}/{id_}/approval", json={"decision": "approve"})
        over = await anna.post(path)
        assert (over.status_code, over.json()["code"]) == (409, "not-awaiting-approval")
    assert (await office.show(id_))["decided_by_ref"] == str(PAUL_REF)


def test_after_the_hold_nobody_is_reminded_any_more() -> None:
    run = a_run()
    desk = a_desk(run)
    asked = got(desk.request(for_oneself(run), NOON))
    desk.priced(a_quote(asked), NOON)
    waits = now_of(desk, asked)
    assert waits.state == "awaiting_approval"
    assert waits.held_until is not None
    command = RemindApprovers(asked.id, an_employee(), CAUSE)
    assert refused(desk.remind(command, waits.held_until)) == "not-awaiting-approval"
    assert got(desk.remind(command, NOON)).reminded_at == NOON
    assert told(desk, asked)[-1] == "approval-reminded"
