"""What clients read: lists, seats, calendar entries."""

import base64
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from enrolment.views import listing
from icalendar import Calendar
from sqlalchemy import text

from services.enrolment.tests.conftest import BASE, Office

LONG_AGO = text("""
    UPDATE run SET starts_at = now() - interval '400 days', ends_at = now() - interval '399 days',
                   closes_at = now() - interval '410 days', begun = true
     WHERE id = ANY(CAST(:ids AS uuid[]))
""")


def cursor_to(moment: str) -> str:
    """A cursor that we never gave."""
    place = [0, "2027-01-01T00:00:00Z", moment, str(uuid4())]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


async def test_a_list_is_read_page_by_page_in_both_orders(office: Office) -> None:
    run = await office.schedule(capacity=3)
    booked = [await office.book(run) for _ in range(5)]
    ids = [one["enrolment_id"] for one in booked]
    async with office.carla as client:
        for sort, wanted in (("newest", ids[::-1]), ("deadline", sorted(ids))):
            seen: list[str] = []
            params = {"run_id": str(run.id), "sort": sort, "limit": "2"}
            while True:
                page = (await client.get(BASE, params=params)).json()
                assert page["counts"] == {"confirmed": 3, "waitlisted": 2}
                seen += [item["enrolment_id"] for item in page["items"]]
                if not page.get("next_cursor"):
                    break
                params["cursor"] = page["next_cursor"]
            assert sorted(seen) == sorted(ids)
            assert seen == wanted
        wrong = await client.get(BASE, params={"cursor": "nonsense"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "cursor-invalid")


async def test_states_are_counted_up_to_a_limit(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await office.schedule(capacity=3, title=f"Viele {uuid4().hex}")
    for _ in range(4):
        await office.book(run)
    monkeypatch.setattr(listing, "COUNT_AT_MOST", 2)
    async with office.carla as client:
        for params in ({"run_id": str(run.id)}, {"q": run.title}):
            page = (await client.get(BASE, params=params)).json()
            assert page["counts"] == {"confirmed": 2, "waitlisted": 1}
            assert len(page["items"]) == 4


async def test_who_sees_no_organisation_is_shown_and_counted_own_ones_only(office: Office) -> None:
    run = await office.schedule(capacity=9)
    mine, other = [await office.book(run) for _ in range(2)]
    async with office.client("employee", sub=UUID(mine["person_ref"])) as anna:
        both = [mine["person_ref"], other["person_ref"]]
        for people in (None, other["person_ref"], both):
            params = {"run_id": str(run.id)} | ({"person_ref": people} if people else {})
            page = (await anna.get(BASE, params=params)).json()
            assert [item["enrolment_id"] for item in page["items"]] == [mine["enrolment_id"]]
            assert page["counts"] == {"confirmed": 1}


async def test_a_list_is_filtered(office: Office) -> None:
    run = await office.schedule(capacity=1, title="Haushaltsrecht 100% kompakt")
    sure = await office.book(run, cost_centre="KST-777", order_reference="B_1")
    first = await office.book(run)
    async with office.carla as client:

        async def found(**params: object) -> list[str]:
            given = {"run_id": str(run.id), **params}
            answer = await client.get(BASE, params=given)  # type: ignore[arg-type]
            assert answer.status_code == 200, answer.text
            return [item["enrolment_id"] for item in answer.json()["items"]]

        assert await found(state=["confirmed", "offered"]) == [sure["enrolment_id"]]
        assert await found(state="waitlisted") == [first["enrolment_id"]]
        assert await found(q="kst-777") == [sure["enrolment_id"]]
        assert await found(q="b_1") == [sure["enrolment_id"]]
        assert await found(q="_") == [sure["enrolment_id"]]
        assert len(await found(q="100% kom")) == 2
        assert await found(q="%%%") == []
        assert await found(person_ref=sure["person_ref"]) == [sure["enrolment_id"]]
        day = run.starts_at.date()
        assert len(await found(**{"from": str(day), "to": str(day)})) == 2
        assert await found(**{"from": str(day + timedelta(days=1))}) == []
        wrong: list[dict[str, str]] = [
            {"state": "lost"},
            {"q": "a\x00b"},
            {"limit": "0"},
            {"person_ref": "somebody"},
            {"sort": "by-name"},
            {"from": "0001-01-01"},
            {"to": "9999-12-31"},
            {"cursor": cursor_to("0001-01-01T00:00:00+23:00")},
            {"cursor": cursor_to("9999-12-31T23:59:59-23:00")},
            {"cursor": cursor_to("2027-01-01T00:00:00")},
            {"cursor": "ä"},
        ]
        for params in wrong:
            assert (await client.get(BASE, params=params)).status_code == 422, params


async def test_a_list_of_as_many_people_as_a_department_may_have_is_read(office: Office) -> None:
    run = await office.schedule(capacity=1)
    sure, waits, _ = [await office.book(run) for _ in range(3)]
    both = [waits["person_ref"], sure["person_ref"]]
    many = [*both, *(str(uuid4()) for _ in range(498))]
    async with office.carla as client:
        for sort in ("newest", "deadline"):
            page = (await client.get(BASE, params={"person_ref": many, "sort": sort})).json()
            found = {item["enrolment_id"] for item in page["items"]}
            assert found == {sure["enrolment_id"], waits["enrolment_id"]}
            assert page["counts"] == {"confirmed": 1, "waitlisted": 1}
        params = {"person_ref": both, "state": "waitlisted"}
        page = (await client.get(BASE, params=params)).json()
        assert [item["enrolment_id"] for item in page["items"]] == [waits["enrolment_id"]]
        nobody = (await client.get(BASE, params={"person_ref": many[2:]})).json()
        assert nobody["items"] == []
        too_many = await client.get(BASE, params={"person_ref": [*many, str(uuid4())]})
        assert too_many.status_code == 422


async def test_what_has_a_deadline_stands_first(office: Office) -> None:
    title = f"Fristen {uuid4().hex}"
    run = await office.schedule(capacity=1, title=title)
    sure, first = [await office.book(run) for _ in range(2)]
    late = await office.book(await office.schedule(capacity=1, title=title))
    async with office.carla as client:
        await client.post(f"{BASE}/{sure['enrolment_id']}/cancellation")
        page = (await client.get(BASE, params={"sort": "deadline", "q": title})).json()
    order = [item["enrolment_id"] for item in page["items"]]
    place = {one["enrolment_id"]: order.index(one["enrolment_id"]) for one in (sure, first, late)}
    assert place[first["enrolment_id"]] < place[late["enrolment_id"]] < place[sure["enrolment_id"]]


async def test_what_is_over_stands_behind_what_is_still_to_come(office: Office) -> None:
    title = f"Vorbei {uuid4().hex}"
    over = [await office.book(await office.schedule(capacity=1, title=title)) for _ in range(2)]
    runs = [UUID(one["run_id"]) for one in over]
    coming = await office.book(await office.schedule(capacity=1, title=title))
    async with office.app.db.transaction() as tx:
        await tx.execute(LONG_AGO, {"ids": runs})
    seen: list[str] = []
    params = {"sort": "deadline", "q": title, "limit": "1"}
    async with office.carla as client:
        while True:
            page = (await client.get(BASE, params=params)).json()
            seen += [item["enrolment_id"] for item in page["items"]]
            if "next_cursor" not in page:
                break
            params["cursor"] = page["next_cursor"]
    assert seen == [one["enrolment_id"] for one in (coming, over[1], over[0])]


async def test_seats_of_many_runs_are_one_call(office: Office) -> None:
    one, two = await office.schedule(capacity=3), await office.schedule(capacity=4)
    async with office.client("employee") as anna:
        ids = f"{two.id},{uuid4()},{one.id}"
        answer = await anna.get("/api/enrolment/seats", params={"run_ids": ids})
        assert [item["capacity"] for item in answer.json()["items"]] == [4, 3]
        twice = await anna.get(
            "/api/enrolment/seats", params={"run_ids": [str(one.id), str(two.id)]}
        )
        assert len(twice.json()["items"]) == 2
        missing = await anna.get(f"/api/enrolment/runs/{uuid4()}/seats")
        assert missing.status_code == 404
        wrong = await anna.get("/api/enrolment/seats", params={"run_ids": "x"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid")
        many = ",".join(str(uuid4()) for _ in range(101))
        too_many = await anna.get("/api/enrolment/seats", params={"run_ids": many})
        assert (too_many.status_code, too_many.json()["code"]) == (422, "too-many-runs")
    async with office.app.client() as nobody:
        assert (await nobody.get(f"/api/enrolment/runs/{one.id}/seats")).status_code == 401


async def test_a_calendar_entry_says_when_and_where(office: Office) -> None:
    run = await office.schedule(capacity=1)
    sure = await office.book(run)
    async with office.carla as client:
        answer = await client.get(f"{BASE}/{sure['enrolment_id']}/calendar")
        assert answer.headers["content-type"].startswith("text/calendar")
        (event,) = Calendar.from_ical(answer.content).events
        assert (str(event["uid"]), str(event["status"])) == (sure["enrolment_id"], "CONFIRMED")
        assert event.start == run.starts_at
        assert str(event["location"]) == "Bensheim"
        assert str(event["transp"]) == "OPAQUE"
        await client.post(f"{BASE}/{sure['enrolment_id']}/cancellation")
        answer = await client.get(f"{BASE}/{sure['enrolment_id']}/calendar")
        assert b"STATUS:CANCELLED" in answer.content


async def test_a_course_for_any_time_blocks_no_weeks_of_a_calendar(office: Office) -> None:
    sure = await office.book(await office.schedule(capacity=1, on_demand=True))
    async with office.carla as client:
        answer = await client.get(f"{BASE}/{sure['enrolment_id']}/calendar")
    (event,) = Calendar.from_ical(answer.content).events
    assert str(event["transp"]) == "TRANSPARENT"


async def test_an_enrolment_has_a_version_as_its_tag(office: Office) -> None:
    sure = await office.book(await office.schedule(capacity=1))
    async with office.carla as client:
        answer = await client.get(f"{BASE}/{sure['enrolment_id']}")
    assert answer.headers["etag"] == '"2"'
