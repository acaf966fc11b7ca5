"""Write decided things: one statement per table, whatever the size of the batch."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from chassis.database import Transaction, columns
from sqlalchemy import TextClause, text

from membership.commands import By, LookAtMembers
from membership.domain.organisation import (
    Application,
    Booked,
    Dossier,
    Filed,
    Membership,
    Payment,
    Requested,
    Subscription,
)
from membership.domain.registry import Act

ORGANISATIONS = text("""
    INSERT INTO organisation (organisation_id, code, name, employees, kind, street, postcode, city,
                              country, version, missing_shares, registered_at)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:code AS text[]), CAST(:name AS text[]),
                         CAST(:employees AS int[]), CAST(:kind AS text[]), CAST(:street AS text[]),
                         CAST(:postcode AS text[]), CAST(:city AS text[]),
                         CAST(:country AS text[]), CAST(:version AS int[]),
                         CAST(:missing_shares AS int[]), CAST(:registered_at AS timestamptz[]))
    ON CONFLICT (organisation_id) DO UPDATE
       SET employees = EXCLUDED.employees, version = EXCLUDED.version,
           missing_shares = EXCLUDED.missing_shares
""")
# The newest count that is not yet there.
COUNTS = text("""
    INSERT INTO employee_count (organisation_id, employees, recorded_at)
    SELECT o, e, :now FROM unnest(CAST(:ids AS uuid[]), CAST(:employees AS int[])) AS t(o, e)
     WHERE e IS DISTINCT FROM (SELECT c.employees FROM employee_count c
                                WHERE c.organisation_id = o ORDER BY c.id DESC LIMIT 1)
""")
MEMBERSHIPS = text("""
    INSERT INTO membership (organisation_id, member_number, application_id, member_since_on,
                            ends_on, notice_received_at, tier, state)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:member_number AS int[]),
                         CAST(:application_id AS uuid[]), CAST(:member_since_on AS date[]),
                         CAST(:ends_on AS date[]), CAST(:notice_received_at AS timestamptz[]),
                         CAST(:tier AS int[]), CAST(:state AS text[]))
    ON CONFLICT (member_number) DO UPDATE
       SET ends_on = EXCLUDED.ends_on, notice_received_at = EXCLUDED.notice_received_at,
           tier = EXCLUDED.tier, state = EXCLUDED.state
""")
APPLICATIONS = text("""
    INSERT INTO application (organisation_id, application_id, state, shares, filed_at, decided_on,
                             reason_code)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:application_id AS uuid[]),
                         CAST(:state AS text[]), CAST(:shares AS int[]),
                         CAST(:filed_at AS timestamptz[]), CAST(:decided_on AS date[]),
                         CAST(:reason_code AS text[]))
    ON CONFLICT (application_id) DO UPDATE
       SET state = EXCLUDED.state, shares = EXCLUDED.shares, decided_on = EXCLUDED.decided_on,
           reason_code = EXCLUDED.reason_code
""")
DECLARATIONS = text("""
    INSERT INTO declaration (application_id, declared_at, articles_shown_at, accepts_payment_duty,
                             accepts_longer_notice, form, signatory_name, signatory_mail,
                             signatory_function)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:declared_at AS timestamptz[]),
                         CAST(:articles_shown_at AS timestamptz[]),
                         CAST(:accepts_payment_duty AS boolean[]),
                         CAST(:accepts_longer_notice AS boolean[]), CAST(:form AS text[]),
                         CAST(:names AS text[]), CAST(:mails AS text[]), CAST(:functions AS text[]))
""")
# § 15 (2) GenG: an electronic declaration goes at once, in the transaction of the no; and with it
# what the office wrote about it.
FORGET = text("""
    WITH requests AS (
        DELETE FROM document_request WHERE application_id = ANY(CAST(:ids AS uuid[])))
    DELETE FROM declaration WHERE application_id = ANY(CAST(:ids AS uuid[]))
""")
REQUESTS = text("""
    INSERT INTO document_request (request_id, application_id, check_code, document, note,
                                  requested_at, requested_by)
    SELECT * FROM unnest(CAST(:request_id AS uuid[]), CAST(:application_id AS uuid[]),
                         CAST(:check_code AS text[]), CAST(:document AS text[]),
                         CAST(:note AS text[]), CAST(:requested_at AS timestamptz[]),
                         CAST(:who AS uuid[]))
""")
SUBSCRIPTIONS = text("""
    INSERT INTO share_subscription (subscription_id, member_number, kind, shares, subscribed_on,
                                    declared_at, recorded_by, recorded_at)
    SELECT *, CAST(:now AS timestamptz)
      FROM unnest(CAST(:subscription_id AS uuid[]), CAST(:member_number AS int[]),
                  CAST(:kind AS text[]), CAST(:shares AS int[]), CAST(:subscribed_on AS date[]),
                  CAST(:declared_at AS timestamptz[]), CAST(:who AS uuid[]))
