"""Load, decide, save, tell: the same for one and for many, from HTTP and from Kafka."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from chassis.database import Transaction
from chassis.records import RawRecord
from contracts.base import Event
from contracts.catalog import OfferAccepted
from contracts.refusal import Refusal

from catalog import store
from catalog.commands import ImportFeed
from catalog.domain.imports import ImportReport, take_in
from catalog.domain.judge import Judgement, Submission, judge
from catalog.domain.shelf import Why
from catalog.views import seats, submissions

PAUSE = 25
"""So many submissions are judged at a stretch (some 15 ms); then waiting requests have a turn."""


async def hear_submissions(tx: Transaction, records: Sequence[RawRecord]) -> None:
    """Judge every record that a provider sent, and answer each with exactly one verdict."""
    judged = await _judged(records, tx.now)
    shelf = await store.open_shelf(tx, {one.key for one in judged if one.key})
    kept = []
    for record, judgement in zip(records, judged, strict=True):
        settled = shelf.settle(judgement, record.id, Why(tx.now, record.cause))
        accepted = settled.verdict if isinstance(settled.verdict, OfferAccepted) else None
        warnings = accepted.warnings if accepted else judgement.warnings
        kept.append(
            submissions.Judged(
                type=record.type,
                payload=record.value,
                received_at=record.received_at,
                verdict=settled.verdict,
                unchanged_since=settled.unchanged_since,
                warnings=warnings,
            )
        )
    await store.close_shelf(tx, shelf)
    await submissions.keep(tx, kept)


async def _judged(records: Sequence[RawRecord], now: datetime) -> list[Judgement]:
    judged: list[Judgement] = []
    for record in records:
        subject = record.headers.get("ce_subject", "")
        judged.append(judge(Submission(record.type, record.key, subject, record.value), now))
        if len(judged) % PAUSE == 0:
            await asyncio.sleep(0)
    return judged


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
