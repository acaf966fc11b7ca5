"""Where costs are booked can be changed afterwards: by the employer, and nothing else changes."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.testing import until
from enrolment import handlers
from enrolment.commands import ChangeAccounting, Who
from enrolment.domain.desk import Desk
from enrolment.domain.enrolment import Enrolment
from enrolment.domain.run import Run
from enrolment.store import books
from sqlalchemy import text

from services.enrolment.tests.builders import (
    ANNA,
    APPROVER,
    AUSSERHALB,
    BERGSTRASSE,
    CAUSE,
    NOON,
    a_desk,
    a_quote,
    a_run,
    an_employee,
    cancelling,
    charging,
    confirmed,
    days_before_start,
    deciding,
    declining,
    for_oneself,
    got,
    now_of,
    refused,
    told,
    waiting,
)
from services.enrolment.tests.conftest import BASE, CARLA_REF, Office

CODES: Any = {"cost_centre": "11201", "order_reference": "B-7"}


def offered(desk: Desk, run: Run) -> Enrolment:
    """Somebody whom a seat is offered that has become free."""
    first = confirmed(desk, run)
    next_ = waiting(desk, run)
    desk.cancel(cancelling(first), NOON)
    return now_of(desk, next_)


def in_state(state: str) -> tuple[Desk, Enrolment]:
    """Somebody in this state, in a run with one seat; what costs something has `+fee`."""
    run = a_run(capacity=1)
    desk = a_desk(run)
    if state in ("offered", "expired"):
        one = offered(desk, run)
        if state == "expired":
            desk.decline(declining(one), NOON)
    elif state in ("confirmed", "cancelled", "cancelled+fee"):
        one = confirmed(desk, run)
        at = days_before_start(1, run) if state == "cancelled+fee" else NOON
        if state != "confirmed":
            desk.cancel(cancelling(one), at)
    elif state == "waitlisted":
        confirmed(desk, run)
        one = waiting(desk, run)
    else:
        one = got(desk.request(for_oneself(run), NOON))
        if state != "requested":
            desk.priced(a_quote(one), NOON)
        if state == "rejected":
            desk.decide(deciding(one, "reject", "Kein Bedarf"), NOON)
    assert now_of(desk, one).state == state.removesuffix("+fee")
    return desk, now_of(desk, one)


@pytest.mark.parametrize(
    "state",
    ["requested", "awaiting_approval", "waitlisted", "offered", "confirmed", "cancelled+fee"],
)
def test_what_costs_something_or_may_yet_is_booked_elsewhere_and_nobody_is_told(state: str) -> None:
    desk, before = in_state(state)
    events, runs = list(desk.book.events), dict(desk.book.runs)
    after = got(desk.charge(charging(before, **CODES)))
    assert (after.cost_centre, after.order_reference) == ("11201", "B-7")
    assert got(desk.charge(charging(before, cost_centre=None, order_reference=None))) == before
    assert (desk.book.events, desk.book.runs) == (events, runs)


@pytest.mark.parametrize("state", ["rejected", "expired", "cancelled"])
def test_what_has_ended_without_costs_needs_no_cost_centre(state: str) -> None:
    desk, before = in_state(state)
    assert refused(desk.charge(charging(before, **CODES))) == "ended-without-costs"
    assert now_of(desk, before) == before


def test_what_is_left_out_stays_and_none_takes_it_away() -> None:
    run = a_run()
    desk = a_desk(run)
    one = confirmed(desk, run, **CODES)
    after = got(desk.charge(charging(one, order_reference="B-8")))
    assert (after.cost_centre, after.order_reference) == ("11201", "B-8")
    after = got(desk.charge(charging(one, cost_centre=None)))
    assert (after.cost_centre, after.order_reference) == (None, "B-8")
    assert got(desk.charge(charging(one))) == after
    assert told(desk, one)[-1] == "seat-confirmed"


def test_only_a_coordinator_of_the_employer_books_costs() -> None:
    run = a_run()
    desk = a_desk(run)
    one = got(desk.request(for_oneself(run), NOON))
    finance = Who(uuid4(), BERGSTRASSE, finance=True)
    for who in (an_employee(ANNA), APPROVER, finance):
        assert refused(desk.charge(charging(one, who, **CODES))) == "forbidden"
    nora = Who(uuid4(), AUSSERHALB, coordinator=True)
    for who in (an_employee(uuid4()), nora, Who(ANNA, None, coordinator=True)):
        assert refused(desk.charge(charging(one, who, **CODES))) == "not-found"
    assert now_of(desk, one).cost_centre is None


async def codes_of(office: Office, id_: str) -> tuple[str | None, str | None]:
    """The codes of a booking."""
    view = await office.show(id_)
    return view.get("cost_centre"), view.get("order_reference")


async def test_a_coordinator_changes_them_also_after_the_course(office: Office) -> None:
    run = await office.schedule(capacity=2)
    id_ = (await office.book(run, cost_centre="K-OLD"))["enrolment_id"]
    before, seats = await office.show(id_), await office.seats(run)
    code = f"K-{uuid4().hex[:8]}"

    async with office.carla as carla:

        async def found(words: str) -> list[str]:
            items = (await carla.get(BASE, params={"q": words})).json()["items"]
            return [item["enrolment_id"] for item in items]

        office.app.clock.set(run.ends_at + timedelta(days=3))
        answer = await carla.post(f"{BASE}/{id_}/accounting", json={"cost_centre": code})
        assert answer.status_code == 200, answer.text
        assert answer.json()["cost_centre"] == code
        assert await found(code) == [id_]
        more = await carla.post(f"{BASE}/{id_}/accounting", json={"order_reference": "BST/9"})
        assert (more.json()["cost_centre"], more.json()["order_reference"]) == (code, "BST/9")
        gone = await carla.post(f"{BASE}/{id_}/accounting", json={"cost_centre": None})
        assert "cost_centre" not in gone.json()
        assert await found(code) == []
        same = await carla.post(f"{BASE}/{id_}/accounting", json={})
        assert same.json() == gone.json()
    office.app.clock.reset()
    assert await codes_of(office, id_) == (None, "BST/9")
    after = await office.show(id_)
    assert {**after, "cost_centre": "K-OLD"} == {**before, "order_reference": "BST/9"}
    assert await office.seats(run) == seats


async def test_others_must_not_and_strangers_find_nothing(office: Office) -> None:
    run = await office.schedule(capacity=2)
    booked = await office.book(run)
    path = f"{BASE}/{booked['enrolment_id']}/accounting"
    async with (
        office.client("employee", sub=UUID(booked["person_ref"])) as anna,
        office.client("finance", "employee") as fiona,
        office.paul as paul,
    ):
        for person in (anna, fiona, paul):
            no = await person.post(path, json=CODES)
            assert (no.status_code, no.json()["code"]) == (403, "forbidden")
            assert no.json()["allowed"] == ["coordinator"]
    async with (
        office.client("coordinator", org=AUSSERHALB) as nora,
        office.client("employee") as colleague,
        office.carla as carla,
    ):
        missing = await carla.post(f"{BASE}/{uuid4()}/accounting", json=CODES)
        for person in (nora, colleague):
            no = await person.post(path, json=CODES)
            assert no.status_code == missing.status_code == 404
            assert {**no.json(), "instance": ""} == {**missing.json(), "instance": ""}
        assert (await carla.post(f"{BASE}/nothing/accounting", json=CODES)).status_code in (
            404,
            422,
        )
    assert await codes_of(office, booked["enrolment_id"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"cost_centre": "für Frau Müller"}, "/cost_centre"),
        ({"order_reference": "B" * 41}, "/order_reference"),
        ({"cost_centre": ""}, "/cost_centre"),
        ({"kostenstelle": "4711"}, "/kostenstelle"),
        ([], ""),
    ],
)
async def test_what_is_no_code_is_refused_where_it_stands(
    office: Office, body: Any, pointer: str
) -> None:
    async with office.carla as carla:
        no = await carla.post(f"{BASE}/{uuid4()}/accounting", json=body)
    assert no.status_code == 422, no.text
    assert no.json()["errors"][0]["pointer"] == pointer
    assert "Müller" not in no.text


async def test_a_second_click_is_the_same_and_what_has_ended_is_refused(office: Office) -> None:
    run = await office.schedule(capacity=2)
    id_ = (await office.book(run))["enrolment_id"]
    path, key = f"{BASE}/{id_}/accounting", {"Idempotency-Key": str(uuid4())}
    async with office.carla as carla:
        first = await carla.post(path, json=CODES, headers=key)
        await carla.post(path, json={"cost_centre": "later"})
        again = await carla.post(path, json=CODES, headers=key)
        assert (again.status_code, again.json()) == (200, first.json())
        assert again.headers["Idempotency-Replayed"] == "true"
        other = await carla.post(path, json={"cost_centre": "4711"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert await codes_of(office, id_) == ("later", "B-7")
        await carla.post(f"{BASE}/{id_}/cancellation")
        over = await carla.post(path, json=CODES)
        assert (over.status_code, over.json()["code"]) == (409, "ended-without-costs")
        assert over.json()["state"] == "cancelled"


async def test_who_waits_keeps_the_place_in_the_line(office: Office) -> None:
    run = await office.schedule(capacity=1)
    await office.book(run)
    line = [(await office.book(run))["enrolment_id"] for _ in range(3)]
    async with office.carla as carla:
        for place, id_ in enumerate(line, 1):
            answer = await carla.post(f"{BASE}/{id_}/accounting", json=CODES)
            assert (answer.json()["place"], answer.json()["ahead"]) == (place, place - 1)


WAITING = text("""
    SELECT 1 FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


