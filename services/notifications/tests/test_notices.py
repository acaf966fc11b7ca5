"""From the event to the mail, on real PostgreSQL, Kafka and SMTP."""

import asyncio
from uuid import uuid4

import pytest
from chassis.testing import TestApp, until
from contracts.enrolment import BulkRow
from contracts.notifications import NoticeFailed, NoticeSent
from icalendar import Calendar
from notifications.adapters import smtp
from notifications.domain.retry import Answer, Verdict

from .builders import (
    bulk_settled,
    cancelled,
    confirmed,
    offered,
    priced,
    reminded,
    run_scheduled,
    waitlisted,
)
from .conftest import Member, Post, a_known_run, about, delivered, enter, rows, two
from .postbox import DROP


async def test_a_confirmed_seat_tells_the_person_and_who_booked_once_each(
    app: TestApp, post: Post
) -> None:
    anna, carla = await two(app)
    run_id = await a_known_run(app)
    event = confirmed(**about(anna, carla, run_id))
    await app.send(priced(event.enrolment_id))
    (cause,) = await app.send(event)
    sent = await app.heard(NoticeSent, lambda e: e.cause_id == cause, count=2)
    assert {(e.recipient_ref, e.channel, e.kind) for e in sent} == {
        (anna.ref, "mail", "seat-confirmed"),
        (carla.ref, "mail", "seat-confirmed"),
    }
    assert {e.about_id for e in sent} == {event.enrolment_id}
    assert {e.meta.causation_id for e in sent} == {str(cause)}
    (mail,) = post.box.to(anna.mail)
    assert mail.subject == "Platz bestätigt: Digitale Akte einführen"
    assert "353,00\xa0€, statt 441,00\xa0€, 88,00\xa0€ gespart" in mail.text
    part = next(p for p in mail.message.walk() if p.get_content_type() == "text/calendar")
    calendar = Calendar.from_ical(bytes(part.get_payload(decode=True)))
    assert str(calendar.walk("VEVENT")[0]["uid"]) == str(event.enrolment_id)
    assert "Ihre Buchung für Anna Müller" in post.box.to(carla.mail)[0].text


async def test_english_is_written_to_who_wants_it(app: TestApp, post: Post) -> None:
    anna = await enter(app, uuid4(), language="en")
    await app.send(waitlisted(**about(anna, None, await a_known_run(app))))
    await delivered(post, anna.mail)
    assert post.box.to(anna.mail)[0].subject == "Waiting list: Digitale Akte einführen"


async def test_an_event_that_comes_again_and_again_makes_one_notice(
    app: TestApp, post: Post
) -> None:
    anna, carla = await two(app)
    event = confirmed(**about(anna, carla, await a_known_run(app)))
    id_ = uuid4()
    await app.send(event, event, event, ids=[id_, id_, id_])
    await app.heard(NoticeSent, lambda e: e.cause_id == id_, count=2)
    await app.send(event, ids=[id_])
    await app.settled()
    assert [len(post.box.to(who.mail)) for who in (anna, carla)] == [1, 1]
    assert len(await app.heard(NoticeSent, lambda e: e.cause_id == id_)) == 2


async def test_without_a_contact_the_notice_stands_in_the_portal(app: TestApp) -> None:
    nobody = Member(uuid4(), uuid4(), "")
    (cause,) = await app.send(confirmed(**about(nobody, None, await a_known_run(app))))
    (sent,) = await app.heard(NoticeSent, lambda e: e.cause_id == cause)
    assert sent.channel == "portal"
    async with app.http("employee", sub=nobody.ref, org=nobody.org) as client:
        page = (await client.get("/api/notifications/notices")).json()
    assert [item["title"] for item in page["items"]] == ["Ihr Platz ist sicher"]


async def test_a_step_waits_for_the_title_of_its_run(app: TestApp, post: Post) -> None:
    anna, run_id = await enter(app, uuid4()), uuid4()
    await app.send(confirmed(**about(anna, None, run_id)))
    waiting = await until(lambda: rows(app, anna.ref))
    assert [row["state"] for row in waiting] == ["waiting"]
    await app.send(run_scheduled(run_id=run_id, title="Vergaberecht"))
    await delivered(post, anna.mail)
    assert post.box.to(anna.mail)[0].subject == "Platz bestätigt: Vergaberecht"


