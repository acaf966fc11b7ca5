"""Organisations on their way through the cooperative."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from chassis.database import Transaction
from contracts.refusal import Refusal

from membership.commands import (
    Admit,
    ApplyForMembership,
    BookPayment,
    CountEmployees,
    GiveNotice,
    LookAtMembers,
    RegisterOrganisation,
    Reject,
    RequestDocument,
    SubscribeShares,
)
from membership.domain.calendar import berlin_day
from membership.domain.organisation import Dossier
from membership.domain.registry import Registry
from membership.handlers.quotes import price_pending
from membership.settings import RULES
from membership.store import books
from membership.store import registry as store
from membership.views import declared, members
from membership.views import shown as views

Shown = TypeVar("Shown")
Decide = Callable[[Registry, Any, datetime], Dossier | Refusal]


async def register_organisations(
    tx: Transaction, commands: Sequence[RegisterOrganisation]
) -> list[views.OrganisationView | Refusal]:
    """Enter organisations; prices that waited for them are told in the same transaction."""
    ids = {command.organisation_id for command in commands}
    codes = {command.profile.code for command in commands}
    registry = await store.open_for_registration(tx, RULES, ids, codes)
    answers = [registry.register(command, tx.now) for command in commands]
    await store.close_registry(tx, registry)
    if registry.changed:
        await price_pending(tx, registry.changed.keys())
    return _answered(answers, lambda _, dossier: views.organisation(dossier, RULES, tx.now))


async def count_employees(
    tx: Transaction, commands: Sequence[CountEmployees]
) -> list[views.OrganisationView | Refusal]:
    """Write numbers of employees down."""
    answers = await _decide(tx, commands, Registry.count_employees)
    return _answered(answers, lambda _, dossier: views.organisation(dossier, RULES, tx.now))


async def apply(
    tx: Transaction, commands: Sequence[ApplyForMembership]
) -> list[declared.ApplicationView | Refusal]:
    """Take declarations of accession. The answer is stored, so it names no signatory."""
    answers = await _decide(tx, commands, Registry.apply)
    return _answered(answers, lambda n, dossier: declared.filed(dossier, commands[n], RULES))


async def admit(tx: Transaction, commands: Sequence[Admit]) -> list[views.AdmissionView | Refusal]:
    """Admit members under gap-free numbers."""
    ids = [command.application_id for command in commands]
    registry = await store.open_for_decisions(tx, RULES, ids, numbered=True)
    answers = [registry.admit(command, tx.now) for command in commands]
    await store.close_registry(tx, registry, numbered=True)
    return _answered(answers, lambda n, dossier: views.admission(dossier, ids[n], RULES, tx.now))


async def reject(
    tx: Transaction, commands: Sequence[Reject]
) -> list[declared.ApplicationView | Refusal]:
    """Refuse applications; what was declared is deleted with the same commit."""
    ids = [command.application_id for command in commands]
    registry = await store.open_for_decisions(tx, RULES, ids, numbered=False)
    answers = [registry.reject(command, tx.now) for command in commands]
    await store.close_registry(tx, registry)
    return _answered(answers, lambda n, dossier: declared.decided(dossier, ids[n]))


async def request_documents(
    tx: Transaction, commands: Sequence[RequestDocument]
) -> list[declared.RequestedView | Refusal]:
    """Ask applicants for documents. The answer is stored, so the note is not in it."""
    ids = [command.application_id for command in commands]
    registry = await store.open_for_decisions(tx, RULES, ids, numbered=False)
    answers = [registry.request_document(command, tx.now) for command in commands]
    await store.close_registry(tx, registry)
    return _answered(answers, lambda n, _: declared.requested(commands[n], tx.now))


async def subscribe(
    tx: Transaction, commands: Sequence[SubscribeShares]
) -> list[views.CapitalView | Refusal]:
    """Take more shares."""
    answers = await _decide(tx, commands, Registry.subscribe)
    return _answered(answers, lambda _, dossier: views.capital(dossier, RULES, tx.now))


async def pay(
    tx: Transaction, commands: Sequence[BookPayment]
) -> list[views.CapitalView | Refusal]:
    """Book payments for shares."""
    answers = await _decide(tx, commands, Registry.pay)
    return _answered(answers, lambda _, dossier: views.capital(dossier, RULES, tx.now))


async def give_notice(
    tx: Transaction, commands: Sequence[GiveNotice]
) -> list[views.NoticeView | Refusal]:
    """Take notices."""
    answers = await _decide(tx, commands, Registry.give_notice)
    return _answered(answers, lambda _, dossier: views.notice(dossier))


async def end_memberships(tx: Transaction) -> int:
    """End the memberships whose last day is over; how many."""
    registry = await store.open_due(tx, RULES, berlin_day(tx.now))
    ended = registry.end_due(tx.now)
    await store.close_registry(tx, registry)
    return ended


async def _decide(
    tx: Transaction, commands: Sequence[Any], decide: Decide
) -> list[Dossier | Refusal]:
    ids = {command.organisation_id for command in commands}
    registry = await store.open_registry(tx, RULES, ids)
    answers = [decide(registry, command, tx.now) for command in commands]
    await store.close_registry(tx, registry)
    return answers


def _answered(
    answers: Iterable[Dossier | Refusal], show: Callable[[int, Dossier], Shown]
) -> list[Shown | Refusal]:
    """What each asker gets to see; the number is the place in the batch."""
    return [
        answer if isinstance(answer, Refusal) else show(number, answer)
        for number, answer in enumerate(answers)
    ]


async def look_at_members(
    tx: Transaction, looks: Sequence[LookAtMembers]
) -> list[members.MembersView | Refusal]:
    """Show the list of members of a day. Each look is kept, with who, when, which day and why."""
    await books.save_looks(tx, looks)
    lists = {day: await members.of_day(tx, RULES, day) for day in {look.on for look in looks}}
    return [lists[look.on] for look in looks]
