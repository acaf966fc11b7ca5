"""Long lists: accepted at once, booked in parts by the clock.

A part is one transaction with its progress and everything it tells: whoever dies in the middle
leaves the part as it was, and it is booked by the next one who comes by. What a client waits for is
short, and no transaction holds the run for longer than a list of a hundred people does; only a list
that is booked as a whole or not at all is one part.
"""

from collections.abc import Sequence
from uuid import UUID

from chassis.database import Transaction
from contracts.refusal import Refusal

from enrolment import store
from enrolment.commands import BookBulk
from enrolment.domain.desk import AT_ONCE, Desk, RowResult
from enrolment.domain.enrolment import Enrolment, State
from enrolment.handlers.bookings import book_bulks, wanted_for_lists
from enrolment.store import Bulk, Decided, Part, Wanted
from enrolment.views.shapes import BulkView, JobView


async def book_lists(
    tx: Transaction, commands: Sequence[BookBulk]
) -> list[BulkView | JobView | Refusal]:
    """Book short lists at once, and take long ones on.

    One handler for both, so that a key that was used for the one is known to the other.
    """
    long = [command for command in commands if len(command.rows) > AT_ONCE]
    short = [command for command in commands if len(command.rows) <= AT_ONCE]
    if long and short:  # in one order, whoever is served first
        await store.lock_runs(tx, {command.run_id for command in commands})
    answers: dict[UUID, BulkView | JobView | Refusal] = {}
    for some, book in ((short, book_bulks), (long, accept_lists)):
        if some:
            given = await book(tx, some)
            answers |= zip((command.bulk_id for command in some), given, strict=True)
    return [answers[command.bulk_id] for command in commands]


async def accept_lists(tx: Transaction, commands: Sequence[BookBulk]) -> list[JobView | Refusal]:
    """Take long lists on, unless nobody of them can be booked anyway."""
    desk = Desk(await store.open_book(tx, Wanted(run_ids={c.run_id for c in commands})))
    whys = [desk.why_no_list(command, tx.now) for command in commands]
    taken = [command for command, why in zip(commands, whys, strict=True) if why is None]
    await store.open_bulks(tx, [_bulk(command) for command in taken])
    await store.add_jobs(tx, taken)
    return [why or _accepted(tx, command) for command, why in zip(commands, whys, strict=True)]


async def book_next_part(tx: Transaction) -> int:
    """Book the next part of a list that nobody else works on; how many rows that were."""
    part = await store.claim_part(tx, most=AT_ONCE)
    if part is None:
        return 0
    desk = Desk(await store.open_book(tx, wanted_for_lists([part.command])))
    answer = desk.book_part(part.command, tx.now)
    await store.close_book(tx, desk.book)
    whole = isinstance(answer, Refusal) and part.command.all_or_nothing
    why_nobody = answer if isinstance(answer, Refusal) and whole else None
    await store.keep_part(tx, part.command.bulk_id, _decided(part, answer), why_nobody)
    return len(part.numbers)


def _decided(part: Part, answer: list[RowResult] | Refusal) -> list[Decided]:
    if isinstance(answer, Refusal):
        told = answer.data.get("rows") or [{"code": answer.code}] * len(part.numbers)
        codes = [row["code"] for row in told]
        return [Decided(n, code, None) for n, code in zip(part.numbers, codes, strict=True)]
    return [_row(n, row.answer) for n, row in zip(part.numbers, answer, strict=True)]


def _row(number: int, answer: Enrolment | Refusal) -> Decided:
    if isinstance(answer, Refusal):
        known: UUID | None = answer.data.get("enrolment_id")
        return Decided(number, answer.code, known)
    waits = answer.state is State.WAITLISTED
    return Decided(number, "waitlisted" if waits else "held", answer.id)


def _bulk(command: BookBulk) -> Bulk:
    organisation_id = command.who.organisation_id
    assert organisation_id is not None  # noqa: S101 - the desk has refused the others
    return Bulk(
        id=command.bulk_id,
        run_id=command.run_id,
        organisation_id=organisation_id,
        booked_by_ref=command.who.person_ref,
        open_rows=len(command.rows) - len(command.refused_at_once),
        total=len(command.rows),
    )


def _accepted(tx: Transaction, command: BookBulk) -> JobView:
    return JobView(
        job_id=command.bulk_id,
        run_id=command.run_id,
        state="working",
        done=len(command.refused_at_once),
        total=len(command.rows),
        all_or_nothing=command.all_or_nothing,
        created_at=tx.now,
    )
