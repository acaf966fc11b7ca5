"""Figures count what was committed, once; synthetic bookings are in none of the business."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from chassis.testing import until
from contracts import synthetic
from contracts.membership import OrganisationRegistered
from enrolment.domain.run import Run
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.enrolment.tests.conftest import BASE, Office
from services.enrolment.tests.test_approval import asked_for


def figure(name: str, **labels: str) -> float:
    """What this process shows."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def business() -> dict[str, float]:
    """All figures of the business."""
    steps = ("requested", "confirmed", "waitlisted", "cancelled")
    kinds = ("member", "standard")
    return {
        **{step: figure("kc_bookings_total", step=step) for step in steps},
        **{kind: figure("kc_bookings_confirmed_total", price_kind=kind) for kind in kinds},
        "member cents": figure("kc_confirmed_cents_total", price_kind="member"),
        "saved cents": figure("kc_saved_cents_total"),
    }


async def test_a_booking_is_counted_step_by_step_with_its_price(office: Office) -> None:
    before = business()
    timed = figure("kc_request_to_confirmed_seconds_count")
    run = await office.schedule(capacity=1, standard_cents=44_100, member_cents=35_300)
    first = await office.book(run)
    await office.book(run)  # stands in line
    async with office.carla as client:
        await client.post(f"{BASE}/{first['enrolment_id']}/cancellation")
    changed = {name: value - before[name] for name, value in business().items()}
    assert changed == {
        "requested": 2,
        "confirmed": 1,
        "waitlisted": 1,
        "cancelled": 1,
        "member": 1,
        "standard": 0,
        "member cents": 35_300,
        "saved cents": 8_800,
    }
    assert figure("kc_request_to_confirmed_seconds_count") == timed + 1


async def test_a_refused_booking_is_not_counted(office: Office) -> None:
    run = await office.schedule(capacity=5)
    booked = await office.book(run)
    before = business()
    async with office.carla as client:
        body = {"run_id": str(run.id), "person_ref": booked["person_ref"]}
        assert (await client.post(BASE, json=body)).status_code == 409
    assert business() == before


async def book_synthetically(office: Office, run: Run) -> dict[str, Any]:
    """As `deploy/synthetic` does."""
    async with office.client("coordinator", org=synthetic.ORGANISATION) as probe:
        asked = await probe.post(BASE, json={"run_id": str(run.id)})
        assert asked.status_code == 202, asked.text
        await office.price_all(run, 1)
        url = f"{BASE}/{asked.json()['enrolment_id']}"

        async def confirmed() -> bool:
            return bool((await probe.get(url)).json()["state"] == "confirmed")

        await until(confirmed, name="the confirmation")
        ended = await probe.post(f"{url}/cancellation", json={})
    return dict(ended.json())


async def test_a_synthetic_booking_is_timed_and_not_counted(office: Office) -> None:
    run = await office.schedule(capacity=5)
    before, timed = business(), figure("kc_request_to_confirmed_seconds_count")
    ended = await book_synthetically(office, run)
    assert ended["state"] == "cancelled"
    assert business() == before
    assert figure("kc_request_to_confirmed_seconds_count") == timed + 1


async def test_what_waits_for_its_price_is_shown_with_its_age(office: Office) -> None:
    run, known, unknown = await office.schedule(capacity=5), uuid4(), uuid4()

    async def waiting() -> dict[str, float]:
        await office.app.running.timers.once("figures")
        return {name: figure("kc_unpriced_bookings", registered=name) for name in ("yes", "no")}

    async def book(org: UUID, *, give_up: bool = False) -> None:
        async with office.client("coordinator", org=org) as client:
            answer = await client.post(BASE, json={"run_id": str(run.id)})
            assert answer.status_code == 202, answer.text
            if give_up:
                assert (await waiting())["yes"] == before["yes"] + 2
                await client.post(f"{BASE}/{answer.json()['enrolment_id']}/cancellation")

    told = OrganisationRegistered(
        organisation_id=known, code=f"k-{known}", employees=9, registered_at=office.app.clock()
    )
    await office.app.send(told)
    await office.app.settled()
    async with office.client("coordinator", org=unknown) as client:  # rules make no organisation
        await client.put("/api/enrolment/settings", json={"approval_required": False})
    before = await waiting()
    await book(known)
    assert await waiting() == {**before, "yes": before["yes"] + 1}
    await book(unknown)
    await book(synthetic.ORGANISATION, give_up=True)
    assert await waiting() == {"yes": before["yes"] + 1, "no": before["no"] + 1}
    office.app.clock.advance(seconds=90)
    await waiting()
    assert figure("kc_unpriced_bookings_age_seconds", registered="yes") >= 90
    assert figure("kc_unpriced_bookings_age_seconds", registered="no") >= 90


