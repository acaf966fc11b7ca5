"""Names of people: whose somebody may read. Addresses are not among them."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Actor, Allowed, SignedIn
from chassis.http import Body, Read, View, problems
from fastapi import APIRouter
from pydantic import Field

from notifications import views
from notifications.domain.person import Person
from notifications.store import people

router = APIRouter(prefix="/api/notifications/contacts", tags=["contacts"])

MOST = 500
READERS = ("coordinator", "approver", "finance")
"""Who may read all names of the own organisation: those who book, decide and settle."""

Reader = Annotated[Actor, Allowed(*READERS)]


class NameView(View):
    """As much as a list needs."""

    person_ref: UUID
    given_name: str | None
    family_name: str | None
    name: str | None
    department: str | None


class LookedUpView(NameView):
    """A name. `decides`: on requests of the organisation, as far as that is known here.

    Who may read only the names of those who decide is told `name`, and nothing else of them.
    """

    decides: bool


class Refs(Body):
    """Whose names are asked for. `deciders`: also of all who decide on requests."""

    refs: Annotated[list[UUID], Field(max_length=MOST)]
    deciders: bool = False


def named(person: Person) -> NameView:
    """A name as it is answered."""
    return NameView(
        person_ref=person.person_ref,
        given_name=person.given_name,
        family_name=person.family_name,
        name=person.name,
        department=person.department,
    )


@router.post("/lookup", responses=problems())
async def look_up(body: Refs, actor: SignedIn, read: Read) -> list[LookedUpView]:
    """Names of people of the own organisation; others are not in the answer.

    Those who book, decide and settle read all of them. Everybody else reads who decides on
    requests, and who decided on an own one: any other reference, of a colleague too, is answered
    as one that nobody has.
    """
    organisation_id = actor.organisation_id
    if organisation_id is None:
        return []
    reads_all = actor.has(*READERS)
    async with read() as tx:
        deciding = set((await people.approvers(tx, [organisation_id])).get(organisation_id, ()))
        wanted = set(body.refs)
        if not reads_all:
            wanted &= deciding | await views.decided_for(tx, actor.person_ref, organisation_id)
        if body.deciders:
            wanted |= deciding
        found = await people.lookup(tx, organisation_id, list(wanted))
    return [
        _looked_up(person, person.person_ref in deciding, reads_all)
        for person in found
        if person.has_contact
    ]


def _looked_up(person: Person, decides: bool, whole: bool) -> LookedUpView:
    view = LookedUpView(**named(person).model_dump(), decides=decides)
    only = {"given_name": None, "family_name": None, "department": None}
    return view if whole else view.model_copy(update=only)
