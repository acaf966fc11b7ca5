"""The inbox of a person and how he or she wants to be told."""

import re
from datetime import datetime, time
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import SignedIn
from chassis.http import Body, IfMatch, Read, View, Write, etag, problems
from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, WithJsonSchema

from notifications import commands, handlers
from notifications.adapters.words import written
from notifications.domain.course import Dossier
from notifications.domain.person import Channel, Language, Person, quiet_hours
from notifications.http.paging import CURSOR_UNKNOWN, Cursor, next_cursor
from notifications.store import dossiers, notices, people
from notifications.store.notices import Reader

router = APIRouter(prefix="/api/notifications", tags=["inbox"])

NEWEST = 2**62


class NoticeView(View):
    """One notice in the person's language. `path` leads to the thing in the portal."""

    notice_id: UUID
    kind: str
    about_id: UUID
    run_id: UUID
    title: str
    text: str
    path: str
    created_at: datetime
    read_at: datetime | None
    channel: Channel
    state: str


class NoticePage(View):
    """One page of the inbox, the newest first, and how many notices are unread in all."""

    items: list[NoticeView]
    unread: int
    next_cursor: str | None


def _on_the_wall(value: time | None) -> time | None:
    """Quiet hours have no offset: it would be dropped without a word."""
    if value is not None and value.tzinfo is not None:
        raise ValueError("a time of day in Europe/Berlin, without an offset")
    return value


# "format": "time" of JSON Schema would ask for an offset
ON_THE_WALL: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?$"},
        {"type": "null"},
    ]
}
TimeOfDay = Annotated[time | None, AfterValidator(_on_the_wall), WithJsonSchema(ON_THE_WALL)]
ShownTime = Annotated[time | None, WithJsonSchema(ON_THE_WALL)]


class Preferences(Body):
    """How a person wants to be told. Quiet hours are times of day in Europe/Berlin."""

    language: Language = "de"
    channel: Channel = "mail"
    quiet_from: TimeOfDay = None
    quiet_to: TimeOfDay = None


class PreferencesView(View):
    """The same with its version."""

    language: Language
    channel: Channel
    quiet_from: ShownTime
    quiet_to: ShownTime
    version: int


def shown(dossier: Dossier, language: Language) -> NoticeView:
    """A notice in words."""
    notice, words = dossier.notice, written(dossier, language)
    return NoticeView(
        notice_id=notice.notice_id,
        kind=notice.kind,
        about_id=notice.about_id,
        run_id=notice.run_id,
        title=words.title,
        text=words.text,
        path=words.path,
        created_at=notice.created_at,
        read_at=notice.read_at,
        channel=notice.channel,
        state="queued" if notice.state == "sending" else notice.state,
    )


@router.get("/notices", responses=problems())
async def list_notices(
    actor: SignedIn,
    read: Read,
    unread: bool = False,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    cursor: Cursor = None,
) -> NoticePage:
    """The own notices in the own organisation, the newest first."""
    before = NEWEST if cursor is None else number_of(cursor)
    reader = Reader(actor.person_ref, actor.organisation_id)
    async with read() as tx:
        found = await notices.inbox(tx, reader, unread, before, limit + 1)
        count = await notices.count_unread(tx, reader)
        person = (await people.people(tx, [actor.person_ref])).get(actor.person_ref)
        files = await dossiers.dossiers(tx, found[:limit])
    language: Language = person.language if person else "de"
    more = next_cursor(str(found[limit - 1].number)) if len(found) > limit else None
    items = [shown(dossier, language) for dossier in files]
    return NoticePage(items=items, unread=count, next_cursor=more)


def number_of(cursor: list[str]) -> int:
    """The number of a notice that a cursor names.

    Raises:
        Refusal: `cursor-unknown`: it is not one number that fits 64 bits.
    """
    if len(cursor) != 1 or not re.fullmatch("[0-9]{1,18}", cursor[0]):
        raise CURSOR_UNKNOWN.refuse("/cursor")
    return int(cursor[0])


@router.post("/notices/{notice_id}/read", responses=problems(404))
async def mark_read(notice_id: UUID, actor: SignedIn, write: Write) -> commands.Read:
    """Mark an own notice as read. Again is harmless: the first time stays."""
    command = commands.MarkRead(notice_id, actor.person_ref, actor.organisation_id)
    return await write(handlers.mark_read, command)


@router.get("/preferences", responses=problems())
async def show_preferences(actor: SignedIn, read: Read, response: Response) -> PreferencesView:
    """The own preferences; what was never chosen is the default."""
    async with read() as tx:
        person = (await people.people(tx, [actor.person_ref])).get(actor.person_ref)
    return _preferences(person or Person(actor.person_ref, None), response)


@router.put("/preferences", responses=problems(412))
async def put_preferences(
    body: Preferences,
    actor: SignedIn,
    write: Write,
    read: Read,
    response: Response,
    if_match: IfMatch,
) -> PreferencesView:
    """Choose language, channel and quiet hours. An offered seat does not wait for their end."""
    command = commands.PutPreferences(
        person_ref=actor.person_ref,
        organisation_id=actor.organisation_id,
        language=body.language,
        channel=body.channel,
        quiet=quiet_hours(body.quiet_from, body.quiet_to),
        if_match=if_match,
    )
    await write(handlers.put_preferences, command)
    return await show_preferences(actor, read, response)


def _preferences(person: Person, response: Response) -> PreferencesView:
    response.headers.update(etag(person.version))
    return PreferencesView(
        language=person.language,
        channel=person.channel,
        quiet_from=person.quiet.start if person.quiet else None,
        quiet_to=person.quiet.end if person.quiet else None,
        version=person.version,
    )
