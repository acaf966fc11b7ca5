"""Booking over HTTP, on a real PostgreSQL and a real Kafka."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from chassis.database import Database
from chassis.testing import TestApp
from contracts.base import Event
from contracts.enrolment import (
    EnrolmentCancelled,
    EnrolmentRequested,
    EnrolmentRescheduled,
    SeatAccepted,
    SeatConfirmed,
    SeatHeld,
    SeatOffered,
    SeatReleased,
    SeatWaitlisted,
)
from enrolment import handlers
from enrolment.views.shapes import EnrolmentView
from sqlalchemy import text

from services.enrolment.tests.builders import (
    asking,
    because_of_a_record,
    called_off,
    changed,
    withdrawn,
)
from services.enrolment.tests.conftest import BASE, Membership, Office, a_quote_for


def about(enrolment_id: str) -> Callable[[Event], bool]:
    """Events of one enrolment."""
    return lambda event: str(getattr(event, "enrolment_id", "")) == enrolment_id


KINDS: tuple[type[Event], ...] = (
    EnrolmentRequested,
    SeatHeld,
    SeatConfirmed,
    EnrolmentCancelled,
    SeatReleased,
)


async def test_a_booking_is_held_priced_and_confirmed(office: Office) -> None:
    run = await office.schedule(capacity=2)
    asked = await office.book(run, cost_centre="11201", order_reference="BST-2027/4")
    assert asked["state"] == "requested"
    assert asked["price"] == {
        "status": "pending",
        "standard_cents": 44_100,
        "member_cents": 35_300,
    }
    sure = await office.show(asked["enrolment_id"])
    assert (sure["state"], sure["version"], sure["cost_centre"]) == ("confirmed", 2, "11201")
    assert sure["price"]["cents"] == 35_300
    assert (sure["price"]["status"], sure["price"]["saving_cents"]) == ("fixed", 8_800)
    assert sure["price"]["reason"] == {"code": "member-on-day"}
    assert sure["cancellation"]["fee_now_cents"] == 0
    seats = await office.seats(run)
    assert (seats["capacity"], seats["taken"], seats["held"], seats["free"]) == (2, 1, 0, 1)
    stories = set()
    for kind in KINDS[:3]:
        told = await office.app.heard(kind, about(asked["enrolment_id"]))
        assert len(told) == 1
        stories.add(told[0].meta.correlation_id)
    assert len(stories) == 1


async def test_a_hundred_at_once_for_ten_seats_are_ten_holds_and_a_line(office: Office) -> None:
    run = await office.schedule(capacity=10)
    async with office.carla as client:
        body = [{"run_id": str(run.id), "person_ref": str(uuid4())} for _ in range(100)]
        answers = await asyncio.gather(*(client.post(BASE, json=one) for one in body))
    assert {answer.status_code for answer in answers} == {202}
    views = [answer.json() for answer in answers]
    assert sum(view["state"] == "requested" for view in views) == 10
    assert sorted(v["place"] for v in views if v["state"] == "waitlisted") == list(range(1, 91))
    seats = await office.seats(run)
    assert (seats["taken"], seats["held"], seats["waiting"]) == (10, 10, 90)
    told = await office.app.heard(SeatWaitlisted, lambda e: e.run_id == run.id, count=90)
    shown = {v["enrolment_id"]: v["place"] for v in views if v["state"] == "waitlisted"}
    assert {str(e.enrolment_id): e.place for e in told} == shown
    async with office.app.db.reading() as tx:
        rows = await tx.rows(
            text("SELECT id, number FROM enrolment WHERE run_id = :run ORDER BY number"),
            {"run": run.id},
        )
    in_order = [str(row["id"]) for row in rows if str(row["id"]) in shown]
    assert [shown[id_] for id_ in in_order] == list(range(1, 91))


async def test_eight_batches_side_by_side_sell_no_seat_twice(app: TestApp, office: Office) -> None:
    run = await office.schedule(capacity=25)

    async def batch() -> list[object]:
        async with app.db.transaction() as tx:
            return list(await handlers.request_enrolments(tx, [asking(run) for _ in range(10)]))

    batches = await asyncio.gather(*(batch() for _ in range(8)))
    views = [view for answers in batches for view in answers if isinstance(view, EnrolmentView)]
    assert sum(view.state == "requested" for view in views) == 25
    assert sorted(view.place for view in views if view.place) == list(range(1, 56))


async def test_the_answer_waits_for_the_settled_state(office: Office) -> None:
    run = await office.schedule(capacity=1)
    async with Membership(office, run), office.carla as client:
        body = {"run_id": str(run.id), "person_ref": str(uuid4())}
        first = await client.post(BASE, json=body, headers={"Prefer": "wait=10"})
        assert first.status_code == 201, first.text
        assert first.json()["state"] == "confirmed"
        assert first.headers["preference-applied"] == "wait=10"
        assert first.headers["location"] == f"{BASE}/{first.json()['enrolment_id']}"
        body = {"run_id": str(run.id), "person_ref": str(uuid4())}
        second = await client.post(BASE, json=body, headers={"Prefer": "wait=10"})
        assert (second.status_code, second.json()["place"]) == (201, 1)


async def test_the_answer_says_when_it_is_not_settled_in_time(office: Office) -> None:
    run = await office.schedule(capacity=1)
    async with office.carla as client:
        body = {"run_id": str(run.id), "person_ref": str(uuid4())}
        answer = await client.post(BASE, json=body, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["state"]) == (202, "requested")


async def test_the_answer_comes_also_when_another_replica_hears_the_price(office: Office) -> None:
    run = await office.schedule(capacity=1)
    app = office.app
    other = Database(app.running.service.settings, "another-replica")
    async with office.carla as client:
        body = {"run_id": str(run.id), "person_ref": str(uuid4())}
        asking = asyncio.create_task(client.post(BASE, json=body, headers={"Prefer": "wait=10"}))
        (asked,) = await app.heard(EnrolmentRequested, lambda e: e.run_id == run.id)
        quote = a_quote_for(asked)
        async with other.transaction() as tx:
            await handlers.hear_quotes(tx, [because_of_a_record(quote)])
        answer = await asyncio.wait_for(asking, 2)
    await other.close()
    assert (answer.status_code, answer.json()["state"]) == (201, "confirmed")


async def test_the_same_key_books_once(office: Office) -> None:
    run = await office.schedule(capacity=5)
    body = {"run_id": str(run.id), "person_ref": str(uuid4())}
    headers = {"Idempotency-Key": str(uuid4())}
    async with office.carla as client:
        answers = await asyncio.gather(
            *(client.post(BASE, json=body, headers=headers) for _ in range(5))
        )
        assert len({answer.text for answer in answers}) == 1
        other = await client.post(BASE, json={**body, "person_ref": str(uuid4())}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert (await office.seats(run))["taken"] == 1


async def test_each_no_is_clear(office: Office) -> None:
    run = await office.schedule(capacity=5)
    person = str(uuid4())
    async with office.carla as client:

        async def code(**body: object) -> tuple[int, str, str]:
            answer = await client.post(BASE, json=body)
            problem = answer.json()
            return answer.status_code, problem["code"], problem["errors"][0]["pointer"]

        assert await code(run_id=str(uuid4())) == (422, "run-unknown", "/run_id")
        assert await code(run_id=7) == (422, "invalid", "/run_id")
        first = await client.post(BASE, json={"run_id": str(run.id), "person_ref": person})
        again = await client.post(BASE, json={"run_id": str(run.id), "person_ref": person})
        assert (again.status_code, again.json()["code"]) == (409, "already-enrolled")
        assert again.json()["enrolment_id"] == first.json()["enrolment_id"]
        german = await client.post(
            BASE,
            json={"run_id": str(run.id), "person_ref": person},
            headers={"Accept-Language": "de"},
        )
        assert german.json()["detail"].startswith("Diese Person hat")
        prose = await code(run_id=str(run.id), cost_centre="für Frau Müller")
        assert prose == (422, "invalid", "/cost_centre")
        await office.tell(withdrawn(run, 2))
        assert await code(run_id=str(run.id)) == (409, "run-withdrawn", "/run_id")
        await office.tell(called_off(run, 3))
        assert await code(run_id=str(run.id)) == (409, "run-cancelled", "/run_id")
    assert (await office.show(first.json()["enrolment_id"]))["ended_reason"] == "run-cancelled"


async def test_whoever_asks_twice_is_spoken_to_as_the_person_in_question(office: Office) -> None:
    run, german = await office.schedule(capacity=5), {"Accept-Language": "de"}
    async with office.client("employee", sub=uuid4()) as anna:
        body = {"run_id": str(run.id)}
        first = await anna.post(BASE, json=body)
        again = await anna.post(BASE, json=body, headers=german)
        assert (again.status_code, again.json()["code"]) == (409, "already-enrolled")
        assert again.json()["detail"] == "Sie haben diesen Platz schon angefragt."
        assert again.json()["enrolment_id"] == first.json()["enrolment_id"]


async def test_booking_ends_with_its_deadline(office: Office) -> None:
    run = await office.schedule(capacity=5)
    office.app.clock.set(run.closes_at)
    async with office.carla as client:
        answer = await client.post(BASE, json={"run_id": str(run.id)})
    assert (answer.status_code, answer.json()["code"]) == (409, "booking-closed")
    assert answer.json()["closes_at"]
    assert (await office.seats(run))["state"] == "closed"


async def test_a_freed_seat_is_offered_accepted_and_priced_anew(office: Office) -> None:
    run = await office.schedule(capacity=1)
    sure, first, second = [await office.book(run) for _ in range(3)]
    await office.app.settled()  # a price of the same day that comes late would be as good
    assert (second["place"], second["ahead"]) == (2, 1)
    async with office.carla as client:
        gone = await client.post(f"{BASE}/{sure['enrolment_id']}/cancellation", json={})
        assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
        offered = await office.show(first["enrolment_id"])
        assert (offered["state"], "offered_until" in offered) == ("offered", True)
        assert (await office.show(second["enrolment_id"]))["place"] == 1
        passed = await client.post(f"{BASE}/{first['enrolment_id']}/decline")
        assert (passed.json()["state"], passed.json()["ended_reason"]) == (
            "expired",
            "offer-declined",
        )
        wrong = await client.post(f"{BASE}/{first['enrolment_id']}/acceptance")
        assert (wrong.status_code, wrong.json()["code"]) == (409, "not-offered")
        taken = await client.post(f"{BASE}/{second['enrolment_id']}/acceptance")
        assert taken.json()["state"] == "requested"
        told = await office.app.heard(SeatAccepted, lambda e: e.run_id == run.id)
        await office.price(told[0], "standard")
        sure = await office.in_state(second["enrolment_id"], "confirmed")
        assert sure["price"]["cents"] == 44_100
    released = await office.app.heard(SeatReleased, lambda e: e.run_id == run.id, count=2)
    assert [event.reason for event in released] == ["by-coordinator", "offer-declined"]


async def test_a_dry_run_shows_the_fee_and_changes_nothing(office: Office) -> None:
    run = await office.schedule(capacity=1)
    sure = await office.book(run)
    office.app.clock.set(run.starts_at - timedelta(days=10))
    async with office.carla as client:
        path = f"{BASE}/{sure['enrolment_id']}/cancellation"
        shown = await client.post(path, params={"dry_run": "true"})
        assert shown.json()["state"] == "confirmed"
        assert shown.json()["cancellation"]["fee_now_cents"] == 17_650
        gone = await client.post(path)
        assert gone.json()["cancellation"]["fee_cents"] == 17_650
        again = await client.post(path)
        assert (again.status_code, again.json()["code"]) == (409, "not-cancellable")
        assert again.json()["state"] == "cancelled"


async def test_more_seats_are_offered_and_a_moved_run_is_told(office: Office) -> None:
    run = await office.schedule(capacity=1)
    _, first = [await office.book(run) for _ in range(2)]
    await office.tell(changed(run, 2, capacity=2))
    assert (await office.show(first["enrolment_id"]))["state"] == "offered"
    await office.app.heard(SeatOffered, lambda e: e.run_id == run.id)
    later = run.starts_at + timedelta(days=7)
    await office.tell(
        changed(run, 3, capacity=2, starts_at=later, ends_at=later + timedelta(hours=7))
    )
    await office.app.heard(EnrolmentRescheduled, lambda e: e.run_id == run.id, count=2)
    shown = await office.show(first["enrolment_id"])
    assert shown["starts_at"] == later.isoformat().replace("+00:00", "Z")


async def test_versions_of_an_enrolment_have_no_gap_and_belong_to_one_story(
    office: Office,
) -> None:
    run = await office.schedule(capacity=1)
    sure = await office.book(run)
    async with office.carla as client:
        await client.post(f"{BASE}/{sure['enrolment_id']}/cancellation")
    await office.app.heard(SeatReleased, lambda e: str(e.enrolment_id) == sure["enrolment_id"])
    told: list[Event] = []
    for kind in KINDS:
        told += await office.app.heard(kind, about(sure["enrolment_id"]))
    assert [event.version for event in told] == [1, 1, 2, 3, 3]
    assert told[2].meta.causation_id is not None