""")
PAYMENTS = text("""
    INSERT INTO share_payment (payment_id, member_number, amount_cents, received_on, reference,
                               recorded_by, recorded_at)
    SELECT *, CAST(:now AS timestamptz)
      FROM unnest(CAST(:payment_id AS uuid[]), CAST(:member_number AS int[]),
                  CAST(:amount_cents AS bigint[]), CAST(:received_on AS date[]),
                  CAST(:reference AS text[]), CAST(:who AS uuid[]))
""")
ACTS = text("""
    INSERT INTO audit (what, organisation_id, who, correlation_id, at)
    SELECT *, CAST(:now AS timestamptz)
      FROM unnest(CAST(:what AS text[]), CAST(:organisation_id AS uuid[]), CAST(:who AS uuid[]),
                  CAST(:correlation_id AS text[]))
""")
NUMBER = text("UPDATE member_numbering SET last_number = :last WHERE last_number <> :last")
LOOKS = text("""
    INSERT INTO inspection (who, on_day, reason, at)
    SELECT *, CAST(:now AS timestamptz)
      FROM unnest(CAST(:who AS uuid[]), CAST(:on_day AS date[]), CAST(:reason AS text[]))
""")

PROFILE = ("code", "name", "employees", "kind", "street", "postcode", "city", "country")
MEMBERSHIP = (
    "member_number",
    "application_id",
    "member_since_on",
    "ends_on",
    "notice_received_at",
    "tier",
    "state",
)
APPLICATION = ("application_id", "state", "shares", "filed_at", "decided_on", "reason_code")
SUBSCRIPTION = (
    "subscription_id",
    "member_number",
    "kind",
    "shares",
    "subscribed_on",
    "declared_at",
)
PAYMENT = ("payment_id", "member_number", "amount_cents", "received_on", "reference")
DECLARATION = (
    "declared_at",
    "articles_shown_at",
    "accepts_payment_duty",
    "accepts_longer_notice",
    "form",
)
REQUEST = ("request_id", "application_id", "check_code", "document", "note", "requested_at")
ACT = ("what", "organisation_id", "who", "correlation_id")


async def save_dossiers(tx: Transaction, dossiers: Sequence[Dossier]) -> None:
    """Organisations, their latest membership and the applications that were loaded."""
    ids = [dossier.organisation_id for dossier in dossiers]
    profiles = columns([dossier.profile for dossier in dossiers], PROFILE)
    own = columns(dossiers, ("version", "missing_shares", "registered_at"))
    await tx.execute(ORGANISATIONS, {"ids": ids, **profiles, **own})
    await tx.execute(COUNTS, {"ids": ids, "employees": profiles["employees"], "now": tx.now})
    applications = [(d.organisation_id, a) for d in dossiers for a in d.applications]
    await _upsert(tx, APPLICATIONS, applications, APPLICATION)
    memberships = [(d.organisation_id, d.membership) for d in dossiers if d.membership]
    await _upsert(tx, MEMBERSHIPS, memberships, MEMBERSHIP)
    rejected = [a.application_id for _, a in applications if a.state == "rejected"]
    if rejected:
        await tx.execute(FORGET, {"ids": rejected})


async def save_rows(tx: Transaction, booked: Iterable[tuple[Booked, By]]) -> None:
    """New declarations and new rows of the ledgers."""
    rows = list(booked)
    filed = [row for row, _ in rows if isinstance(row, Filed)]
    if filed:
        await tx.execute(DECLARATIONS, _declarations(filed))
    for kind, sql, names in (
        (Subscription, SUBSCRIPTIONS, SUBSCRIPTION),
        (Payment, PAYMENTS, PAYMENT),
        (Requested, REQUESTS, REQUEST),
    ):
        mine = [(row, by) for row, by in rows if isinstance(row, kind)]
        if mine:
            who = [by.person_ref for _, by in mine]
            values = columns([row for row, _ in mine], names)
            await tx.execute(sql, {**values, "who": who, "now": tx.now})


async def save_acts(tx: Transaction, acts: Sequence[Act]) -> None:
    """Lines of the audit trail."""
    await tx.execute(ACTS, {**columns(acts, ACT), "now": tx.now})


async def save_looks(tx: Transaction, looks: Sequence[LookAtMembers]) -> None:
    """Who looked at the list of members of which day, and why."""
    await tx.execute(
        LOOKS,
        {
            "who": [look.by.person_ref for look in looks],
            "on_day": [look.on for look in looks],
            "reason": [look.reason for look in looks],
            "now": tx.now,
        },
    )


def _declarations(filed: Sequence[Filed]) -> dict[str, list[Any]]:
    signatories = [row.declaration.signatory for row in filed]
    return {
        "ids": [row.application_id for row in filed],
        **columns([row.declaration for row in filed], DECLARATION),
        "names": [signatory.name for signatory in signatories],
        "mails": [signatory.mail for signatory in signatories],
        "functions": [signatory.function for signatory in signatories],
    }


async def _upsert(
    tx: Transaction,
    sql: TextClause,
    rows: Sequence[tuple[UUID, Application | Membership]],
    names: Sequence[str],
) -> None:
    if rows:
        values = columns([row for _, row in rows], names)
        await tx.execute(sql, {"ids": [id_ for id_, _ in rows], **values})