OTHERS_HAVE_NO_END = text("""
    UPDATE enrolment SET due_at = NULL WHERE state = 'awaiting_approval'
""")
"""Requests that other tests have left would be late at the same time as ours."""


async def test_requests_that_wait_for_a_person_are_late_in_the_last_quarter_of_their_time(
    office: Office,
) -> None:
    run = await office.schedule(capacity=9)

    async def waiting() -> tuple[float, float]:
        await office.app.running.timers.once("figures")
        late, rest = (figure("kc_approvals_waiting", late=word) for word in ("yes", "no"))
        return late, rest

    async with office.app.db.transaction() as tx:
        await tx.execute(OTHERS_HAVE_NO_END)
    assert await waiting() == (0, 0)
    asked = await asked_for(office, run)
    waits = await office.in_state(asked["enrolment_id"], "awaiting_approval")
    unseen = await asked_for(office, run, synthetic.ORGANISATION)
    await until(partial(is_awaiting, office, unseen), name="the synthetic request")
    assert await waiting() == (0, 1)
    async with office.client("coordinator", org=synthetic.ORGANISATION) as probe:
        ended = await probe.post(f"{BASE}/{unseen['enrolment_id']}/cancellation", json={})
    assert ended.json()["state"] == "cancelled"
    since, end = (datetime.fromisoformat(waits["approval"][name]) for name in ("since", "until"))
    left = end - office.app.clock()
    office.app.clock.advance(seconds=(left - (end - since) / 4).total_seconds() - 60)
    assert await waiting() == (0, 1)
    office.app.clock.advance(seconds=120)
    assert await waiting() == (1, 0)
    async with office.paul as paul:
        path = f"{BASE}/{asked['enrolment_id']}/approval"
        assert (await paul.post(path, json={"decision": "approve"})).status_code == 200
    assert await waiting() == (0, 0)


async def is_awaiting(office: Office, asked: dict[str, Any]) -> bool:
    """Whether a request waits for its approval."""
    async with office.app.db.reading() as tx:
        sql = text("SELECT state FROM enrolment WHERE id = :id")
        row = await tx.row(sql, {"id": UUID(asked["enrolment_id"])})
    return bool(row["state"] == "awaiting_approval")


async def test_synthetic_bookings_are_forgotten_an_hour_after_their_end(office: Office) -> None:
    run = await office.schedule(capacity=5)
    mine = await office.book(run)
    await book_synthetically(office, await office.schedule(capacity=5))
    await office.app.running.timers.once("forget-synthetic")
    assert await kept(office, synthetic.ORGANISATION) >= 1
    office.app.clock.advance(hours=1, minutes=1)
    await office.app.running.timers.once("forget-synthetic")
    assert await kept(office, synthetic.ORGANISATION) == 0
    assert (await office.show(mine["enrolment_id"]))["state"] == "confirmed"


async def kept(office: Office, organisation: UUID) -> int:
    """How many enrolments of an organisation there are."""
    async with office.app.db.reading() as tx:
        sql = text("SELECT count(*) AS n FROM enrolment WHERE organisation_id = :id")
        row = await tx.row(sql, {"id": organisation})
    return int(row["n"])
