"""Any organisation can book for any reference: only the own one reaches a person."""

from typing import Any
from uuid import uuid4

import pytest
from chassis.testing import TestApp, until
from contracts.enrolment import BulkRow
from icalendar import Calendar

from .builders import bulk_settled, confirmed, waitlisted
from .conftest import Member, Post, a_known_run, about, enter, rows
from .test_inbox import INBOX, as_person, listening, over_http, tell


async def booked_from_elsewhere(app: TestApp) -> tuple[Member, Member, dict[str, Any]]:
    """Anna, Nora of another organisation, and what Nora's booking for Anna says."""
    anna, nora = await enter(app, uuid4(), "Anna"), await enter(app, uuid4(), "Nora")
    fields = about(anna, nora, await a_known_run(app), organisation_id=nora.org)
    return anna, nora, fields


async def test_a_booking_of_another_organisation_does_not_reach_the_inbox(app: TestApp) -> None:
    anna, nora, fields = await booked_from_elsewhere(app)
    await tell(app, waitlisted(**fields))
    (kept,) = await rows(app, anna.ref)
    async with as_person(app, anna) as client, as_person(app, nora) as booker:
        page = (await client.get(INBOX)).json()
        assert (page["items"], page["unread"]) == ([], 0)
        assert (await client.post(f"{INBOX}/{kept['notice_id']}/read")).status_code == 404
        assert (await booker.get(INBOX)).json()["unread"] == 1
    await tell(app, waitlisted(**about(anna, None, fields["run_id"])))
    async with as_person(app, anna) as client:
        page = (await client.get(INBOX)).json()
    assert (len(page["items"]), page["unread"]) == (1, 1)


async def test_a_person_without_a_contact_sees_notices_of_the_own_organisation_only(
    app: TestApp,
) -> None:
    stranger, home, other = uuid4(), uuid4(), uuid4()
    run_id = await a_known_run(app)
    who = Member(stranger, home, "")
    await tell(app, waitlisted(**about(who, None, run_id, organisation_id=other)))
    await tell(app, waitlisted(**about(who, None, run_id, place=2)))
    assert len(await rows(app, stranger)) == 2
    for org, places in ((home, "2"), (other, "3"), (None, "")):
        async with app.http("employee", sub=stranger, org=org) as client:
            page = (await client.get(INBOX)).json()
        assert "".join(item["title"][-1] for item in page["items"]) == places
        assert page["unread"] == len(places)


async def test_a_booking_of_another_organisation_makes_no_mail_and_no_calendar_entry(
    app: TestApp, post: Post
) -> None:
    anna, nora, fields = await booked_from_elsewhere(app)
    await tell(app, confirmed(**fields))
    await until(lambda: post.box.to(nora.mail))
    assert post.box.to(anna.mail) == []
    (mail,) = post.box.to(nora.mail)
    assert "Anna" not in mail.text
    assert anna.mail not in mail.text
    async with as_person(app, anna) as client, app.client() as anybody:
        url = (await client.post("/api/notifications/calendar")).json()["url"]
        feed = await anybody.get(url[url.index("/api/") :])
        assert Calendar.from_ical(feed.content).walk("VEVENT") == []


async def test_the_list_of_another_organisation_names_nobody_of_ours(
    app: TestApp, post: Post
) -> None:
    anna, nora, fields = await booked_from_elsewhere(app)
    row = BulkRow(enrolment_id=uuid4(), person_ref=anna.ref, state="confirmed", price_cents=100)
    more = {"organisation_id": nora.org, "booked_by_ref": nora.ref, "run_id": fields["run_id"]}
    await tell(app, bulk_settled(uuid4(), rows=[row], **more))
    await until(lambda: post.box.to(nora.mail))
    assert "Anna" not in post.box.to(nora.mail)[0].text


@pytest.mark.parametrize("missed", [True, False])
async def test_a_booking_of_another_organisation_does_not_reach_the_stream(
    app: TestApp, missed: bool
) -> None:
    anna, _, fields = await booked_from_elsewhere(app)
    last = "1-1" if missed else None
    async with over_http(app) as url:
        if missed:
            await tell(app, waitlisted(**fields))
        async with listening(app, url, anna, last) as stream:
            if not missed:
                await tell(app, waitlisted(**fields))
            await tell(app, waitlisted(**about(anna, None, fields["run_id"], place=2)))
            await until(lambda: stream.titles)
            assert [title[-1] for title in stream.titles] == ["2"]


async def test_a_booking_of_another_organisation_does_not_lock_a_known_contact(
    app: TestApp,
) -> None:
    anna, _, fields = await booked_from_elsewhere(app)
    await tell(app, waitlisted(**fields))
    body = {"family_name": "Maier", "mail": anna.mail}
    path = f"/api/notifications/contacts/{anna.ref}"
    async with app.http("coordinator", sub=uuid4(), org=anna.org) as ours:
        assert (await ours.put(path, json=body)).status_code == 200
    async with app.http("coordinator", sub=uuid4(), org=fields["organisation_id"]) as theirs:
        assert (await theirs.put(path, json=body)).status_code == 404
