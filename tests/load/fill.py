"""Years of enrolments, written straight into the databases of the services.

Ten million enrolments lie behind each other in time, in runs of five hundred, of a thousand
organisations of very different size; the own one has one in a hundred. Nine of ten were confirmed,
the others ended. Notifications knows each of them, and the notices and inbox marks of one year of
five. Indexes are made after the rows, and no log is written (`wal_level=minimal`): else it takes an
hour.
"""

# ruff: noqa: S608 - the parts of statements are names of our own tables
from __future__ import annotations

from collections.abc import Mapping

from tests.load.databases import Databases

YEARS = "make_interval(days => CAST(1826.0 * (:n - g) / :n AS int))"
RUNS = """
    CREATE TEMP TABLE past AS
        SELECT g AS n, gen_random_uuid() AS id FROM generate_series(0, greatest(:n / 500, 1)) g;
    INSERT INTO run ({columns}) SELECT {values} FROM past CROSS JOIN
        (SELECT * FROM run LIMIT 1) t;
"""
RUN: Mapping[str, str] = {
    "id": "past.id",
    "starts_at": "now() - make_interval(days => past.n % 1826)",
    "ends_at": "now() - make_interval(days => past.n % 1826) + interval '7 hours'",
    "closes_at": "now() - make_interval(days => past.n % 1826 + 7)",
    "capacity": "600",
    "ceiling": "600",
    "taken": "450",
    "held": "0",
    "waiting": "0",
    "next_number": "501",
    "begun": "true",
}
ENROLMENTS = """
    CREATE TEMP TABLE house AS SELECT n, gen_random_uuid() AS id FROM generate_series(0, 999) n;
    INSERT INTO enrolment ({columns}) SELECT {values}
      FROM (SELECT g, now() - {years} AS at, random() AS chance,
                   CAST(floor(1000 * random() ^ 3) AS int) AS whose
              FROM generate_series(1, :n) g) s
      JOIN past ON past.n = s.g / 500 JOIN house h ON h.n = s.whose
     CROSS JOIN (SELECT * FROM template) t;
"""
ENDED = "s.chance > 0.9"
ENROLMENT: Mapping[str, str] = {
    "id": "gen_random_uuid()",
    "run_id": "past.id",
    "organisation_id": "CASE WHEN s.g % 100 = 0 THEN t.organisation_id ELSE h.id END",
    "person_ref": "gen_random_uuid()",
    "state": f"CASE WHEN {ENDED} THEN 'cancelled' ELSE 'confirmed' END",
    "number": "s.g % 500 + 1",
    "requested_at": "s.at",
    "binding_at": "s.at",
    "confirmed_at": "s.at",
    "ended_at": f"CASE WHEN {ENDED} THEN s.at END",
    "ended_reason": f"CASE WHEN {ENDED} THEN 'person' END",
    "bulk_id": "NULL",
    "correlation_id": "CAST(past.id AS text)",
}
BOOKINGS = """
    INSERT INTO booking ({columns}) SELECT {values}
      FROM (SELECT g, now() - {years} AS at FROM generate_series(1, :n) g) s
     CROSS JOIN (SELECT * FROM template) t;
"""
BOOKING: Mapping[str, str] = {
    "enrolment_id": "gen_random_uuid()",
    "organisation_id": "CASE WHEN s.g % 100 = 0 THEN t.organisation_id ELSE t.enrolment_id END",
    "person_ref": "gen_random_uuid()",
    "told_at": "s.at",
}
NOTICES = BOOKINGS.replace("INTO booking", "INTO notice")
NOTICE: Mapping[str, str] = {
    "notice_id": "gen_random_uuid()",
    "cause_id": "gen_random_uuid()",
    "about_id": "gen_random_uuid()",
    "recipient_ref": "gen_random_uuid()",
    "step_at": "s.at",
    "created_at": "s.at",
    "sent_at": "s.at",
    "due_at": "s.at",
    "state": "'sent'",
    "channel": "'portal'",
    "written_in": "1",
}
MARKS = """
    INSERT INTO inbox (topic, message_id, received_at)
    SELECT (ARRAY['enrolment.seats', 'membership.quotes', 'enrolment.enrolments'])[g % 3 + 1],
           gen_random_uuid(), now() - {years} / 5 FROM generate_series(1, :n) g;
"""
INDEXES = """
    SELECT indexdef, indexname FROM pg_indexes WHERE tablename = $1 AND indexname NOT IN
        (SELECT conname FROM pg_constraint WHERE conrelid = CAST($1 AS regclass))
"""
KEYS = """
    SELECT conname, pg_get_constraintdef(oid) AS said FROM pg_constraint
     WHERE conrelid = CAST($1 AS regclass) AND contype IN ('p', 'u')
"""
COLUMNS = """
    SELECT column_name FROM information_schema.columns
     WHERE table_name = $1 AND is_identity = 'NO' ORDER BY ordinal_position
"""


