"""Contacts: the only names and mail addresses of the platform."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Actor, Allowed, SignedIn
from chassis.http import Body, IfMatch, Read, View, Write, etag, problems
from chassis.ids import random_ids
from chassis.problems import Unavailable
from contracts.refusal import NOT_FOUND, Refusal
from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from notifications import handlers
from notifications.commands import NoteApprover, PutContact, Saved
from notifications.domain.person import Language, Person, clean_mail, clean_name
from notifications.http.names import MOST, READERS, NameView, named
from notifications.http.paging import CURSOR_UNKNOWN, Cursor, Sought, next_cursor
from notifications.store import people
from notifications.store.people import After

router = APIRouter(prefix="/api/notifications/contacts", tags=["contacts"])

Coordinator = Annotated[Actor, Allowed("coordinator")]


class ContactBody(Body):
    """A person's name and address. `language` is left as it is when it is not given."""

    given_name: str | None = None
    family_name: str
    mail: str
    department: str | None = None
    language: Language | None = None

    def to_command(self, actor: Actor, person_ref: UUID, if_match: int | None = None) -> PutContact:
        """The command of this actor for this person.

        Raises:
            Refusal: a name or the address cannot be used.
        """
        return PutContact(
            person_ref=person_ref,
            organisation_id=actor.organisation_id,
            own=actor.person_ref == person_ref,
            given_name=clean_name(self.given_name, "/given_name") if self.given_name else None,
            family_name=clean_name(self.family_name, "/family_name"),
            mail=clean_mail(self.mail),
            department=clean_name(self.department, "/department") if self.department else None,
            language=self.language,
            if_match=if_match,
        )


class ContactView(View):
    """A contact with everything, for the person and the own coordinator."""

    person_ref: UUID
    organisation_id: UUID | None
    given_name: str | None
    family_name: str | None
    name: str | None
    mail: str | None
    department: str | None
    language: Language
    version: int


class FoundView(View):
    """Whom an address belongs to: none, one, or several who share a mailbox."""

    mail: str
    people: list[NameView]


class ContactPage(View):
    """One page of the own people."""

    items: list[ContactView]
    next_cursor: str | None


class Mails(Body):
    """Whose people are asked for."""

    mails: Annotated[list[Annotated[str, Field(max_length=320)]], Field(max_length=MOST)]


def shown(person: Person) -> ContactView:
    """A contact as it is answered."""
    return ContactView(
        person_ref=person.person_ref,
        organisation_id=person.organisation_id,
        given_name=person.given_name,
        family_name=person.family_name,
        name=person.name,
        mail=person.mail,
        department=person.department,
        language=person.language,
        version=person.version,
    )


async def _read(read: Read, person_ref: UUID, response: Response) -> ContactView:
    async with read() as tx:
        person = (await people.people(tx, [person_ref])).get(person_ref)
    if person is None or not person.has_contact:
        raise NOT_FOUND.refuse()
    response.headers.update(etag(person.version))
    return shown(person)


@router.get("/me", responses=problems(404))
async def show_own(actor: SignedIn, read: Read, write: Write, response: Response) -> ContactView:
    """The own contact. That somebody decides on requests is known here from the token only."""
    contact = await _read(read, actor.person_ref, response)
    async with read() as tx:
        known = await people.approves(tx, actor.person_ref)
    now = actor.has("approver") and actor.organisation_id == contact.organisation_id
    if now != known:
        with suppress(Unavailable):  # it is noted the next time
            await write(handlers.note_approvers, NoteApprover(actor.person_ref, now))
    return contact


