"""Notices: written once per cause and recipient, claimed, settled, read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from chassis.database import Row, Transaction, columns
from sqlalchemy import text

from notifications.domain.announcer import Notice
from notifications.domain.steps import URGENT

QUEUED = "mails"
"""The bell of those who send mails."""

FIELDS = (
    "notice_id",
    "cause_id",
    "kind",
    "about_id",
    "run_id",
    "organisation_id",
    "recipient_ref",
    "audience",
    "person_ref",
    "bulk_id",
    "step_at",
    "sequence",
    "texts",
    "correlation_id",
    "traceparent",
    "channel",
    "state",
    "due_at",
    "created_at",
    "sent_at",
)
SELECT = f"SELECT {', '.join(f'n.{name}' for name in FIELDS)}, n.facts, n.number, n.read_at"

# The order of rows is the lock order: two replicas that tell the same step wait, not deadlock.
INSERT = text("""
    INSERT INTO notice (notice_id, cause_id, kind, about_id, run_id, organisation_id,
                        recipient_ref, audience, person_ref, bulk_id, step_at, sequence, texts,
                        correlation_id, traceparent, channel, state, due_at, created_at, sent_at,
                        facts)
    SELECT notice_id, cause_id, kind, about_id, run_id, organisation_id, recipient_ref, audience,
           person_ref, bulk_id, step_at, sequence, texts, correlation_id, traceparent, channel,
           state, due_at, created_at, sent_at, CAST(facts AS jsonb)
      FROM unnest(CAST(:notice_id AS uuid[]), CAST(:cause_id AS uuid[]), CAST(:kind AS text[]),
        CAST(:about_id AS uuid[]), CAST(:run_id AS uuid[]), CAST(:organisation_id AS uuid[]),
        CAST(:recipient_ref AS uuid[]), CAST(:audience AS text[]), CAST(:person_ref AS uuid[]),
        CAST(:bulk_id AS uuid[]),
        CAST(:step_at AS timestamptz[]), CAST(:sequence AS bigint[]), CAST(:texts AS text[]),
        CAST(:correlation_id AS text[]), CAST(:traceparent AS text[]), CAST(:channel AS text[]),
        CAST(:state AS text[]), CAST(:due_at AS timestamptz[]), CAST(:created_at AS timestamptz[]),
        CAST(:sent_at AS timestamptz[]), CAST(:facts AS text[])) WITH ORDINALITY
        AS told (notice_id, cause_id, kind, about_id, run_id, organisation_id, recipient_ref,
                 audience, person_ref, bulk_id, step_at, sequence, texts, correlation_id,
                 traceparent, channel, state, due_at, created_at, sent_at, facts, place)
     ORDER BY step_at, place
    ON CONFLICT (notice_id) DO NOTHING RETURNING notice_id
""")
# Those whose run and bulk call are known now, or whose time is over.
RIPE = text(f"""
    {SELECT} FROM notice n
     WHERE n.state = 'waiting'
       AND (n.bulk_id IS NULL OR n.step_at <= :bulk_limit
            OR EXISTS (SELECT 1 FROM bulk b WHERE b.bulk_id = n.bulk_id))
       AND (n.created_at <= :run_limit OR EXISTS (SELECT 1 FROM run r WHERE r.run_id = n.run_id)
            OR EXISTS (SELECT 1 FROM bulk b WHERE b.bulk_id = n.bulk_id
                                              AND n.step_at <= b.settled_at))
     ORDER BY n.number LIMIT 500 FOR UPDATE OF n SKIP LOCKED
""")  # noqa: S608 - column names of ours
RELEASE = text("""
    UPDATE notice n SET state = t.state, channel = t.channel, due_at = t.due_at,
           sent_at = t.sent_at,
           written_in = CAST(CAST(pg_current_xact_id() AS text) AS bigint)
      FROM unnest(CAST(:notice_id AS uuid[]), CAST(:state AS text[]), CAST(:channel AS text[]),
                  CAST(:due_at AS timestamptz[]), CAST(:sent_at AS timestamptz[]))
           AS t (notice_id, state, channel, due_at, sent_at)
     WHERE n.notice_id = t.notice_id
