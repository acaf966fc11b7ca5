"""What others told about runs, bookings and bulk calls: projections, and how they are asked.

The tables stand in the first migration. Each row keeps when it was told (`told_at`), so that an old
event that comes late (a replayed dead letter) cannot undo a newer one; replaying all events into
empty tables gives the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.database import Row, Transaction, columns
from contracts.base import Event
from contracts.catalog import RunChanged, RunScheduled
from contracts.enrolment import About, BulkSettled, EnrolmentRejected
from contracts.membership import EnrolmentPriced
from sqlalchemy import text

from notifications.domain.course import Booking, Run
from notifications.domain.steps import CONFIRMED, KIND_OF, REMINDED, RESCHEDULED, sequence_of

SAVE_RUNS = text("""
    INSERT INTO run (run_id, offer_id, title, format, starts_at, ends_at, location,
                     standard_cents, member_cents, told_at)
    SELECT * FROM unnest(CAST(:run_id AS uuid[]), CAST(:offer_id AS uuid[]),
        CAST(:title AS text[]), CAST(:format AS text[]), CAST(:starts_at AS timestamptz[]),
        CAST(:ends_at AS timestamptz[]), CAST(:location AS text[]),
        CAST(:standard_cents AS bigint[]), CAST(:member_cents AS bigint[]),
        CAST(:told_at AS timestamptz[])) AS told (run_id)
     ORDER BY run_id
    ON CONFLICT (run_id) DO UPDATE SET
        offer_id = excluded.offer_id, title = excluded.title, format = excluded.format,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, location = excluded.location,
        standard_cents = excluded.standard_cents, member_cents = excluded.member_cents,
        told_at = excluded.told_at
     WHERE run.told_at <= excluded.told_at
""")
RUN_COLUMNS = (
    "run_id",
    "offer_id",
    "title",
    "format",
    "starts_at",
    "ends_at",
    "location",
    "standard_cents",
    "member_cents",
    "told_at",
)
RUNS = text("SELECT * FROM run WHERE run_id = ANY(CAST(:ids AS uuid[]))")

SAVE_STATES = text("""
    INSERT INTO booking (enrolment_id, run_id, organisation_id, person_ref, state, was_confirmed,
                         sequence, told_at, decided_by_ref)
    SELECT * FROM unnest(CAST(:enrolment_id AS uuid[]), CAST(:run_id AS uuid[]),
        CAST(:organisation_id AS uuid[]), CAST(:person_ref AS uuid[]), CAST(:state AS text[]),
        CAST(:was_confirmed AS boolean[]),
        CAST(:sequence AS bigint[]), CAST(:told_at AS timestamptz[]),
        CAST(:decided_by_ref AS uuid[])) AS told (enrolment_id)
     ORDER BY enrolment_id
    ON CONFLICT (enrolment_id) DO UPDATE SET
        run_id = excluded.run_id, organisation_id = excluded.organisation_id,
        person_ref = excluded.person_ref,
        was_confirmed = booking.was_confirmed OR excluded.was_confirmed,
        sequence = greatest(booking.sequence, excluded.sequence),
        state = CASE WHEN excluded.told_at >= booking.told_at
                     THEN coalesce(excluded.state, booking.state) ELSE booking.state END,
        told_at = greatest(booking.told_at, excluded.told_at),
        decided_by_ref = coalesce(excluded.decided_by_ref, booking.decided_by_ref)
""")
STANDING_COLUMNS = (
    "enrolment_id",
    "run_id",
    "organisation_id",
    "person_ref",
    "state",
    "was_confirmed",
    "sequence",
    "told_at",
    "decided_by_ref",
)
SAVE_PRICES = text("""
    INSERT INTO booking (enrolment_id, price_cents, saving_cents, price_kind, reason,
                         member_since_on, ended_on)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:cents AS bigint[]),
        CAST(:savings AS bigint[]), CAST(:kinds AS text[]), CAST(:reasons AS text[]),
        CAST(:since AS date[]), CAST(:ended AS date[])) AS told (enrolment_id)
     ORDER BY enrolment_id
    ON CONFLICT (enrolment_id) DO UPDATE SET
        price_cents = excluded.price_cents, saving_cents = excluded.saving_cents,
        price_kind = excluded.price_kind, reason = excluded.reason,
        member_since_on = excluded.member_since_on, ended_on = excluded.ended_on
""")
BOOKINGS = text("""
    SELECT enrolment_id, run_id, person_ref, state, was_confirmed, sequence, price_cents,
           saving_cents, price_kind, reason, member_since_on, ended_on
      FROM booking WHERE enrolment_id = ANY(CAST(:ids AS uuid[]))
""")
CONFIRMED_OF = text("""
    SELECT enrolment_id, run_id, person_ref, state, was_confirmed, sequence, price_cents,
           saving_cents, price_kind, reason, member_since_on, ended_on
      FROM booking
     WHERE person_ref = :person_ref AND organisation_id = :organisation_id
       AND state = 'confirmed'
     ORDER BY told_at DESC LIMIT 500
""")
DECIDED_FOR = text("""
    SELECT DISTINCT decided_by_ref FROM booking
     WHERE person_ref = :person_ref AND organisation_id = :organisation_id
       AND decided_by_ref IS NOT NULL
""")
SAVE_BULKS = text("""
    INSERT INTO bulk (bulk_id, settled_at)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[]))
    ON CONFLICT DO NOTHING