async def waits(office: Office) -> bool:
    """Whether somebody waits for a row of somebody else."""
    async with office.app.db.reading() as tx:
        return await tx.row(WAITING) is not None


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
async def test_what_is_decided_at_the_same_time_is_not_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    run = await office.schedule(capacity=1)
    id_ = (await office.book(run))["enrolment_id"]
    if not locked:
        plain = str(books.LOCK_RUNS).replace("FOR NO KEY UPDATE", "")
        monkeypatch.setattr(books, "LOCK_RUNS", text(plain))
    carla = Who(CARLA_REF, BERGSTRASSE, coordinator=True)
    command = ChangeAccounting(UUID(id_), {"cost_centre": "4711"}, carla, CAUSE)
    async with office.carla as client:
        async with office.app.db.transaction() as tx:
            await handlers.change_accounting(tx, [command])
            path = f"{BASE}/{id_}/cancellation"
            cancelling_ = asyncio.create_task(client.post(path))
            await until(lambda: waits(office), name="a cancellation that waits for this")
            assert not cancelling_.done()
        assert (await cancelling_).json()["state"] == "cancelled"
    after = await office.show(id_)
    assert after["state"] == "cancelled"
    assert (after.get("cost_centre") == "4711") is locked
    assert (await office.seats(run))["taken"] == 0
