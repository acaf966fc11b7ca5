"""All that the words of some notices need, in one statement per table."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from chassis.database import Transaction

from notifications import views
from notifications.domain.announcer import Announcer, Notice
from notifications.domain.course import Dossier
from notifications.domain.person import Person
from notifications.domain.steps import BULK, REMINDED, Step
from notifications.store.people import approvers, people

LISTED = 2000
"""Rows of a bulk booking that a notice names; more are counted."""


async def dossiers(tx: Transaction, notices: Sequence[Notice]) -> list[Dossier]:
    """A dossier for each notice. People outside the organisation of the notice stay unknown."""
    if not notices:
        return []
    known = await people(tx, {ref for notice in notices for ref in _refs(notice)})
    runs = await views.runs(tx, {notice.run_id for notice in notices})
    bookings = await views.bookings(tx, {notice.about_id for notice in notices})
    return [
        Dossier(
            notice=notice,
            recipient=_within(known, notice, notice.recipient_ref),
            person=_within(known, notice, notice.person_ref),
            run=runs.get(notice.run_id),
            booking=bookings.get(notice.about_id),
            people={
                ref: person
                for ref in _listed(notice)
                if (person := _within(known, notice, ref)) is not None
            },
        )
        for notice in notices
    ]


def _within(known: dict[UUID, Person], notice: Notice, ref: UUID | None) -> Person | None:
    person = known.get(ref) if ref is not None else None
    return person if person and person.belongs_to(notice.organisation_id) else None


def _listed(notice: Notice) -> list[UUID]:
    if notice.kind != BULK:
        return []
    return [UUID(row["person_ref"]) for row in notice.facts.get("rows", ())[:LISTED]]


def _refs(notice: Notice) -> Iterable[UUID]:
    yield notice.recipient_ref
    if notice.person_ref is not None:
        yield notice.person_ref
    yield from _listed(notice)


async def open_announcer(tx: Transaction, steps: Sequence[Step]) -> Announcer:
    """The announcer for these steps."""
    refs = {ref for step in steps for ref in (step.person_ref, step.booked_by_ref) if ref}
    bulk_ids = {step.bulk_id for step in steps if step.bulk_id}
    reminded = {step.organisation_id for step in steps if step.kind == REMINDED}
    deciding = await approvers(tx, reminded) if reminded else {}
    return Announcer(
        people=await people(tx, refs.union(*deciding.values())),
        runs=await views.runs(tx, {step.run_id for step in steps}),
        bulks=await views.bulks(tx, bulk_ids),
        approvers=deciding,
    )


async def reopen_announcer(tx: Transaction, notices: Sequence[Notice]) -> Announcer:
    """The announcer for notices that waited."""
    return Announcer(
        people=await people(tx, {notice.recipient_ref for notice in notices}),
        runs=await views.runs(tx, {notice.run_id for notice in notices}),
        bulks=await views.bulks(tx, {notice.bulk_id for notice in notices if notice.bulk_id}),
    )
