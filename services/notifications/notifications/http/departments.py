"""Departments of the own people: what they are called, and who belongs to one."""

from typing import Annotated
from uuid import UUID

from chassis.http import Read, View, problems
from fastapi import APIRouter, Query

from notifications.http.names import MOST, Reader
from notifications.store import people

router = APIRouter(prefix="/api/notifications/contacts/departments", tags=["contacts"])


class DepartmentView(View):
    """A department, and how many people with an address are in it."""

    department: str
    people: int


class Departments(View):
    """The departments of an organisation, ordered by name: up to 500."""

    items: list[DepartmentView]


class Members(View):
    """Who belongs to a department. `more`: it has more people than are named."""

    person_refs: list[UUID]
    more: bool


@router.get("", responses=problems(403))
async def list_departments(actor: Reader, read: Read) -> Departments:
    """The departments that the own people are in."""
    if actor.organisation_id is None:
        return Departments(items=[])
    async with read() as tx:
        found = await people.departments(tx, actor.organisation_id, MOST)
    return Departments(items=[DepartmentView(department=n, people=count) for n, count in found])


@router.get("/members", responses=problems(403))
async def list_members(
    actor: Reader,
    read: Read,
    department: Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$")],
) -> Members:
    """Who of the own people is in a department, up to 500; nobody where there is none."""
    if actor.organisation_id is None:
        return Members(person_refs=[], more=False)
    async with read() as tx:
        refs = await people.members(tx, actor.organisation_id, department, MOST + 1)
    return Members(person_refs=refs[:MOST], more=len(refs) > MOST)
