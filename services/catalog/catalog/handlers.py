"""Load, decide, save, tell: the same for one and for many, from HTTP and from Kafka."""

from collections.abc import Sequence

from chassis.database import Transaction
from chassis.records import RawRecord
from contracts.base import Event
from contracts.refusal import Refusal

from catalog import store
from catalog.commands import ImportFeed
from catalog.domain.imports import ImportReport, take_in
from catalog.domain.judge import Submission, judge
from catalog.domain.shelf import Why
from catalog.views import seats, submissions


async def hear_submissions(tx: Transaction, records: Sequence[RawRecord]) -> None:
    """Judge every record that a provider sent, and answer each with exactly one verdict."""
    judged = [judge(Submission(r.type, r.key, _subject(r), r.value), tx.now) for r in records]
    shelf = await store.open_shelf(tx, {one.key for one in judged if one.key})
    kept = []
    for record, judgement in zip(records, judged, strict=True):
        verdict = shelf.settle(judgement, record.id, Why(tx.now, record.cause))
        kept.append(
            submissions.Judged(
                record.type, record.value, record.received_at, verdict, judgement.warnings
            )
        )
    await store.close_shelf(tx, shelf)
    await submissions.keep(tx, kept)


def _subject(record: RawRecord) -> str:
    return record.headers.get("ce_subject", "")


async def hear_seats(tx: Transaction, events: Sequence[Event]) -> None:
    """Keep how many seats of each run are taken."""
    await seats.project(tx, events)


async def import_feeds(
    tx: Transaction, commands: Sequence[ImportFeed]
) -> list[ImportReport | Refusal]:
    """Take in feeds that were read: a report each."""
    keys = {key for command in commands for key in command.keys}
    shelf = await store.open_shelf(tx, keys, {command.origin for command in commands})
    reports: list[ImportReport | Refusal] = [take_in(shelf, one, tx.now) for one in commands]
    names = {one.provider_id: one.provider_name for one in commands if one.provider_name}
    await store.close_shelf(tx, shelf, {k: v for k, v in names.items() if v})
    return reports