@router.post("/resolve", responses=problems(403))
async def resolve(body: Mails, actor: Coordinator, read: Read) -> list[FoundView]:
    """Who of the own organisation has these addresses, in the order asked."""
    wanted = [(mail, _usable(mail)) for mail in body.mails]
    found: list[Person] = []
    if actor.organisation_id is not None:
        async with read() as tx:
            found = await people.resolve(tx, actor.organisation_id, [m for _, m in wanted if m])
    by_mail: dict[str, list[NameView]] = {}
    for person in found:
        by_mail.setdefault((person.mail or "").lower(), []).append(named(person))
    return [
        FoundView(mail=given, people=by_mail.get(mail.lower(), []) if mail else [])
        for given, mail in wanted
    ]


def _usable(mail: str) -> str | None:
    try:
        return clean_mail(mail)
    except Refusal:
        return None


@router.get("/{person_ref}", responses=problems(403, 404))
async def show(person_ref: UUID, actor: SignedIn, read: Read, response: Response) -> ContactView:
    """A contact of the own organisation, or the own one."""
    contact = await _read(read, person_ref, response)
    theirs = actor.organisation_id is None or contact.organisation_id != actor.organisation_id
    if person_ref != actor.person_ref and (theirs or not actor.has(*READERS)):
        del response.headers["ETag"]
        raise NOT_FOUND.refuse()
    return contact


def place_of(cursor: list[str]) -> After:
    """The place in the list that a cursor names.

    Raises:
        Refusal: `cursor-unknown`: it is not two names and a reference.
    """
    try:
        family_name, given_name, person_ref = cursor
        return After(family_name, given_name, UUID(person_ref))
    except ValueError:
        raise CURSOR_UNKNOWN.refuse("/cursor") from None


@router.get("", responses=problems(403))
async def find(
    actor: Coordinator,
    read: Read,
    q: Sought = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    cursor: Cursor = None,
) -> ContactPage:
    """The own people by name, address or department, ordered by name."""
    after = After() if cursor is None else place_of(cursor)
    if actor.organisation_id is None:
        return ContactPage(items=[], next_cursor=None)
    async with read() as tx:
        found = await people.search(tx, actor.organisation_id, q or None, after, limit + 1)
    page, last = found[:limit], found[limit - 1] if len(found) > limit else None
    more = (
        next_cursor(last.family_name or "", last.given_name or "", str(last.person_ref))
        if last
        else None
    )
    return ContactPage(items=[shown(person) for person in page], next_cursor=more)


@dataclass(frozen=True, slots=True)
class Editor:
    """Who edits, and which version he or she has read."""

    actor: Actor
    if_match: int | None


async def _editor(actor: SignedIn, if_match: IfMatch) -> Editor:
    return Editor(actor, if_match)


WRITTEN: dict[int | str, dict[str, Any]] = {
    **problems(403, 404, 412),
    201: {"model": ContactView, "description": "The person was not known"},
}


@router.put("/{person_ref}", responses=WRITTEN)
async def put(
    person_ref: UUID,
    body: ContactBody,
    editor: Annotated[Editor, Depends(_editor)],
    write: Write,
    read: Read,
    response: Response,
) -> ContactView:
    """Write the own contact, or as coordinator one of the own organisation.

    A coordinator may create whoever is not known (201), but somebody of another organisation
    answers as if not there (404): the two tell apart whether a reference is in use. This is
    accepted: references are random (122 bits), so they cannot be searched for, and a coordinator
    has to create people whose reference comes from elsewhere.
    """
    actor = editor.actor
    if person_ref != actor.person_ref and not actor.has("coordinator"):
        raise NOT_FOUND.refuse()
    saved: Saved = await write(
        handlers.put_contacts, body.to_command(actor, person_ref, editor.if_match)
    )
    response.status_code = 201 if saved.created else 200
    return await _read(read, person_ref, response)


@router.post("", status_code=201, responses=problems(403, 404))
async def add(
    body: ContactBody, actor: Coordinator, write: Write, read: Read, response: Response
) -> ContactView:
    """Add a person of the own organisation who has no access yet; the reference is new."""
    command = body.to_command(actor, random_ids(1)[0])
    saved: Saved = await write(handlers.put_contacts, command)
    return await _read(read, saved.person_ref, response)
