"""People and prices decide, runs change, deadlines pass: load, decide, save, tell."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from chassis.database import Transaction
from contracts.base import Event
from contracts.membership import EnrolmentPriced, OrganisationRegistered
from contracts.refusal import STALE, Refusal

from enrolment import store
from enrolment.commands import (
    AcceptSeat,
    BookBulk,
    CancelEnrolment,
    ChangeAccounting,
    ChangeSettings,
    DecideRequest,
    DeclineSeat,
    RemindApprovers,
    RequestEnrolment,
)
from enrolment.domain.book import Book
from enrolment.domain.desk import Desk
from enrolment.domain.enrolment import Enrolment, State
from enrolment.domain.timetable import NEWS, Timetable, concerns_everybody, most_seats
from enrolment.store import Bulk, Wanted
from enrolment.views import shapes
from enrolment.views.shapes import BulkView, EnrolmentView, SettingsView

Command = TypeVar(
    "Command", AcceptSeat, DeclineSeat, DecideRequest, RemindApprovers, CancelEnrolment
)


async def request_enrolments(
    tx: Transaction, commands: Sequence[RequestEnrolment]
) -> list[EnrolmentView | Refusal]:
    """Hold seats, or give places in the line."""
    desk = Desk(await store.open_book(tx, _wanted_for(commands)))
    answers = [_shown(tx, desk.book, desk.request(command, tx.now)) for command in commands]
    await store.close_book(tx, desk.book)
    return answers


async def book_bulks(tx: Transaction, commands: Sequence[BookBulk]) -> list[BulkView | Refusal]:
    """Book lists of people."""
    desk = Desk(await store.open_book(tx, wanted_for_lists(commands)))
    answers = [_book_bulk(desk, command, tx) for command in commands]
    await store.close_book(tx, desk.book, [bulk for _, bulk in answers if bulk])
    return [answer for answer, _ in answers]


async def try_bulk(tx: Transaction, command: BookBulk) -> BulkView | Refusal:
    """What a bulk booking would come to, with its prices; nothing is saved or told."""
    desk = Desk(await store.open_book(tx, wanted_for_lists([command])))
    answer, _ = _book_bulk(desk, command, tx)
    if isinstance(answer, Refusal):
        return answer
    rows = [shapes.expected(row) for row in answer.rows]
    return answer.model_copy(update={"dry_run": True, "bulk_id": None, "rows": rows})


async def accept_seats(
    tx: Transaction, commands: Sequence[AcceptSeat]
) -> list[EnrolmentView | Refusal]:
    """Take offered seats."""
    return await _decide(tx, commands, lambda desk, command: desk.accept(command, tx.now))


async def decline_seats(
    tx: Transaction, commands: Sequence[DeclineSeat]
) -> list[EnrolmentView | Refusal]:
    """Pass offered seats on."""
    return await _decide(tx, commands, lambda desk, command: desk.decline(command, tx.now))


async def decide_requests(
    tx: Transaction, commands: Sequence[DecideRequest]
) -> list[EnrolmentView | Refusal]:
    """Approve or reject requests."""
    return await _decide(tx, commands, lambda desk, command: desk.decide(command, tx.now))


async def remind_approvers(
    tx: Transaction, commands: Sequence[RemindApprovers]
) -> list[EnrolmentView | Refusal]:
    """Ask those who decide once more."""
    return await _decide(tx, commands, lambda desk, command: desk.remind(command, tx.now))


async def cancel_enrolments(
    tx: Transaction, commands: Sequence[CancelEnrolment]
) -> list[EnrolmentView | Refusal]:
    """Call enrolments off."""
    return await _decide(tx, commands, lambda desk, command: desk.cancel(command, tx.now))


async def change_accounting(
    tx: Transaction, commands: Sequence[ChangeAccounting]
) -> list[EnrolmentView | Refusal]:
    """Book the costs of enrolments elsewhere. Whoever waits may stand anywhere in the line."""
    ids = {command.enrolment_id for command in commands}
    desk = Desk(await store.open_book(tx, Wanted(enrolment_ids=ids, releases=False)))
    answers = [desk.charge(command) for command in commands]
    await store.close_book(tx, desk.book)
    waiting = [
        one for one in answers if isinstance(one, Enrolment) and one.state is State.WAITLISTED
    ]
    places = await store.read_places(
        tx, {one.run_id for one in waiting}, [one.id for one in waiting]
    )
    return [
        one
        if isinstance(one, Refusal)
        else shapes.enrolment(one, desk.book.runs[one.run_id], tx.now, places.get(one.id))
        for one in answers
    ]


async def try_cancellation(tx: Transaction, command: CancelEnrolment) -> EnrolmentView | Refusal:
    """The enrolment as it is, with the fee of cancelling it now; nothing is saved or told."""
    book = await store.open_book(tx, Wanted(enrolment_ids={command.enrolment_id}))
    before = dict(book.enrolments), dict(book.runs)
    answer = Desk(book).cancel(command, tx.now)
    if isinstance(answer, Refusal):
        return answer
    one = before[0][command.enrolment_id]
    places = await store.read_places(tx, [one.run_id], [one.id])
    return shapes.enrolment(one, before[1][one.run_id], tx.now, places.get(one.id))


async def change_settings(
    tx: Transaction, commands: Sequence[ChangeSettings]
) -> list[SettingsView | Refusal]:
    """Set the rules of organisations."""
    houses = await store.lock_houses(tx, {command.organisation_id for command in commands})
    answers: list[SettingsView | Refusal] = []
    for command in commands:
        known = houses[command.organisation_id]
        if command.version is not None and command.version != known.version:
            answers.append(STALE.refuse(version=known.version))
            continue
        house = command.house(known.version + 1)
        houses[command.organisation_id] = house
        answers.append(shapes.settings(house))
    await store.save_houses(tx, houses)
    return answers


async def hear_quotes(tx: Transaction, events: Sequence[Event]) -> None:
    """Prices: they make held seats certain."""
    quotes = [event for event in events if isinstance(event, EnrolmentPriced)]
    wanted = Wanted(enrolment_ids={quote.enrolment_id for quote in quotes}, releases=False)
    desk = Desk(await store.open_book(tx, wanted))
    for quote in quotes:
        desk.priced(quote, tx.now)
    await store.close_book(tx, desk.book)


async def hear_runs(tx: Transaction, events: Sequence[Event]) -> None:
    """News of runs: new ones, changes, withdrawals, cancellations."""
    runs = await store.lock_runs(tx, {event.run_id for event in events if isinstance(event, NEWS)})
    everybody = await store.read_whole(tx, concerns_everybody(runs, events))
    book = await store.read_book(tx, runs, everybody, most_seats(runs, events))
    Timetable(book).hear(events, tx.now)
    await store.close_book(tx, book)


async def hear_organisations(tx: Transaction, events: Sequence[Event]) -> None:
    """Which organisations there are."""
    known = {e.organisation_id: e.code for e in events if isinstance(e, OrganisationRegistered)}
    await store.name_organisations(tx, known)


async def expire_overdue(tx: Transaction) -> int:
    """End holds and offers whose time is over; how many that were.

    Due rows are chosen without a lock and judged again under it. Skipping locked runs would let a
    busy run keep its overdue seats for ever; here the worst is a second look by another replica.
    """
    ids = await store.overdue(tx, most=500)
    if not ids:
        return 0
    desk = Desk(await store.open_book(tx, Wanted(enrolment_ids=set(ids))))
    done = sum(desk.expire(id_, tx.now) for id_ in ids)
    await store.close_book(tx, desk.book)
    return done


async def begin_runs(tx: Transaction) -> int:
    """End what is not certain in runs that have started; how many rows that were."""
    ids = await store.started(tx, most=20)
    if not ids:
        return 0
    runs = [run for run in await store.lock_runs(tx, ids) if not run.begun]
    pending = await store.read_pending(tx, [run.id for run in runs], most=500)
    book = Book(runs, pending)
    timetable = Timetable(book)
    done = sum(timetable.begin(run.id, tx.now) for run in runs)
    await store.close_book(tx, book)
    return done


async def _decide(
    tx: Transaction,
    commands: Sequence[Command],
    decide: Callable[[Desk, Command], Enrolment | Refusal],
) -> list[EnrolmentView | Refusal]:
    wanted = Wanted(enrolment_ids={command.enrolment_id for command in commands})
    desk = Desk(await store.open_book(tx, wanted))
    answers = [_shown(tx, desk.book, decide(desk, command)) for command in commands]
    await store.close_book(tx, desk.book)
    return answers


def _shown(tx: Transaction, book: Book, answer: Enrolment | Refusal) -> EnrolmentView | Refusal:
    """The answer right after its decision: the last in line stands where the line ends."""
    if isinstance(answer, Refusal):
        return answer
    run = book.runs[answer.run_id]
    place = run.waiting if answer.state is State.WAITLISTED else None
    return shapes.enrolment(answer, run, tx.now, place)


def _book_bulk(
    desk: Desk, command: BookBulk, tx: Transaction
) -> tuple[BulkView | Refusal, Bulk | None]:
    answer = desk.book_bulk(command, tx.now)
    if isinstance(answer, Refusal):
        return (answer, None)
    rows = [
        shapes.row(row.index, command.rows[row.index].person_ref, row.answer, row.place)
        for row in answer
    ]
    accepted = sum(isinstance(row.answer, Enrolment) for row in answer)
    view = BulkView(bulk_id=command.bulk_id if accepted else None, run_id=command.run_id, rows=rows)
    if not accepted or command.who.organisation_id is None:
        return (view, None)
    bulk = Bulk(
        id=command.bulk_id,
        run_id=command.run_id,
        organisation_id=command.who.organisation_id,
        booked_by_ref=command.who.person_ref,
        open_rows=accepted,
        total=accepted,
    )
    return (view, bulk)


def _wanted_for(commands: Sequence[RequestEnrolment]) -> Wanted:
    return Wanted(
        run_ids={command.run_id for command in commands},
        claims={command.claim for command in commands if command.claim},
        organisations=_organisations(commands),
    )


def wanted_for_lists(commands: Sequence[BookBulk]) -> Wanted:
    return Wanted(
        run_ids={command.run_id for command in commands},
        claims={wish.claim for c in commands for wish in c.wishes if wish.claim},
        organisations=_organisations(commands),
    )


def _organisations(commands: Sequence[RequestEnrolment] | Sequence[BookBulk]) -> set[UUID]:
    ids = (command.who.organisation_id for command in commands)
    return {id_ for id_ in ids if id_ is not None}