""")
DROP = text("DELETE FROM notice WHERE notice_id = ANY(CAST(:ids AS uuid[]))")
# A claim is a lease: whoever dies with it gives it back by time. An earlier mail about the same
# thing goes first, so that nobody reads of an end before its beginning.
CLAIM = text(f"""
    WITH next AS (
        SELECT notice_id AS id FROM notice d
         WHERE d.state IN ('queued', 'sending') AND d.due_at <= :now
           AND (d.kind = ANY(CAST(:urgent AS text[])) OR NOT EXISTS (
                SELECT 1 FROM notice e
                 WHERE e.about_id = d.about_id AND e.recipient_ref = d.recipient_ref
                   AND e.number < d.number AND e.state IN ('queued', 'sending')))
         ORDER BY d.due_at LIMIT :limit FOR UPDATE OF d SKIP LOCKED
    ), taken AS (
        UPDATE notice SET state = 'sending', due_at = :leased_until, claim = claim + 1
          FROM next WHERE notice_id = next.id
        RETURNING notice_id, claim, attempts
    )
    {SELECT}, taken.claim, taken.attempts
      FROM taken JOIN notice n USING (notice_id) ORDER BY n.number
""")  # noqa: S608 - column names of ours
# Only the holder of the latest claim settles: a slow one that lost its lease changes nothing.
# `CASE` hides the state from the planner: for one mail it would read the whole index of the queue.
SETTLE = text("""
    UPDATE notice n SET state = t.state, channel = t.channel, due_at = t.due_at,
           sent_at = t.sent_at, attempts = n.attempts + t.tried, reason = t.reason
      FROM unnest(CAST(:notice_id AS uuid[]), CAST(:claim AS integer[]), CAST(:state AS text[]),
                  CAST(:channel AS text[]), CAST(:due_at AS timestamptz[]),
                  CAST(:sent_at AS timestamptz[]), CAST(:tried AS integer[]),
                  CAST(:reason AS text[]))
           AS t (notice_id, claim, state, channel, due_at, sent_at, tried, reason)
     WHERE n.notice_id = t.notice_id AND CASE n.state WHEN 'sending' THEN n.claim END = t.claim
    RETURNING n.notice_id
""")
INBOX = text(f"""
    {SELECT} FROM notice n
     WHERE n.recipient_ref = :recipient AND n.organisation_id = :organisation
       AND n.state <> 'waiting'
       AND (NOT CAST(:unread AS boolean) OR n.read_at IS NULL)
       AND n.number < :before
     ORDER BY n.number DESC LIMIT :limit
""")
UNREAD = text("""
    SELECT count(*) AS unread FROM notice
     WHERE recipient_ref = :recipient AND organisation_id = :organisation
       AND state <> 'waiting' AND read_at IS NULL
""")
MARK_READ = text("""
    UPDATE notice n SET read_at = coalesce(n.read_at, :now)
      FROM unnest(CAST(:ids AS uuid[]), CAST(:readers AS uuid[]),
                  CAST(:organisations AS uuid[])) AS t (id, reader, organisation)
     WHERE n.notice_id = t.id AND n.recipient_ref = t.reader
       AND n.organisation_id = t.organisation AND n.state <> 'waiting'
    RETURNING n.notice_id, n.recipient_ref, n.organisation_id, n.read_at
""")


# By their creation: while the mail server is away, `due_at` moves on with every look.
OVERDUE = text("""
    SELECT count(*) AS waiting, min(created_at) AS oldest FROM notice
     WHERE state IN ('queued', 'sending') AND due_at <= :now
""")


@dataclass(frozen=True, slots=True)
class Reader:
    """A person as a member of the organisation that the token names; without one: of none.

    Any organisation can book for any reference, so a person is shown the notices of the own
    organisation only.
    """

    person_ref: UUID
    organisation_id: UUID | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this process has to send, with the number of its claim."""

    notice: Notice
    claim: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Settled:
    """How a claimed notice goes on."""

    notice_id: UUID
    claim: int
    state: str
    channel: str
    due_at: datetime
    sent_at: datetime | None = None
    tried: int = 0
    reason: str | None = None


