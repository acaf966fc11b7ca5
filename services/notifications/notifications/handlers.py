"""Load, decide, save, tell: the same lines for one and for five hundred."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from chassis.database import Transaction
from contracts.base import Event
from contracts.refusal import NOT_FOUND, STALE, Refusal
from prometheus_client import Gauge

from notifications import views
from notifications.commands import (
    MarkRead,
    NoteApprover,
    Noted,
    PutContact,
    PutPreferences,
    Read,
    Renewed,
    RenewFeed,
    Saved,
)
from notifications.domain.announcer import Notice, Patience
from notifications.domain.person import Person
from notifications.domain.steps import step_of
from notifications.store import dossiers, notices, people

OVERDUE = Gauge("kc_notices_overdue", "Mails that should be on their way by now")
OVERDUE_AGE = Gauge("kc_notices_overdue_seconds", "Age of the oldest of them")


async def hear_runs(tx: Transaction, events: Sequence[Event]) -> None:
    """Keep titles, times and places. What waited for a run is released by a timer."""
    await views.note_runs(tx, events)


async def hear_quotes(tx: Transaction, events: Sequence[Event]) -> None:
    """Keep prices and their reasons."""
    await views.note_prices(tx, events)


async def hear_steps(tx: Transaction, events: Sequence[Event]) -> None:
    """One notice for each settled step and recipient. Also for the events of seats."""
    await views.note_states(tx, events)
    steps = [step for event in events if (step := step_of(event)) is not None]
    if not steps:
        return
    announcer = await dossiers.open_announcer(tx, steps)
    told = [notice for step in steps for notice in announcer.tell(step, tx.now)]
    await _tell_portal(tx, await notices.insert(tx, told))


async def measure(tx: Transaction) -> int:
    """Show which mails should be gone by now. It handles no row, so a timer runs it once."""
    waiting, oldest = await notices.overdue(tx)
    OVERDUE.set(waiting)
    OVERDUE_AGE.set((tx.now - oldest).total_seconds() if oldest else 0)
    return 0


async def release_waiting(tx: Transaction) -> int:
    """Let go on what waited for a run or for the end of a bulk call, as far as it can now."""
    patience = Patience()
    ripe = await notices.ripe(tx, tx.now - patience.run, tx.now - patience.bulk)
    if not ripe:
        return 0
    announcer = await dossiers.reopen_announcer(tx, ripe)
    settled = [(notice, announcer.settle(notice, tx.now)) for notice in ripe]
    going = [after for _, after in settled if after is not None and after.state != "waiting"]
    covered = [notice.notice_id for notice, after in settled if after is None]
    await notices.release(tx, going, covered)
    await _tell_portal(tx, going)
    return len(going) + len(covered)


async def _tell_portal(tx: Transaction, told: Sequence[Notice]) -> None:
    """What stands in the inbox only is told by standing there."""
    await tx.emit(
        *(n.told("portal", n.sent_at) for n in told if n.state == "sent" and n.sent_at is not None)
    )


async def put_contacts(tx: Transaction, commands: Sequence[PutContact]) -> list[Saved | Refusal]:
    """Write contacts. Somebody of another organisation answers as if not there."""
    known = await people.lock_people(tx, {command.person_ref for command in commands})
    claims = [(c.person_ref, c.organisation_id) for c in commands if not c.own]
    foreign = await views.booked_elsewhere(tx, claims) if claims else set()
    changed: dict[UUID, Person] = {}
    answers: list[Saved | Refusal] = []
    for command in commands:
        before = changed.get(command.person_ref, known.get(command.person_ref))
        refusal = _refuse_contact(before, command, foreign)
        if refusal is not None:
            answers.append(refusal)
            continue
        after = _with_contact(before, command)
        changed[after.person_ref] = after
        created = before is None or not before.has_contact
        answers.append(Saved(person_ref=after.person_ref, version=after.version, created=created))
    await people.save_people(tx, list(changed.values()))
    return answers


def _refuse_contact(
    before: Person | None, command: PutContact, foreign: set[UUID]
) -> Refusal | None:
    if not command.own:
        # Whose people somebody is decides; who booked for whom only while nobody is known.
        theirs = before is not None and not before.belongs_to(command.organisation_id)
        unclear = before is None and command.person_ref in foreign
        if command.organisation_id is None or theirs or unclear:
            return NOT_FOUND.refuse()
    return _refuse_stale(before, command.if_match)


def _refuse_stale(before: Person | None, if_match: int | None) -> Refusal | None:
    current = before.version if before is not None else 0
    return STALE.refuse() if if_match is not None and if_match != current else None


def _with_contact(before: Person | None, command: PutContact) -> Person:
    person = before or Person(command.person_ref, command.organisation_id)
    return replace(
        person,
        organisation_id=command.organisation_id,
        given_name=command.given_name,
        family_name=command.family_name,
        mail=command.mail,
        department=command.department,
        language=command.language or person.language,
        version=person.version + 1,
    )


async def put_preferences(
    tx: Transaction, commands: Sequence[PutPreferences]
) -> list[Saved | Refusal]:
    """Write language, channel and quiet hours. Mails that wait already keep their time."""
    known = await people.lock_people(tx, {command.person_ref for command in commands})
    answers: list[Saved | Refusal] = []
    for command in commands:
        before = known.get(command.person_ref)
        refusal = _refuse_stale(before, command.if_match)
        if refusal is not None:
            answers.append(refusal)
            continue
        person = before or Person(command.person_ref, command.organisation_id)
        after = replace(
            person,
            language=command.language,
            channel=command.channel,
            quiet=command.quiet,
            version=person.version + 1,
        )
        known[after.person_ref] = after
        answers.append(Saved(person_ref=after.person_ref, version=after.version))
    await people.save_people(tx, list(known.values()))
    return answers


async def mark_read(tx: Transaction, commands: Sequence[MarkRead]) -> list[Read | Refusal]:
    """Mark notices as read; the first time counts. A foreign notice answers as if not there."""
    marks = [(c.notice_id, notices.Reader(c.reader_ref, c.organisation_id)) for c in commands]
    read = await notices.mark_read(tx, marks)
    return [
        Read(notice_id=mark[0], read_at=read[mark]) if mark in read else NOT_FOUND.refuse()
        for mark in marks
    ]


async def note_approvers(
    tx: Transaction, commands: Sequence[NoteApprover]
) -> list[Noted | Refusal]:
    """Remember who decides: nobody else tells this service."""
    await people.note_approvers(tx, {c.person_ref: c.approves for c in commands})
    return [Noted(person_ref=command.person_ref) for command in commands]


async def renew_feeds(tx: Transaction, commands: Sequence[RenewFeed]) -> list[Renewed | Refusal]:
    """Give calendar feeds new secrets, or none."""
    await people.set_feed_secrets(
        tx, [(c.person_ref, c.organisation_id, c.secret) for c in commands]
    )
    return [Renewed(person_ref=command.person_ref) for command in commands]
