"""Lists of organisations and applications, page by page."""

from collections.abc import Sequence
from uuid import UUID

from chassis.database import Transaction
from chassis.http import View
from sqlalchemy import text

from membership.domain.organisation import Dossier
from membership.domain.rulebook import Rulebook
from membership.store.registry import read_dossiers
from membership.views.declared import ApplicationView, RequestView, application
from membership.views.shown import OrganisationView, organisation

ORGANISATIONS = text("""
    SELECT organisation_id, code FROM organisation
     WHERE (CAST(:q AS text) IS NULL OR name ILIKE :q OR code ILIKE :q OR city ILIKE :q)
       AND code > :after
     ORDER BY code LIMIT :limit
""")
APPLICATIONS = text("""
    SELECT a.*, o.code AS organisation_code, o.name AS organisation_name,
           d.declared_at, d.articles_shown_at, d.accepts_payment_duty, d.accepts_longer_notice,
           d.form, d.signatory_name, d.signatory_mail, d.signatory_function
      FROM application a JOIN organisation o USING (organisation_id)
      LEFT JOIN declaration d USING (application_id)
     WHERE (CAST(:id AS uuid) IS NULL OR a.application_id = :id)
       AND (CAST(:state AS text) IS NULL OR a.state = :state)
       AND (CAST(:after AS uuid) IS NULL OR (a.filed_at, a.application_id) <
            (SELECT filed_at, application_id FROM application WHERE application_id = :after))
     ORDER BY a.filed_at DESC, a.application_id DESC LIMIT :limit
""")


REQUESTS = text("""
    SELECT request_id, application_id, check_code AS "check", document, note, requested_at
      FROM document_request WHERE application_id = :id ORDER BY requested_at, request_id
""")


class OrganisationsView(View):
    """A page of organisations, ordered by code."""

    items: list[OrganisationView]
    next_cursor: str | None


class ApplicationsView(View):
    """A page of applications, the newest first."""

    items: list[ApplicationView]
    next_cursor: UUID | None


async def one_dossier(tx: Transaction, organisation_id: UUID) -> Dossier | None:
    """An organisation, if it is registered."""
    found = await read_dossiers(tx, [organisation_id])
    return found[0] if found else None


async def organisations(
    tx: Transaction, rules: Rulebook, q: str | None, after: str, limit: int
) -> OrganisationsView:
    """A page of the organisations whose name, code or town contains `q`."""
    like = None if not q else "%" + _literally(q) + "%"
    rows = await tx.rows(ORGANISATIONS, {"q": like, "after": after, "limit": limit + 1})
    page = rows[:limit]
    dossiers = await read_dossiers(tx, [row["organisation_id"] for row in page])
    return OrganisationsView(
        items=[organisation(dossier, rules, tx.now) for dossier in dossiers],
        next_cursor=page[-1]["code"] if len(rows) > limit else None,
    )


async def one_application(
    tx: Transaction, rules: Rulebook, application_id: UUID, language: str
) -> ApplicationView | None:
    """One application."""
    params = {"id": application_id, "state": None, "after": None, "limit": 1}
    row = await tx.row(APPLICATIONS, params)
    if row is None:
        return None
    requests = await tx.rows(REQUESTS, {"id": application_id})
    views = [RequestView.model_validate(dict(request)) for request in requests]
    return application(row, rules, language).model_copy(update={"requests": views})


async def applications(
    tx: Transaction, rules: Rulebook, state: str | None, after: UUID | None, paging: tuple[int, str]
) -> ApplicationsView:
    """A page of applications; `paging` is how many, and the language of the notes."""
    limit, language = paging
    params = {"id": None, "state": state, "after": after, "limit": limit + 1}
    rows = await tx.rows(APPLICATIONS, params)
    page: Sequence[ApplicationView] = [application(row, rules, language) for row in rows[:limit]]
    more = len(rows) > limit
    return ApplicationsView(items=list(page), next_cursor=page[-1].application_id if more else None)


def _literally(q: str) -> str:
    """`%` and `_` mean themselves in a search."""
    return q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