async def test_a_bulk_call_tells_the_coordinator_once_and_later_steps_singly(
    app: TestApp, post: Post
) -> None:
    anna, carla = await two(app)
    run_id, bulk_id = await a_known_run(app), uuid4()
    covered = [waitlisted(**about(anna, carla, run_id, bulk_id=bulk_id)) for _ in range(3)]
    await app.send(*covered)
    await delivered(post, anna.mail, 3)
    listed = [
        BulkRow(enrolment_id=e.enrolment_id, person_ref=anna.ref, state="waitlisted", place=n + 1)
        for n, e in enumerate(covered)
    ]
    settled = bulk_settled(
        bulk_id, run_id=run_id, organisation_id=carla.org, booked_by_ref=carla.ref, rows=listed
    )
    await app.send(settled)
    await delivered(post, carla.mail)
    assert "Anna Müller: Warteliste, Platz\xa02" in post.box.to(carla.mail)[0].text
    later = about(anna, carla, run_id, bulk_id=bulk_id, enrolment_id=covered[0].enrolment_id)
    await app.send(offered(**later))
    await delivered(post, carla.mail, 2)

    async def none_waits() -> bool:
        return all(row["state"] == "sent" for row in await rows(app, carla.ref))

    await until(none_waits)
    assert [row["kind"] for row in await rows(app, carla.ref)] == ["bulk-settled", "seat-offered"]


async def test_a_mail_that_is_put_off_comes_later_and_once(app: TestApp, post: Post) -> None:
    anna = await enter(app, uuid4())
    post.box.at_rcpt[anna.mail] = ["450 try later", "451 still later"]
    (cause,) = await app.send(confirmed(**about(anna, None, await a_known_run(app))))
    (sent,) = await app.heard(NoticeSent, lambda e: e.cause_id == cause)
    assert sent.channel == "mail"
    assert post.box.tries[anna.mail] == 3
    assert len(post.box.to(anna.mail)) == 1


async def test_a_mail_that_is_refused_for_good_is_dead_with_its_reason(
    app: TestApp, post: Post
) -> None:
    anna = await enter(app, uuid4())
    post.box.at_data[anna.mail] = ["550 no such user anna@kreis.example"]
    (cause,) = await app.send(confirmed(**about(anna, None, await a_known_run(app))))
    (failed,) = await app.heard(NoticeFailed, lambda e: e.cause_id == cause)
    assert failed.reason == "smtp-550"
    ((row),) = await rows(app, anna.ref)
    assert (row["state"], row["reason"], row["attempts"]) == ("dead", "smtp-550", 1)


async def test_a_mail_that_is_put_off_for_ever_is_given_up(app: TestApp, post: Post) -> None:
    anna = await enter(app, uuid4())
    post.box.at_rcpt[anna.mail] = ["450 later"] * 20
    (cause,) = await app.send(confirmed(**about(anna, None, await a_known_run(app))))
    (failed,) = await app.heard(NoticeFailed, lambda e: e.cause_id == cause)
    assert (failed.reason, post.box.tries[anna.mail]) == ("smtp-450", 4)


async def test_a_server_that_hangs_up_after_the_mail_gets_it_again_under_the_same_id(
    app: TestApp, post: Post
) -> None:
    anna = await enter(app, uuid4())
    post.box.at_data[anna.mail] = [DROP]
    (cause,) = await app.send(confirmed(**about(anna, None, await a_known_run(app))))
    sent = await app.heard(NoticeSent, lambda e: e.cause_id == cause)
    assert len(sent) == 1
    mails = post.box.to(anna.mail)
    assert len(mails) == 2
    assert len({mail.message_id for mail in mails}) == 1


async def test_a_server_that_closes_is_not_held_against_the_mail(app: TestApp, post: Post) -> None:
    anna = await enter(app, uuid4())
    post.box.at_rcpt[anna.mail] = ["421 closing"] * 6
    (cause,) = await app.send(confirmed(**about(anna, None, await a_known_run(app))))
    await app.heard(NoticeSent, lambda e: e.cause_id == cause)
    ((row),) = await rows(app, anna.ref)
    assert (row["state"], row["attempts"]) == ("sent", 1)


