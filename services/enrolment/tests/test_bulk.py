"""Many people in one step."""

from uuid import UUID, uuid4

from contracts.enrolment import BulkSettled, EnrolmentRequested
from sqlalchemy import text

from services.enrolment.tests.conftest import BASE, Membership, Office

BULK = f"{BASE}/bulk"


def people(count: int) -> list[str]:
    return [str(uuid4()) for _ in range(count)]


async def test_twelve_people_for_ten_seats(office: Office) -> None:
    run = await office.schedule(capacity=10)
    body = {"run_id": str(run.id), "people": people(12)}
    headers = {"Idempotency-Key": str(uuid4()), "Prefer": "wait=15"}
    async with Membership(office, run), office.carla as client:
        answer = await client.post(BULK, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        rows = answer.json()["rows"]
        assert [row["state"] for row in rows] == ["confirmed"] * 10 + ["waitlisted"] * 2
        assert [row.get("place") for row in rows[10:]] == [1, 2]
        assert [row["code"] for row in rows] == ["held"] * 10 + ["waitlisted"] * 2
        assert rows[3]["pointer"] == "/people/3"
        assert rows[0]["price"]["cents"] == 35_300
        again = await client.post(BULK, json=body, headers=headers)
        assert [r["enrolment_id"] for r in again.json()["rows"]] == [
            r["enrolment_id"] for r in rows
        ]
    assert (await office.seats(run))["taken"] == 10
    id_ = UUID(answer.json()["bulk_id"])
    told = await office.app.heard(BulkSettled, lambda e: e.bulk_id == id_)
    assert len(told) == 1
    assert [(row.state, row.place) for row in told[0].rows] == [
        *[("confirmed", None)] * 10,
        ("waitlisted", 1),
        ("waitlisted", 2),
    ]
    assert {row.price_cents for row in told[0].rows[:10]} == {35_300}
    requested = await office.app.heard(EnrolmentRequested, lambda e: e.run_id == run.id)
    assert {event.bulk_id for event in requested} == {id_}


async def test_a_list_is_settled_once_however_it_goes_on(office: Office) -> None:
    run = await office.schedule(capacity=1)
    async with office.carla as client:
        body = {"run_id": str(run.id), "people": people(2)}
        answer = (await client.post(BULK, json=body)).json()
        first = answer["rows"][0]["enrolment_id"]
        await client.post(f"{BASE}/{first}/cancellation")
        second = answer["rows"][1]["enrolment_id"]
        await client.post(f"{BASE}/{second}/acceptance")
        await office.price_all(run, 2)
        await office.in_state(second, "confirmed")
        await client.post(f"{BASE}/{second}/cancellation")
    await office.app.settled()
    id_ = UUID(answer["bulk_id"])
    told = await office.app.heard(BulkSettled, lambda e: e.bulk_id == id_)
    assert len(told) == 1
    assert [row.state for row in told[0].rows] == ["cancelled", "offered"]


async def test_all_or_nothing_books_nobody(office: Office) -> None:
    run = await office.schedule(capacity=10)
    body = {"run_id": str(run.id), "people": people(12), "all_or_nothing": True}
    async with office.carla as client:
        answer = await client.post(BULK, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "not-all-seats")
        assert answer.json()["free"] == 10
        rows = answer.json()["rows"]
        assert [row["code"] for row in rows] == ["held"] * 10 + ["no-seat"] * 2
        assert [row["pointer"] for row in rows] == [f"/people/{i}" for i in range(12)]
    seats = await office.seats(run)
    assert (seats["taken"], seats["waiting"]) == (0, 0)


async def test_duplicates_are_refused_row_by_row(office: Office) -> None:
    run = await office.schedule(capacity=10)
    anna, paul = people(2)
    async with office.carla as client:
        first = await client.post(BASE, json={"run_id": str(run.id), "person_ref": anna})
        listed = [{"person_ref": paul, "cost_centre": "4711"}, anna, paul]
        answer = await client.post(
            BULK,
            json={"run_id": str(run.id), "people": listed},
            headers={"Accept-Language": "de"},
        )
    rows = answer.json()["rows"]
    assert [row["code"] for row in rows] == ["held", "already-enrolled", "twice-in-list"]
    assert rows[1]["enrolment_id"] == first.json()["enrolment_id"]
    assert "mehrfach" in rows[2]["detail"]
    assert (await office.seats(run))["taken"] == 2
    assert (await office.show(rows[0]["enrolment_id"]))["cost_centre"] == "4711"


async def test_a_dry_run_says_what_would_happen(office: Office) -> None:
    run = await office.schedule(capacity=1)
    body = {"run_id": str(run.id), "people": people(3)}
    async with office.carla as client:
        answer = await client.post(BULK, params={"dry_run": "true"}, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["dry_run"] is True
    rows = answer.json()["rows"]
    assert [row.get("place") for row in rows] == [None, 1, 2]
    assert [row["state"] for row in rows] == ["confirmed", "waitlisted", "waitlisted"]
    both = {"status": "pending", "standard_cents": 44_100, "member_cents": 35_300}
    assert [row["price"] for row in rows] == [both] * 3
    assert not any("enrolment_id" in row for row in rows)
    seats = await office.seats(run)
    assert (seats["taken"], seats["waiting"], seats["version"]) == (0, 0, 0)
    real = await office.book(run)
    told = await office.app.heard(EnrolmentRequested, lambda e: e.run_id == run.id)
    assert [str(event.enrolment_id) for event in told] == [real["enrolment_id"]]
    async with office.app.db.reading() as tx:
        row = await tx.row(text("SELECT count(*) AS n FROM bulk WHERE run_id = :r"), {"r": run.id})
    assert row is not None
    assert row["n"] == 0


async def test_wrong_lists_are_refused_with_a_pointer(office: Office) -> None:
    run = await office.schedule(capacity=1)
    async with office.carla as client:
        for listed in (people(2001), [*people(2000), "x"]):
            too_long = await client.post(BULK, json={"run_id": str(run.id), "people": listed})
            assert (too_long.status_code, too_long.json()["code"]) == (422, "too-many-rows")
            assert too_long.json()["limit"] == 2000
            assert too_long.json()["errors"][0]["pointer"] == "/people"
        wrong = await client.post(BULK, json={"run_id": str(run.id), "people": [*people(1), "x"]})
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["pointer"] == "/people/1/person_ref"
        empty = await client.post(BULK, json={"run_id": str(run.id), "people": []})
        assert empty.status_code == 422
    async with office.client("employee") as anna:
        refused = await anna.post(BULK, json={"run_id": str(run.id), "people": people(1)})
        assert refused.status_code == 403