async def insert(tx: Transaction, notices: Sequence[Notice]) -> list[Notice]:
    """Write new notices; what was written before (same cause, same recipient) is left out."""
    if not notices:
        return []
    params: dict[str, Any] = columns(notices, FIELDS)
    params["facts"] = [orjson.dumps(dict(notice.facts)).decode() for notice in notices]
    fresh = {row["notice_id"] for row in await tx.rows(INSERT, params)}
    new = [notice for notice in notices if notice.notice_id in fresh]
    _ring(tx, new)
    return new


def _ring(tx: Transaction, notices: Sequence[Notice]) -> None:
    if any(notice.state == "queued" for notice in notices):
        tx.ring(QUEUED)


async def ripe(tx: Transaction, run_limit: datetime, bulk_limit: datetime) -> list[Notice]:
    """Waiting notices that can go on now, locked."""
    rows = await tx.rows(RIPE, {"run_limit": run_limit, "bulk_limit": bulk_limit})
    return [notice(row) for row in rows]


async def release(tx: Transaction, released: Sequence[Notice], covered: Sequence[UUID]) -> None:
    """Let these go on, and forget those that a list covers."""
    if released:
        names = ("notice_id", "state", "channel", "due_at", "sent_at")
        await tx.execute(RELEASE, columns(released, names))
        _ring(tx, released)
    if covered:
        await tx.execute(DROP, {"ids": list(covered)})


async def claim(tx: Transaction, limit: int, leased_until: datetime) -> list[Claimed]:
    """Take due notices; they are ours until the lease ends."""
    rows = await tx.rows(
        CLAIM,
        {"now": tx.now, "limit": limit, "leased_until": leased_until, "urgent": list(URGENT)},
    )
    return [Claimed(notice(row), row["claim"], row["attempts"]) for row in rows]


async def settle(tx: Transaction, settled: Sequence[Settled]) -> set[UUID]:
    """Write how claimed notices go on; which of them were still ours."""
    rows = await tx.rows(SETTLE, columns(settled, tuple(Settled.__slots__)))
    return {row["notice_id"] for row in rows}


async def overdue(tx: Transaction) -> tuple[int, datetime | None]:
    """How many mails should be on their way by now, and when the first was made."""
    row = await tx.row(OVERDUE, {"now": tx.now})
    return (row["waiting"], row["oldest"]) if row else (0, None)


async def inbox(
    tx: Transaction, reader: Reader, unread: bool, before: int, limit: int
) -> list[Notice]:
    """The newest notices of a reader below a number."""
    rows = await tx.rows(
        INBOX, {**_who(reader), "unread": unread, "before": before, "limit": limit}
    )
    return [notice(row) for row in rows]


def _who(reader: Reader) -> dict[str, Any]:
    return {"recipient": reader.person_ref, "organisation": reader.organisation_id}


async def count_unread(tx: Transaction, reader: Reader) -> int:
    """How many notices a reader has not read."""
    row = await tx.row(UNREAD, _who(reader))
    return int(row["unread"]) if row else 0


async def mark_read(
    tx: Transaction, marks: Sequence[tuple[UUID, Reader]]
) -> dict[tuple[UUID, Reader], datetime]:
    """Mark (notice, reader); when each was first read. Foreign ones are not there."""
    rows = await tx.rows(
        MARK_READ,
        {
            "ids": [id_ for id_, _ in marks],
            "readers": [reader.person_ref for _, reader in marks],
            "organisations": [reader.organisation_id for _, reader in marks],
            "now": tx.now,
        },
    )
    return {
        (row["notice_id"], Reader(row["recipient_ref"], row["organisation_id"])): row["read_at"]
        for row in rows
    }


def notice(row: Row) -> Notice:
    """A row as the domain sees it."""
    return Notice(
        **{name: row[name] for name in FIELDS},
        facts=row["facts"],
        number=row["number"],
        read_at=row["read_at"],
    )
