"""Seats of runs as enrolment tells them: the newest version of each run (table `run_seats`)."""

from collections.abc import Sequence
from uuid import UUID

from chassis.database import Transaction
from contracts.base import Event
from contracts.enrolment import SeatEvent, SeatsNow
from sqlalchemy import text

PROJECT = text("""
    INSERT INTO run_seats (run_id, taken, held, waiting, version)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:taken AS integer[]), CAST(:held AS integer[]),
                         CAST(:waiting AS integer[]), CAST(:versions AS bigint[])) AS t(run_id)
     ORDER BY run_id
    ON CONFLICT (run_id) DO UPDATE
       SET taken = EXCLUDED.taken, held = EXCLUDED.held, waiting = EXCLUDED.waiting,
           version = EXCLUDED.version
     WHERE run_seats.version < EXCLUDED.version
""")


def newest(events: Sequence[Event]) -> dict[UUID, SeatsNow]:
    """The newest seats of each run; events of one run stand on several partitions."""
    found: dict[UUID, SeatsNow] = {}
    for event in events:
        if not isinstance(event, SeatEvent) or event.seats is None:
            continue
        known = found.get(event.run_id)
        if known is None or known.version < event.seats.version:
            found[event.run_id] = event.seats
    return found


async def project(tx: Transaction, events: Sequence[Event]) -> None:
    """Bring the table to what the events say. Older news about a run changes nothing."""
    found = newest(events)
    if found:
        await tx.execute(
            PROJECT,
            {
                "ids": list(found),
                "taken": [seats.taken for seats in found.values()],
                "held": [seats.held for seats in found.values()],
                "waiting": [seats.waiting for seats in found.values()],
                "versions": [seats.version for seats in found.values()],
            },
        )