@pytest.mark.parametrize(
    ("answer", "taken_for"), [("450 later", "never"), ("421 closing", "later")]
)
async def test_control_a_mail_is_lost_where_answers_are_not_told_apart(
    app: TestApp, post: Post, monkeypatch: pytest.MonkeyPatch, answer: str, taken_for: Verdict
) -> None:
    monkeypatch.setattr(smtp, "judge", lambda code: Answer(taken_for, f"smtp-{code}"))
    anna = await enter(app, uuid4())
    post.box.at_rcpt[anna.mail] = [answer] * 6
    (cause,) = await app.send(confirmed(**about(anna, None, await a_known_run(app))))
    (failed,) = await app.heard(NoticeFailed, lambda e: e.cause_id == cause)
    assert failed.reason == f"smtp-{answer[:3]}"
    assert post.box.to(anna.mail) == []


async def test_an_outage_of_the_mail_server_is_waited_out(app: TestApp, post: Post) -> None:
    people = [await enter(app, uuid4()) for _ in range(5)]
    run_id = await a_known_run(app)
    await asyncio.to_thread(post.stop)
    causes = await app.send(*(confirmed(**about(who, None, run_id)) for who in people))

    async def tried() -> bool:
        claims = [row["claim"] for who in people for row in await rows(app, who.ref)]
        return len(claims) == 5 and sum(claims) > 10

    await until(tried, name="tries without a server")
    await asyncio.to_thread(post.start)
    await app.heard(NoticeSent, lambda e: e.cause_id in causes, count=5)
    assert [len(post.box.to(who.mail)) for who in people] == [1] * 5
    assert {row["attempts"] for who in people for row in await rows(app, who.ref)} == {1}


async def test_an_earlier_mail_about_the_same_seat_goes_first(app: TestApp, post: Post) -> None:
    anna = await enter(app, uuid4())
    post.box.at_rcpt[anna.mail] = ["450 later", "450 later"]
    fields = about(anna, None, await a_known_run(app))
    await app.send(waitlisted(**fields))
    await until(lambda: rows(app, anna.ref))
    await app.send(cancelled(**fields))
    await delivered(post, anna.mail, 2)
    assert [mail.subject.split(":")[0] for mail in post.box.to(anna.mail)] == [
        "Warteliste",
        "Platz abgesagt",
    ]


async def test_a_wave_of_events_is_told_once_each_over_few_connections(
    app: TestApp, post: Post
) -> None:
    anna, carla = await two(app)
    run_id = await a_known_run(app)
    before = post.box.connections
    events = [confirmed(**about(anna, carla, run_id)) for _ in range(100)]
    ids = [uuid4() for _ in events]
    await app.send(*events, *events, ids=[*ids, *ids])
    sent = await app.heard(NoticeSent, lambda e: e.cause_id in set(ids), count=200, seconds=60)
    assert len({e.notice_id for e in sent}) == len(sent) == 200
    mails = [*post.box.to(anna.mail), *post.box.to(carla.mail)]
    assert len({mail.message_id for mail in mails}) == len(mails) == 200
    assert post.box.connections - before <= 12


async def test_a_reminder_is_for_those_who_decide_and_for_nobody_else(
    app: TestApp, post: Post
) -> None:
    anna, carla = await two(app)
    paul, vera = await enter(app, anna.org, "Paul"), await enter(app, anna.org, "Vera")
    stranger = await enter(app, uuid4(), "Stefan")
    for who, org in ((paul, paul.org), (vera, vera.org), (anna, anna.org), (stranger, uuid4())):
        async with app.http("employee", "approver", sub=who.ref, org=org) as client:
            answer = await client.get("/api/notifications/contacts/me")
            assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    async with app.http("employee", sub=vera.ref, org=vera.org) as client:
        await client.get("/api/notifications/contacts/me")  # she does not decide any more
    run_id = await a_known_run(app)
    event = reminded(**about(anna, carla, run_id, reminded_by_ref=anna.ref))
    await app.send(event)
    await delivered(post, paul.mail)
    mail = post.box.to(paul.mail)[0]
    assert mail.subject.startswith("Erinnerung: Anfrage wartet auf Ihre Freigabe")
    assert "/freigaben" in mail.text
    await app.settled()
    for nobody in (anna, carla, vera, stranger):
        assert await rows(app, nobody.ref) == [], "nobody decides on an own request"
    async with app.http("approver", sub=paul.ref, org=paul.org) as client:
        (item,) = (await client.get("/api/notifications/notices")).json()["items"]
    assert (item["kind"], item["path"]) == ("approval-reminded", "/freigaben")