async def fill(databases: Databases, count: int) -> None:
    """Write so many enrolments and what belongs to them. The services stand still meanwhile."""
    for service in ("enrolment", "notifications", "membership"):
        await databases.run(service, "SET session_replication_role = replica")  # no foreign keys
        await databases.run(service, "SET maintenance_work_mem = '1GB'; SET lock_timeout = 0")
        await databases.run(service, "SET statement_timeout = 0")
    columns, values = await _lists(databases, "enrolment", "run", RUN)
    runs = RUNS.format(columns=columns, values=values).replace(":n", str(count))
    await databases.run("enrolment", runs)
    await _into(databases, "enrolment", "enrolment", (ENROLMENTS, ENROLMENT, count))
    await _into(databases, "notifications", "booking", (BOOKINGS, BOOKING, count))
    await _into(databases, "notifications", "notice", (NOTICES, NOTICE, count // 5))
    for service in ("enrolment", "notifications", "membership"):
        await _into(databases, service, "inbox", (MARKS, {}, count // 5))
        await databases.run(service, "VACUUM ANALYZE")
        await databases.run(service, "CHECKPOINT")


async def _lists(
    databases: Databases, service: str, table: str, changes: Mapping[str, str]
) -> tuple[str, str]:
    """Columns and what they get: what `changes` says, else the value of the template."""
    names = [row["column_name"] for row in await databases.rows(service, COLUMNS, table)]
    return ", ".join(names), ", ".join(changes.get(name, f"t.{name}") for name in names)


async def _into(
    databases: Databases, service: str, table: str, what: tuple[str, Mapping[str, str], int]
) -> None:
    """Fill a table: rows that are there stay, the indexes are made at the end."""
    sql, changes, count = what
    columns, values = await _lists(databases, service, table, changes)
    rows = sql.format(columns=columns, values=values, years=YEARS).replace(":n", str(count))
    indexes = await databases.rows(service, INDEXES, table)
    keys = await databases.rows(service, KEYS, table)
    drop = [f"DROP INDEX {index['indexname']};" for index in indexes]
    drop += [f"ALTER TABLE {table} DROP CONSTRAINT {key['conname']};" for key in keys]
    make = [f"ALTER TABLE {table} ADD CONSTRAINT {k['conname']} {k['said']};" for k in keys]
    make += [f"{index['indexdef']};" for index in indexes]
    state = "WHERE state IN ('confirmed', 'sent')" if table in {"enrolment", "notice"} else ""
    script = f"""
        BEGIN;
        CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM {table};
        CREATE TEMP TABLE template ON COMMIT DROP AS SELECT * FROM kept {state} LIMIT 1;
        {" ".join(drop)}
        TRUNCATE {table};
        INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept;
        {rows}
        {" ".join(make)}
        COMMIT;
    """
    await databases.run(service, script)