""")
BULKS = text("SELECT bulk_id, settled_at FROM bulk WHERE bulk_id = ANY(CAST(:ids AS uuid[]))")


def _by_time(events: Sequence[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.meta.time)


async def note_runs(tx: Transaction, events: Sequence[Event]) -> None:
    """Keep the newest snapshot of each run. A cancelled or withdrawn run keeps its title."""
    newest = {
        event.run_id: Run(
            run_id=event.run_id,
            offer_id=event.offer_id,
            title=event.title,
            format=event.format,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            location=event.location,
            standard_cents=event.standard_cents,
            member_cents=event.member_cents,
            told_at=event.meta.time,
        )
        for event in _by_time(events)
        if isinstance(event, RunScheduled | RunChanged)
    }
    if newest:
        await tx.execute(SAVE_RUNS, columns(newest.values(), RUN_COLUMNS))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an enrolment stands. `state` None: a moved run, or a reminder, leaves it there."""

    enrolment_id: UUID
    run_id: UUID
    organisation_id: UUID
    person_ref: UUID
    state: str | None
    was_confirmed: bool
    sequence: int
    told_at: datetime
    decided_by_ref: UUID | None

    def after(self, earlier: "Standing") -> "Standing":
        """Both in one row: the later state, and what only grows."""
        return replace(
            self,
            state=self.state or earlier.state,
            was_confirmed=self.was_confirmed or earlier.was_confirmed,
            sequence=max(self.sequence, earlier.sequence),
            decided_by_ref=self.decided_by_ref or earlier.decided_by_ref,
        )


def _standing(event: About, meta: Event) -> Standing:
    kind = KIND_OF[type(meta)]
    return Standing(
        enrolment_id=event.enrolment_id,
        run_id=event.run_id,
        organisation_id=event.organisation_id,
        person_ref=event.person_ref,
        state=None if kind in (RESCHEDULED, REMINDED) else kind.partition("-")[2],
        was_confirmed=kind == CONFIRMED,
        sequence=sequence_of(meta),
        told_at=meta.meta.time,
        decided_by_ref=event.decided_by_ref if isinstance(event, EnrolmentRejected) else None,
    )


async def note_states(tx: Transaction, events: Sequence[Event]) -> None:
    """Keep where each enrolment stands after its last settled step, and settled bulk calls."""
    last: dict[UUID, Standing] = {}
    for event in _by_time(events):
        if isinstance(event, About) and type(event) in KIND_OF:
            now = _standing(event, event)
            before = last.get(event.enrolment_id)
            last[event.enrolment_id] = now.after(before) if before else now
    if last:
        await tx.execute(SAVE_STATES, columns(last.values(), STANDING_COLUMNS))
    settled = {event.bulk_id: event.meta.time for event in events if isinstance(event, BulkSettled)}
    if settled:
        await tx.execute(SAVE_BULKS, {"ids": list(settled), "times": list(settled.values())})


async def note_prices(tx: Transaction, events: Sequence[Event]) -> None:
    """Keep the price of each enrolment and its reason."""
    last = {event.enrolment_id: event for event in events if isinstance(event, EnrolmentPriced)}
    if not last:
        return
    told = list(last.values())
    await tx.execute(
        SAVE_PRICES,
        {
            "ids": [event.enrolment_id for event in told],
            "cents": [event.price_cents for event in told],
            "savings": [event.saving_cents for event in told],
            "kinds": [event.price_kind for event in told],
            "reasons": [event.reason.code for event in told],
            "since": [event.reason.member_since_on for event in told],
            "ended": [event.reason.ended_on for event in told],
        },
    )


async def runs(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Run]:
    """The runs that are known."""
    rows = await tx.rows(RUNS, {"ids": list(ids)})
    return {row["run_id"]: Run(**row) for row in rows}


async def bookings(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Booking]:
    """The enrolments that are known."""
    return _bookings(await tx.rows(BOOKINGS, {"ids": list(ids)}))


async def confirmed_bookings(
    tx: Transaction, person_ref: UUID, organisation_id: UUID | None
) -> dict[UUID, Booking]:
    """The confirmed enrolments of a person in the own organisation, the newest 500."""
    params = {"person_ref": person_ref, "organisation_id": organisation_id}
    return _bookings(await tx.rows(CONFIRMED_OF, params))


async def decided_for(tx: Transaction, person_ref: UUID, organisation_id: UUID) -> set[UUID]:
    """Who rejected a request of this person in this organisation. An approval does not tell who."""
    params = {"person_ref": person_ref, "organisation_id": organisation_id}
    return {row["decided_by_ref"] for row in await tx.rows(DECIDED_FOR, params)}


async def bulks(tx: Transaction, ids: Iterable[UUID]) -> Mapping[UUID, datetime]:
    """When each of these bulk calls was settled, as far as they are."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = await tx.rows(BULKS, {"ids": wanted})
    return {row["bulk_id"]: row["settled_at"] for row in rows}


def _bookings(rows: Sequence[Row]) -> dict[UUID, Booking]:
    return {row["enrolment_id"]: Booking(**row) for row in rows}


BOOKED_ELSEWHERE = text("""
    SELECT t.person_ref FROM unnest(CAST(:refs AS uuid[]), CAST(:organisations AS uuid[]))
           AS t (person_ref, organisation_id)
     WHERE EXISTS (SELECT 1 FROM booking b WHERE b.person_ref = t.person_ref
                      AND b.organisation_id <> t.organisation_id)
""")


async def booked_elsewhere(
    tx: Transaction, claims: Sequence[tuple[UUID, UUID | None]]
) -> set[UUID]:
    """Those of (person, organisation) whom another organisation booked for."""
    params = {"refs": [ref for ref, _ in claims], "organisations": [of for _, of in claims]}
    return {row["person_ref"] for row in await tx.rows(BOOKED_ELSEWHERE, params)}
