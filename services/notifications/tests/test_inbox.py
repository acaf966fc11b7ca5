"""Inbox, preferences, stream and calendar feed, on real servers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from chassis.testing import TestApp, until
from contracts.notifications import NoticeSent
from icalendar import Calendar

from .builders import confirmed, offered, waitlisted
from .conftest import Member, Post, a_known_run, about, enter, free_port, rows

INBOX = "/api/notifications/notices"
PREFERENCES = "/api/notifications/preferences"


def as_person(app: TestApp, who: Member) -> httpx.AsyncClient:
    """The person's own client."""
    return app.http("employee", sub=who.ref, org=who.org)


async def tell(app: TestApp, *events: Any) -> None:
    """Send events and wait until the recipients were told."""
    causes = set(await app.send(*events))
    await app.heard(NoticeSent, lambda e: e.cause_id in causes, count=len(events))


async def test_the_inbox_shows_own_notices_newest_first_and_pages(app: TestApp) -> None:
    anna, other = await enter(app, uuid4()), await enter(app, uuid4())
    run_id = await a_known_run(app)
    for place in (3, 2, 1):
        await tell(app, waitlisted(**about(anna, None, run_id, place=place)))
    await tell(app, waitlisted(**about(other, None, run_id)))
    async with as_person(app, anna) as client:
        first = (await client.get(INBOX, params={"limit": 2})).json()
        second = (await client.get(INBOX, params={"cursor": first["next_cursor"]})).json()
    titles = [item["title"] for item in first["items"] + second["items"]]
    assert titles == [f"Sie stehen auf der Warteliste, Platz\xa0{n}" for n in (1, 2, 3)]
    assert (first["unread"], second["next_cursor"]) == (3, None)
    assert {item["channel"] for item in first["items"]} == {"mail"}


async def test_reading_counts_once_and_only_for_the_recipient(app: TestApp) -> None:
    anna, other = await enter(app, uuid4()), await enter(app, uuid4())
    await tell(app, confirmed(**about(anna, None, await a_known_run(app))))
    async with as_person(app, anna) as client, as_person(app, other) as stranger:
        (item,) = (await client.get(INBOX)).json()["items"]
        path = f"{INBOX}/{item['notice_id']}/read"
        assert (await stranger.post(path)).status_code == 404
        first = await client.post(path)
        again = await client.post(path)
        assert first.json() == again.json()
        left = (await client.get(INBOX, params={"unread": True})).json()
    assert (left["items"], left["unread"]) == ([], 0)


