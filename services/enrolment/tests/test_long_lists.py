"""More than a hundred people over HTTP: taken on at once, booked to the end, told once."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
from chassis.testing import until
from contracts.enrolment import BulkSettled, EnrolmentRequested
from sqlalchemy import text

from services.enrolment.tests.builders import AUSSERHALB
from services.enrolment.tests.conftest import Membership, Office
from services.enrolment.tests.test_bulk import BULK, people

JOBS = "/api/enrolment/jobs"


async def finished(client: httpx.AsyncClient, where: str) -> dict[str, Any]:
    """The list, as soon as every part of it is booked."""

    async def done() -> dict[str, Any] | None:
        answer = await client.get(where)
        assert answer.status_code == 200, answer.text
        job = answer.json()
        return job if job["state"] != "working" else None

    found = await until(done, 120, every=0.1, name="the end of the list")
    return dict(found)


async def test_a_long_list_is_taken_on_and_booked_to_its_end(office: Office) -> None:
    run = await office.schedule(capacity=240)
    listed: list[Any] = people(250)
    listed[7] = {"person_ref": listed[7], "cost_centre": "4711"}
    listed.append(listed[0])
    headers = {"Idempotency-Key": str(uuid4()), "Prefer": "wait=5"}
    body = {"run_id": str(run.id), "people": listed}
    async with Membership(office, run), office.carla as client:
        taken = await client.post(BULK, json=body, headers=headers)
        assert taken.status_code == 202, taken.text
        job = taken.json()
        assert (job["state"], job["done"], job["total"]) == ("working", 1, 251)
        assert taken.headers["Location"] == f"{JOBS}/{job['job_id']}"
        again = await client.post(BULK, json=body, headers=headers)
        assert (again.status_code, again.json()) == (202, job)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Location"] == taken.headers["Location"]
        id_ = UUID(job["job_id"])
        told = await office.app.heard(BulkSettled, lambda e: e.bulk_id == id_, seconds=120)
        client.headers["Accept-Language"] = "de"
        job = await finished(client, taken.headers["Location"])
    assert (job["state"], job["done"], job["total"]) == ("done", 251, 251)
    rows = job["rows"]
    assert [row["pointer"] for row in rows] == [f"/people/{n}" for n in range(251)]
    codes = ["held"] * 240 + ["waitlisted"] * 10 + ["twice-in-list"]
    assert [row["code"] for row in rows] == codes
    assert [row["state"] for row in rows[:250]] == ["confirmed"] * 240 + ["waitlisted"] * 10
    assert [row["place"] for row in rows[240:250]] == list(range(1, 11))
    assert rows[239]["price"]["cents"] == 35_300
    assert "mehrfach" in rows[250]["detail"]
    assert "enrolment_id" not in rows[250]
    assert (await office.show(rows[7]["enrolment_id"]))["cost_centre"] == "4711"
    await office.app.settled()
    told = await office.app.heard(BulkSettled, lambda e: e.bulk_id == id_)
    assert [(event.refused, len(event.rows)) for event in told] == [(1, 250)]
    requested = await office.app.heard(EnrolmentRequested, lambda e: e.run_id == run.id)
    assert len({event.person_ref for event in requested}) == len(requested) == 250
    seats = await office.seats(run)
    assert (seats["taken"], seats["waiting"]) == (240, 10)


async def test_a_list_is_told_of_only_at_its_end_however_fast_prices_come(office: Office) -> None:
    run = await office.schedule(capacity=0)
    async with office.carla as client:
        body = {"run_id": str(run.id), "people": people(2000)}
        taken = await client.post(BULK, json=body)
        job = await finished(client, taken.headers["Location"])
    id_ = UUID(job["job_id"])
    await office.app.settled()
    told = await office.app.heard(BulkSettled, lambda e: e.bulk_id == id_)
    assert [len(event.rows) for event in told] == [2000], "each part settles at once: told once"


async def test_the_whole_list_or_nobody(office: Office) -> None:
    run = await office.schedule(capacity=120)
    async with office.carla as client:
        body = {"run_id": str(run.id), "people": people(121), "all_or_nothing": True}
        taken = await client.post(BULK, json=body)
        assert taken.status_code == 202, taken.text
        job = await finished(client, taken.headers["Location"])
        assert (job["state"], job["code"], job["free"]) == ("refused", "not-all-seats", 120)
        short = await client.get(taken.headers["Location"], params={"rows": "false"})
        assert short.json() == {name: job[name] for name in job if name != "rows"}
        assert job["detail"].startswith("Not everybody")
        assert [row["code"] for row in job["rows"]] == ["held"] * 120 + ["no-seat"]
        assert not any("state" in row or "enrolment_id" in row for row in job["rows"])
        assert (await office.seats(run))["taken"] == 0
        body["people"] = people(120)
        taken = await client.post(BULK, json=body)
        job = await finished(client, taken.headers["Location"])
    assert (job["state"], job["all_or_nothing"]) == ("done", True)
    assert {row["code"] for row in job["rows"]} == {"held"}
    assert (await office.seats(run))["taken"] == 120


async def test_what_can_only_fail_is_refused_before_it_is_taken_on(office: Office) -> None:
    run = await office.schedule(capacity=10)
    async with office.carla as client, office.client("employee") as anna:
        body = {"run_id": str(uuid4()), "people": people(101)}
        unknown = await client.post(BULK, json=body)
        assert (unknown.status_code, unknown.json()["code"]) == (422, "run-unknown")
        forbidden = await anna.post(BULK, json=body)
        assert forbidden.status_code == 403
        office.app.clock.set(run.closes_at)
        closed = await client.post(BULK, json={**body, "run_id": str(run.id)})
        assert (closed.status_code, closed.json()["code"]) == (409, "booking-closed")


async def test_the_largest_list_passes_the_door_and_can_be_tried(office: Office) -> None:
    run = await office.schedule(capacity=1999)
    codes = {"cost_centre": "4" * 40, "order_reference": "b" * 40}
    listed = [{"person_ref": ref, **codes} for ref in people(2000)]
    async with office.carla as client:
        tried = await client.post(
            BULK, params={"dry_run": "true"}, json={"run_id": str(run.id), "people": listed}
        )
    assert tried.status_code == 200, tried.text
    states = [row["state"] for row in tried.json()["rows"]]
    assert states == ["confirmed"] * 1999 + ["waitlisted"]
    assert (await office.seats(run))["taken"] == 0
    async with office.app.db.reading() as tx:
        row = await tx.row(text("SELECT count(*) AS n FROM bulk WHERE run_id = :r"), {"r": run.id})
    assert row is not None
    assert row["n"] == 0


async def test_a_key_of_a_short_list_is_not_that_of_a_long_one(office: Office) -> None:
    run = await office.schedule(capacity=200)
    async with office.carla as client:
        for first, second in ((2, 101), (101, 2)):
            headers = {"Idempotency-Key": str(uuid4())}
            lists = [{"run_id": str(run.id), "people": people(n)} for n in (first, second)]
            done, refused = [await client.post(BULK, json=b, headers=headers) for b in lists]
            assert done.status_code == 202, done.text
            assert refused.status_code == 422, refused.text
            assert refused.json()["code"] == "idempotency-key-reused"
            again = await client.post(BULK, json=lists[0], headers=headers)
            assert again.json() == done.json()
            if "Location" in done.headers:
                await finished(client, done.headers["Location"])


async def test_short_and_long_lists_of_one_moment_are_both_served(office: Office) -> None:
    run, other = await office.schedule(capacity=300), await office.schedule(capacity=300)
    async with office.carla as client:
        bodies = [
            {"run_id": str(one.id), "people": people(count)}
            for one in (run, other)
            for count in (1, 101, 2)
        ]
        answers = await asyncio.gather(*(client.post(BULK, json=body) for body in bodies))
        assert [answer.status_code for answer in answers] == [202] * 6
        for answer, body in zip(answers, bodies, strict=True):
            assert answer.json()["run_id"] == body["run_id"]
            assert ("Location" in answer.headers) == (len(body["people"]) > 100)
            if "Location" in answer.headers:
                await finished(client, answer.headers["Location"])
            else:
                assert len(answer.json()["rows"]) == len(body["people"])
    assert [(await office.seats(one))["taken"] for one in (run, other)] == [104, 104]


async def test_nobody_else_sees_the_list(office: Office) -> None:
    run = await office.schedule(capacity=200)
    async with (
        office.carla as client,
        office.client("coordinator") as colleague,
        office.client("coordinator", org=AUSSERHALB) as nora,
        office.client("coordinator", org=None) as nobody,
        office.client("employee", "approver") as anna,
    ):
        taken = await client.post(BULK, json={"run_id": str(run.id), "people": people(101)})
        where = taken.headers["Location"]
        assert (await colleague.get(where)).status_code == 200
        for stranger in (nora, nobody):
            answer = await stranger.get(where)
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert (await anna.get(where)).status_code == 403
        missing = await client.get(f"{JOBS}/{uuid4()}")
        assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
        await finished(client, where)
