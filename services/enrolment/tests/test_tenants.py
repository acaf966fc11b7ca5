"""What one organisation books is nobody else's business: it neither blocks nor tells."""

from uuid import UUID, uuid4

import pytest
from asyncpg.exceptions import UniqueViolationError
from enrolment.commands import BookBulk, BulkRow, Who
from enrolment.domain.enrolment import Enrolment
from sqlalchemy import text

from services.enrolment.tests.builders import (
    ANNA,
    AUSSERHALB,
    CARLA,
    CAUSE,
    NOON,
    PAUL,
    a_desk,
    a_run,
    an_employee,
    asking,
    cancelling,
    for_oneself,
    got,
    many,
    refused,
    run_of,
)
from services.enrolment.tests.conftest import BASE, Office

NORA = Who(uuid4(), AUSSERHALB, coordinator=True)


def test_a_booking_of_another_organisation_neither_blocks_nor_tells() -> None:
    run = a_run(capacity=5)
    desk = a_desk(run)
    theirs = got(desk.request(asking(run, ANNA, NORA), NOON))
    ours = got(desk.request(for_oneself(run, ANNA), NOON))
    assert (theirs.state, ours.state) == ("requested", "requested")
    assert refused(desk.request(asking(run, ANNA, NORA), NOON)) == "already-enrolled"
    again = desk.request(for_oneself(run, ANNA), NOON)
    assert refused(again) == "already-enrolled"
    assert getattr(again, "data", {})["enrolment_id"] == ours.id
    assert run_of(desk, run).taken == 2


def test_a_list_meets_only_the_enrolments_of_its_own_organisation() -> None:
    run = a_run(capacity=9)
    desk = a_desk(run)
    desk.request(asking(run, ANNA, NORA), NOON)
    rows = desk.book_bulk(many(run, [ANNA, PAUL, ANNA]), NOON)
    assert isinstance(rows, list)
    assert isinstance(rows[0].answer, Enrolment)
    assert refused(rows[2].answer) == "twice-in-list"
    listed = [BulkRow(uuid4(), PAUL), BulkRow(uuid4(), ANNA)]
    theirs = desk.book_bulk(BookBulk(uuid4(), run.id, listed, False, NORA, CAUSE), NOON)
    assert isinstance(theirs, list)
    assert isinstance(theirs[0].answer, Enrolment)
    assert refused(theirs[1].answer) == "already-enrolled"


def test_an_end_in_one_organisation_frees_nothing_in_the_other() -> None:
    run = a_run(capacity=5)
    desk = a_desk(run)
    theirs = got(desk.request(asking(run, ANNA, NORA), NOON))
    got(desk.request(for_oneself(run, ANNA), NOON))
    assert refused(desk.cancel(cancelling(theirs, an_employee(ANNA)), NOON)) == "not-found"
    assert refused(desk.cancel(cancelling(theirs, CARLA), NOON)) == "not-found"
    got(desk.cancel(cancelling(theirs, NORA), NOON))
    assert refused(desk.request(for_oneself(run, ANNA), NOON)) == "already-enrolled"
    assert got(desk.request(asking(run, ANNA, NORA), NOON)).state == "requested"


async def test_strangers_can_book_a_reference_and_its_person_never_notices(office: Office) -> None:
    run = await office.schedule(capacity=5)
    anna_ref = uuid4()
    body = {"run_id": str(run.id), "person_ref": str(anna_ref)}
    async with (
        office.client("coordinator", org=AUSSERHALB) as nora,
        office.client("employee", sub=anna_ref) as anna,
        office.carla as carla,
    ):
        theirs = await nora.post(BASE, json=body)
        ours = await anna.post(BASE, json=body)
        assert (theirs.status_code, ours.status_code) == (202, 202)
        for client, known in ((nora, theirs), (anna, ours), (carla, ours)):
            again = await client.post(BASE, json=body)
            assert (again.status_code, again.json()["code"]) == (409, "already-enrolled")
            assert again.json()["enrolment_id"] == known.json()["enrolment_id"]
            seen = (await client.get(BASE, params={"run_id": str(run.id)})).json()
            assert [one["enrolment_id"] for one in seen["items"]] == [known.json()["enrolment_id"]]
            assert sum(seen["counts"].values()) == 1
        path = f"{BASE}/{theirs.json()['enrolment_id']}"
        for answer in [
            await anna.get(path),
            await anna.get(f"{path}/calendar"),
            await anna.post(f"{path}/cancellation"),
            await anna.post(f"{path}/acceptance"),
        ]:
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    async with office.client("employee", sub=anna_ref, org=None) as nowhere:
        assert (await nowhere.get(BASE)).json()["items"] == []
        assert (await nowhere.get(path)).status_code == 404
    async with office.client("coordinator", org=None) as nobody:
        assert (await nobody.get(BASE)).json()["items"] == []


async def test_a_foreign_coordinator_finds_nothing(office: Office) -> None:
    run = await office.schedule(capacity=1)
    sure = await office.book(run)
    path = f"{BASE}/{sure['enrolment_id']}"
    async with office.client("coordinator", org=AUSSERHALB) as nora:
        answers = [
            await nora.get(path),
            await nora.get(f"{path}/calendar"),
            await nora.post(f"{path}/cancellation"),
            await nora.post(f"{path}/cancellation?dry_run=true"),
            await nora.post(f"{path}/acceptance"),
            await nora.post(f"{path}/decline"),
            await nora.post(f"{path}/accounting", json={"cost_centre": "4711"}),
            await nora.post(f"{path}/approval", json={"decision": "approve"}),
            await nora.get(f"{BASE}/{uuid4()}"),
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert {answer.json()["code"] for answer in answers} == {"not-found"}
        assert (await nora.get(BASE, params={"run_id": str(run.id)})).json()["items"] == []


async def test_a_list_of_strangers_tells_them_nothing(office: Office) -> None:
    run = await office.schedule(capacity=9)
    booked = await office.book(run)
    body = {"run_id": str(run.id), "people": [booked["person_ref"], str(uuid4())]}
    async with office.client("coordinator", org=AUSSERHALB) as nora:
        for params in ({"dry_run": "true"}, {}):
            answer = await nora.post(f"{BASE}/bulk", params=params, json=body)
            assert [row["code"] for row in answer.json()["rows"]] == ["held", "held"]
        again = await nora.post(f"{BASE}/bulk", json=body)
        codes = [row["code"] for row in again.json()["rows"]]
        assert codes == ["already-enrolled", "already-enrolled"]


async def test_the_database_keeps_one_live_enrolment_per_organisation(office: Office) -> None:
    run = await office.schedule(capacity=5)
    booked = await office.book(run)
    copy = text("""
        INSERT INTO enrolment
        SELECT (jsonb_populate_record(e, jsonb_build_object(
                   'id', gen_random_uuid(), 'organisation_id', CAST(:org AS uuid)))).*
          FROM enrolment e WHERE id = :id
    """)

    async def again(organisation_id: UUID) -> None:
        async with office.app.db.transaction() as tx:
            await tx.execute(copy, {"org": organisation_id, "id": UUID(booked["enrolment_id"])})

    await again(AUSSERHALB)
    with pytest.raises(UniqueViolationError, match="one_live_enrolment"):
        await again(UUID(booked["organisation_id"]))