async def test_the_inbox_speaks_the_language_of_the_person(app: TestApp) -> None:
    anna = await enter(app, uuid4())
    await tell(app, confirmed(**about(anna, None, await a_known_run(app))))
    async with as_person(app, anna) as client:
        await client.put(PREFERENCES, json={"language": "en"})
        (item,) = (await client.get(INBOX)).json()["items"]
    assert (item["title"], item["path"]) == ("Your seat is certain", "/en/meine-kurse")


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJhIl0", "WyItMSJd", "ü"])
async def test_a_cursor_of_somebody_else_is_refused(app: TestApp, cursor: str) -> None:
    async with app.http("employee", org=uuid4()) as client:
        answer = await client.get(INBOX, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor-unknown")


async def test_who_wants_no_mail_gets_none(app: TestApp, post: Post) -> None:
    anna = await enter(app, uuid4())
    async with as_person(app, anna) as client:
        before = await client.get(PREFERENCES)
        assert before.json()["channel"] == "mail"
        body = {"language": "de", "channel": "portal"}
        stale = await client.put(PREFERENCES, json=body, headers={"If-Match": '"9"'})
        assert stale.status_code == 412
        after = await client.put(
            PREFERENCES, json=body, headers={"If-Match": before.headers["ETag"]}
        )
        assert after.json()["channel"] == "portal"
    (cause,) = await app.send(confirmed(**about(anna, None, await a_known_run(app))))
    (sent,) = await app.heard(NoticeSent, lambda e: e.cause_id == cause)
    assert (sent.channel, post.box.to(anna.mail)) == ("portal", [])


async def test_mails_wait_for_the_end_of_quiet_hours_but_offered_seats_do_not(
    app: TestApp, post: Post
) -> None:
    anna = await enter(app, uuid4())
    now = datetime.now(UTC)
    from notifications.domain.hours import BERLIN

    local = now.astimezone(BERLIN)
    quiet = {
        "quiet_from": (local - timedelta(hours=1)).strftime("%H:%M"),
        "quiet_to": (local + timedelta(hours=3)).strftime("%H:%M"),
    }
    async with as_person(app, anna) as client:
        half = await client.put(PREFERENCES, json={"quiet_from": "20:00"})
        assert half.json()["errors"][0]["pointer"] == "/quiet_to"
        answer = await client.put(PREFERENCES, json=quiet)
        assert answer.status_code == 200
    run_id = await a_known_run(app)
    await app.send(waitlisted(**about(anna, None, run_id)))
    waiting = await until(lambda: rows(app, anna.ref))
    assert waiting[0]["due_at"] - now > timedelta(hours=2)
    await tell(app, offered(**about(anna, None, run_id)))
    assert [m.subject.split(":")[0] for m in post.box.to(anna.mail)] == ["Platz frei"]


async def test_an_erased_address_gets_no_mail_that_was_queued_for_it(
    app: TestApp, post: Post
) -> None:
    from sqlalchemy import text

    anna = await enter(app, uuid4())
    post.box.at_rcpt[anna.mail] = ["450 later", "450 later"]
    (cause,) = await app.send(confirmed(**about(anna, None, await a_known_run(app))))
    await until(lambda: post.box.tries[anna.mail] > 0)
    async with app.db.transaction() as tx:
        await tx.execute(text("DELETE FROM person WHERE person_ref = :p"), {"p": anna.ref})
    (sent,) = await app.heard(NoticeSent, lambda e: e.cause_id == cause)
    assert (sent.channel, post.box.to(anna.mail)) == ("portal", [])


@contextlib.asynccontextmanager
async def over_http(app: TestApp) -> AsyncIterator[str]:
    """The running service behind a real socket: streams do not pass the in-memory client."""
    config = uvicorn.Config(
        app.app, port=free_port(), lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    try:
        await until(lambda: server.started)
        yield f"http://127.0.0.1:{config.port}"
    finally:
        server.should_exit = True
        await serving


class Listener:
    """A client of the stream."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.titles: list[str] = []
        self.comments = 0

    async def listen(self, app: TestApp, url: str, who: Member, last: str | None = None) -> None:
        """Read until cancelled."""
        headers = {"Authorization": f"Bearer {app.issuer.token(sub=who.ref, org=who.org)}"}
        if last:
            headers["Last-Event-ID"] = last
        async with (
            httpx.AsyncClient(timeout=None) as client,  # noqa: S113 - a stream has no end
            client.stream("GET", f"{url}/api/notifications/stream", headers=headers) as answer,
        ):
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    self.ids.append(value)
                elif name == "data":
                    self.titles.append(httpx.Response(200, text=value).json()["title"])
                elif line.startswith(":"):
                    self.comments += 1


@contextlib.asynccontextmanager
async def listening(
    app: TestApp, url: str, who: Member, last: str | None = None
) -> AsyncIterator[Listener]:
    """A client that is connected."""
    listener = Listener()
    task = asyncio.create_task(listener.listen(app, url, who, last))
    try:
        await until(lambda: listener.comments or task.done(), name="the welcome")
        if task.done():
            task.result()
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_stream_brings_own_notices_and_signs_of_life(app: TestApp) -> None:
    anna, other = await enter(app, uuid4()), await enter(app, uuid4())
    run_id = await a_known_run(app)
    async with over_http(app) as url, listening(app, url, anna) as stream:
        await tell(app, waitlisted(**about(other, None, run_id)))
        await tell(app, waitlisted(**about(anna, None, run_id, place=2)))
        await until(lambda: stream.titles)
        await until(lambda: stream.comments > 1)
        assert stream.titles == ["Sie stehen auf der Warteliste, Platz\xa02"]


async def test_the_stream_gives_what_was_missed_exactly_once(app: TestApp) -> None:
    anna = await enter(app, uuid4())
    run_id = await a_known_run(app)
    async with over_http(app) as url:
        async with listening(app, url, anna) as stream:
            await tell(app, waitlisted(**about(anna, None, run_id, place=9)))
            await until(lambda: stream.ids)
        for place in (8, 7):
            await tell(app, waitlisted(**about(anna, None, run_id, place=place)))
        async with listening(app, url, anna, stream.ids[-1]) as later:
            await tell(app, waitlisted(**about(anna, None, run_id, place=6)))
            await until(lambda: len(later.titles) >= 3)
            await until(lambda: later.comments > 2)
    assert [title[-1] for title in stream.titles + later.titles] == ["9", "8", "7", "6"]
    assert len(set(stream.ids + later.ids)) == 4


async def test_the_stream_needs_a_token(app: TestApp) -> None:
    async with app.client() as client:
        assert (await client.get("/api/notifications/stream")).status_code == 401


async def test_the_calendar_feed_opens_with_its_secret_until_it_is_renewed(app: TestApp) -> None:
    anna = await enter(app, uuid4())
    fields = about(anna, None, await a_known_run(app, title="Vergaberecht"))
    await tell(app, confirmed(**fields))
    async with as_person(app, anna) as client, app.client() as anybody:
        path = "/api/notifications/calendar"
        assert (await client.get(path)).json() == {"url": None}
        url = (await client.post(path)).json()["url"]
        assert (await client.get(path)).json() == {"url": url}
        feed = await anybody.get(httpx.URL(url).path)
        assert feed.headers["content-type"].startswith("text/calendar")
        (entry,) = Calendar.from_ical(feed.content).walk("VEVENT")
        assert (str(entry["summary"]), str(entry["uid"])) == (
            "Vergaberecht",
            str(fields["enrolment_id"]),
        )
        await client.post(path)
        assert (await anybody.get(httpx.URL(url).path)).status_code == 404
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).json() == {"url": None}
        assert (await anybody.get(f"{path}/{UUID(int=0)}.ics")).status_code == 422
