"""People: names, addresses and wishes. The only table of the platform that knows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.database import Row, Transaction
from sqlalchemy import text

from notifications.domain.hours import QuietHours
from notifications.domain.person import Person

PEOPLE = text("SELECT * FROM person WHERE person_ref = ANY(CAST(:refs AS uuid[]))")
LOCK_PEOPLE = text("""
    SELECT * FROM person WHERE person_ref = ANY(CAST(:refs AS uuid[]))
     ORDER BY person_ref FOR UPDATE
""")
# ON CONFLICT: the same new person may be written by two replicas at once; the later one wins.
SAVE_PEOPLE = text("""
    INSERT INTO person (person_ref, organisation_id, given_name, family_name, mail, department,
                        language, channel, quiet_from, quiet_to, version, updated_at)
    SELECT *, :now FROM unnest(CAST(:person_ref AS uuid[]), CAST(:organisation_id AS uuid[]),
        CAST(:given_name AS text[]), CAST(:family_name AS text[]), CAST(:mail AS text[]),
        CAST(:department AS text[]), CAST(:language AS text[]), CAST(:channel AS text[]),
        CAST(:quiet_from AS time[]), CAST(:quiet_to AS time[]),
        CAST(:version AS integer[])) AS told (person_ref)
     ORDER BY person_ref
    ON CONFLICT (person_ref) DO UPDATE SET
        organisation_id = excluded.organisation_id, given_name = excluded.given_name,
        family_name = excluded.family_name, mail = excluded.mail,
        department = excluded.department, language = excluded.language,
        channel = excluded.channel, quiet_from = excluded.quiet_from,
        quiet_to = excluded.quiet_to, version = excluded.version, updated_at = excluded.updated_at
""")
COLUMNS = (
    "person_ref",
    "organisation_id",
    "given_name",
    "family_name",
    "mail",
    "department",
    "language",
    "channel",
    "version",
)
LOOKUP = text("""
    SELECT * FROM person
     WHERE person_ref = ANY(CAST(:refs AS uuid[])) AND organisation_id = :organisation_id
""")
RESOLVE = text("""
    SELECT * FROM person
     WHERE organisation_id = :organisation_id AND lower(mail) = ANY(CAST(:mails AS text[]))
     ORDER BY family_name, given_name, person_ref
""")
SEARCH = text("""
    SELECT * FROM person
     WHERE organisation_id = :organisation_id AND mail IS NOT NULL
       AND (CAST(:like AS text) IS NULL
            OR concat_ws(' ', given_name, family_name, given_name) ILIKE :like
            OR mail ILIKE :like OR department ILIKE :like)
       AND (family_name, coalesce(given_name, ''), person_ref)
           > (CAST(:after_family AS text), CAST(:after_given AS text), CAST(:after_ref AS uuid))
     ORDER BY family_name, coalesce(given_name, ''), person_ref LIMIT :limit
""")
DEPARTMENTS = text("""
    SELECT department, count(*) AS people FROM person
     WHERE organisation_id = :organisation_id AND mail IS NOT NULL AND department IS NOT NULL
     GROUP BY department ORDER BY lower(department), department LIMIT :limit
""")
MEMBERS = text("""
    SELECT person_ref FROM person
     WHERE organisation_id = :organisation_id AND mail IS NOT NULL AND department = :department
     ORDER BY person_ref LIMIT :limit
""")
APPROVERS = text("""
    SELECT person_ref, organisation_id FROM person
     WHERE organisation_id = ANY(CAST(:organisations AS uuid[])) AND approves AND mail IS NOT NULL
     ORDER BY person_ref
""")
APPROVES = text("SELECT approves FROM person WHERE person_ref = :ref")
NOTE_APPROVERS = text("""
    UPDATE person p SET approves = t.approves
      FROM unnest(CAST(:refs AS uuid[]), CAST(:marks AS bool[])) AS t (ref, approves)
     WHERE p.person_ref = t.ref AND p.approves <> t.approves
""")
FEED_OWNER = text("SELECT * FROM person WHERE calendar_secret = :secret")
FEED_SECRET = text("SELECT calendar_secret FROM person WHERE person_ref = :ref")
SET_SECRETS = text("""
    INSERT INTO person (person_ref, organisation_id, calendar_secret, version, updated_at)
    SELECT ref, organisation, secret, 1, :now
      FROM unnest(CAST(:refs AS uuid[]), CAST(:organisations AS uuid[]),
                  CAST(:secrets AS text[])) AS told (ref, organisation, secret)
     ORDER BY ref
    ON CONFLICT (person_ref) DO UPDATE SET calendar_secret = excluded.calendar_secret
