"""Load dossiers under lock, save what the registry decided."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from chassis.database import Row, Transaction
from sqlalchemy import TextClause, text

from membership.commands import Profile
from membership.domain.organisation import Application, Dossier, Holding, Membership
from membership.domain.registry import Registry
from membership.domain.rulebook import Rulebook
from membership.store import books

PROFILE = books.PROFILE

# Taken by whoever registers organisations; shared by whoever sets a price aside for one that is
# not registered (`store.quotes`). So either sees what the other did.
REGISTRATION = text("SELECT pg_advisory_xact_lock(hashtext('membership.registration'))")
BY_CODE = text("SELECT organisation_id FROM organisation WHERE code = ANY(CAST(:codes AS text[]))")
BY_APPLICATION = text("""
    SELECT DISTINCT organisation_id FROM application
     WHERE application_id = ANY(CAST(:ids AS uuid[]))
""")
DUE = text("""
    SELECT o.organisation_id FROM organisation o
     WHERE EXISTS (SELECT FROM membership m WHERE m.organisation_id = o.organisation_id
                      AND m.state = 'notice_given' AND m.ends_on < :today)
     ORDER BY o.organisation_id LIMIT 200 FOR UPDATE SKIP LOCKED
""")

# The lock on the organisation guards everything of it: applications, memberships, ledgers.
LOCK = text("""
    SELECT * FROM organisation WHERE organisation_id = ANY(CAST(:ids AS uuid[]))
     ORDER BY organisation_id FOR UPDATE
""")
READ = text("""
    SELECT * FROM organisation WHERE organisation_id = ANY(CAST(:ids AS uuid[])) ORDER BY code
""")
NUMBERING = text("SELECT last_number FROM member_numbering FOR UPDATE")
LATEST = text("""
    SELECT DISTINCT ON (m.organisation_id) m.*,
           coalesce(s.mandatory, 0) AS mandatory, coalesce(s.voluntary, 0) AS voluntary,
           coalesce(p.paid_cents, 0) AS paid_cents
      FROM membership m
      LEFT JOIN LATERAL (
           SELECT sum(shares) FILTER (WHERE kind = 'mandatory') AS mandatory,
                  sum(shares) FILTER (WHERE kind = 'voluntary') AS voluntary
             FROM share_subscription WHERE member_number = m.member_number) s ON true
      LEFT JOIN LATERAL (
           SELECT sum(amount_cents) AS paid_cents
             FROM share_payment WHERE member_number = m.member_number) p ON true
     WHERE m.organisation_id = ANY(CAST(:ids AS uuid[]))
     ORDER BY m.organisation_id, m.member_since_on DESC
""")
APPLICATIONS = text("""
    SELECT a.*, d.declared_at FROM application a LEFT JOIN declaration d USING (application_id)
     WHERE a.organisation_id = ANY(CAST(:ids AS uuid[]))
       AND (a.state = 'applied' OR a.application_id = ANY(CAST(:asked AS uuid[])))
""")


async def open_for_registration(
    tx: Transaction, rules: Rulebook, ids: Iterable[UUID], codes: Iterable[str]
) -> Registry:
    """The organisations of these ids or codes; nobody else registers meanwhile."""
    await tx.execute(REGISTRATION)
    rows = await tx.rows(BY_CODE, {"codes": list(codes)})
    return await open_registry(tx, rules, {*ids, *(row["organisation_id"] for row in rows)})


async def open_for_decisions(
    tx: Transaction, rules: Rulebook, application_ids: Iterable[UUID], numbered: bool
) -> Registry:
    """The organisations of these applications; for admissions also the numbering."""
    asked = list(application_ids)
    rows = await tx.rows(BY_APPLICATION, {"ids": asked})
    registry = await open_registry(tx, rules, {row["organisation_id"] for row in rows}, asked)
    if numbered:  # always after the organisations: one order of locks for everybody
        row = await tx.row(NUMBERING)
        registry.last_number = row["last_number"] if row else 0
    return registry


async def open_due(tx: Transaction, rules: Rulebook, today: date) -> Registry:
    """Some of the organisations whose membership is over but not yet ended."""
    rows = await tx.rows(DUE, {"today": today})
    return await open_registry(tx, rules, {row["organisation_id"] for row in rows})


async def open_registry(
    tx: Transaction, rules: Rulebook, ids: Iterable[UUID], asked: Iterable[UUID] = ()
) -> Registry:
    """The dossiers of these organisations, locked in order of id, with the asked applications."""
    return Registry(rules, await _dossiers(tx, LOCK, ids, asked))


async def read_dossiers(tx: Transaction, ids: Iterable[UUID]) -> list[Dossier]:
    """The dossiers of these organisations for reading, ordered by code."""
    return await _dossiers(tx, READ, ids)


async def _dossiers(
    tx: Transaction, sql: TextClause, ids: Iterable[UUID], asked: Iterable[UUID] = ()
) -> list[Dossier]:
    organisations = await tx.rows(sql, {"ids": list(ids)})
    found = {"ids": [row["organisation_id"] for row in organisations]}
    if not found["ids"]:
        return []
    latest = {row["organisation_id"]: row for row in await tx.rows(LATEST, found)}
    applications: dict[UUID, list[Application]] = {}
    for row in await tx.rows(APPLICATIONS, {**found, "asked": list(asked)}):
        applications.setdefault(row["organisation_id"], []).append(_application(row))
    return [
        _dossier(row, latest.get(id_), tuple(applications.get(id_, ())))
        for row, id_ in zip(organisations, found["ids"], strict=True)
    ]


async def close_registry(tx: Transaction, registry: Registry, numbered: bool = False) -> None:
    """Save what changed and tell it, in the same transaction."""
    changed = list(registry.changed.values())
    if not changed:
        return
    await books.save_dossiers(tx, changed)
    await books.save_rows(tx, registry.booked)
    await books.save_acts(tx, registry.acts)
    if numbered:
        await tx.execute(books.NUMBER, {"last": registry.last_number})
    await tx.emit(*registry.events)


def _dossier(
    row: Row,
    latest: Row | None,
    applications: tuple[Application, ...],
) -> Dossier:
    return Dossier(
        organisation_id=row["organisation_id"],
        profile=Profile(**{name: row[name] for name in PROFILE}),
        registered_at=row["registered_at"],
        version=row["version"],
        membership=_membership(latest) if latest else None,
        holding=_holding(latest) if latest else Holding(),
        applications=applications,
        missing_shares=row["missing_shares"],
    )


def _membership(row: Row) -> Membership:
    return Membership(
        member_number=row["member_number"],
        application_id=row["application_id"],
        member_since_on=row["member_since_on"],
        tier=row["tier"],
        state=row["state"],
        notice_received_at=row["notice_received_at"],
        ends_on=row["ends_on"],
    )


def _holding(row: Row) -> Holding:
    return Holding(int(row["mandatory"]), int(row["voluntary"]), int(row["paid_cents"]))


def _application(row: Row) -> Application:
    return Application(
        application_id=row["application_id"],
        shares=row["shares"],
        filed_at=row["filed_at"],
        state=row["state"],
        decided_on=row["decided_on"],
        reason_code=row["reason_code"],
        declared_at=row["declared_at"],
    )