""")
NOWHERE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class After:
    """Where a page of the list begins: behind this name."""

    family_name: str = ""
    given_name: str = ""
    person_ref: UUID = NOWHERE


async def people(tx: Transaction, refs: Iterable[UUID]) -> dict[UUID, Person]:
    """These people, as far as they are known."""
    wanted = list(refs)
    return _by_ref(await tx.rows(PEOPLE, {"refs": wanted})) if wanted else {}


async def lock_people(tx: Transaction, refs: Iterable[UUID]) -> dict[UUID, Person]:
    """These people, to be changed."""
    return _by_ref(await tx.rows(LOCK_PEOPLE, {"refs": list(refs)}))


async def save_people(tx: Transaction, changed: Sequence[Person]) -> None:
    """Write people as they are now."""
    if not changed:
        return
    params: dict[str, Any] = {name: [getattr(p, name) for p in changed] for name in COLUMNS}
    params["quiet_from"] = [p.quiet.start if p.quiet else None for p in changed]
    params["quiet_to"] = [p.quiet.end if p.quiet else None for p in changed]
    await tx.execute(SAVE_PEOPLE, {**params, "now": tx.now})


async def lookup(tx: Transaction, organisation_id: UUID, refs: Sequence[UUID]) -> list[Person]:
    """Those of these people who belong to the organisation."""
    rows = await tx.rows(LOOKUP, {"organisation_id": organisation_id, "refs": list(refs)})
    return [person(row) for row in rows]


async def resolve(tx: Transaction, organisation_id: UUID, mails: Sequence[str]) -> list[Person]:
    """The people of the organisation with these addresses; a shared mailbox has several."""
    wanted = [mail.lower() for mail in mails]
    rows = await tx.rows(RESOLVE, {"organisation_id": organisation_id, "mails": wanted})
    return [person(row) for row in rows]


async def search(
    tx: Transaction, organisation_id: UUID, words: str | None, after: After, limit: int
) -> list[Person]:
    """People of the organisation by name, address or department, ordered by name."""
    like = None
    if words:
        escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        like = f"%{escaped}%"
    rows = await tx.rows(
        SEARCH,
        {
            "organisation_id": organisation_id,
            "like": like,
            "after_family": after.family_name,
            "after_given": after.given_name,
            "after_ref": after.person_ref,
            "limit": limit,
        },
    )
    return [person(row) for row in rows]


async def departments(tx: Transaction, organisation_id: UUID, limit: int) -> list[tuple[str, int]]:
    """The departments of the organisation by name, and how many people are in each."""
    params = {"organisation_id": organisation_id, "limit": limit}
    rows = await tx.rows(DEPARTMENTS, params)
    return [(row["department"], row["people"]) for row in rows]


async def members(
    tx: Transaction, organisation_id: UUID, department: str, limit: int
) -> list[UUID]:
    """The people of the organisation in a department of exactly this name."""
    params = {"organisation_id": organisation_id, "department": department, "limit": limit}
    return [row["person_ref"] for row in await tx.rows(MEMBERS, params)]


async def approvers(tx: Transaction, organisations: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Those who decide on requests of these organisations, as far as they have been here."""
    found: dict[UUID, list[UUID]] = {}
    for row in await tx.rows(APPROVERS, {"organisations": list(organisations)}):
        found.setdefault(row["organisation_id"], []).append(row["person_ref"])
    return found


async def approves(tx: Transaction, person_ref: UUID) -> bool:
    """Whether somebody is marked as one who decides."""
    row = await tx.row(APPROVES, {"ref": person_ref})
    return bool(row and row["approves"])


async def note_approvers(tx: Transaction, marks: Mapping[UUID, bool]) -> None:
    """Mark people as those who decide, or not any more."""
    params = {"refs": list(marks), "marks": list(marks.values())}
    await tx.execute(NOTE_APPROVERS, params)


async def feed_owner(tx: Transaction, secret: str) -> Person | None:
    """Whose calendar feed it is."""
    row = await tx.row(FEED_OWNER, {"secret": secret})
    return person(row) if row else None


async def feed_secret(tx: Transaction, person_ref: UUID) -> str | None:
    """The secret of a person's calendar feed, if there is one."""
    row = await tx.row(FEED_SECRET, {"ref": person_ref})
    return row["calendar_secret"] if row else None


async def set_feed_secrets(
    tx: Transaction, owners: Sequence[tuple[UUID, UUID | None, str | None]]
) -> None:
    """Give (person, organisation, secret) a new secret, or none."""
    latest = {owner[0]: owner for owner in owners}.values()
    await tx.execute(
        SET_SECRETS,
        {
            "refs": [ref for ref, _, _ in latest],
            "organisations": [organisation for _, organisation, _ in latest],
            "secrets": [secret for _, _, secret in latest],
            "now": tx.now,
        },
    )


def person(row: Row) -> Person:
    """A row as the domain sees it."""
    quiet = None
    if row["quiet_from"] is not None:
        quiet = QuietHours(row["quiet_from"], row["quiet_to"])
    return Person(**{name: row[name] for name in COLUMNS}, quiet=quiet)


def _by_ref(rows: Sequence[Row]) -> dict[UUID, Person]:
    return {row["person_ref"]: person(row) for row in rows}
