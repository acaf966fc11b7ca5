"""Representations of an application: with its checks, and who signed only while that is kept."""

from datetime import date, datetime
from uuid import UUID

from chassis.database import Row
from chassis.http import View
from contracts.base import Instant

from membership.commands import (
    ApplyForMembership,
    CheckCode,
    Declaration,
    RequestDocument,
    Signatory,
)
from membership.domain import declaration as law
from membership.domain.calendar import berlin_day
from membership.domain.organisation import ApplicationState, Dossier
from membership.domain.rulebook import Rulebook


class CheckView(View):
    """One condition of the law, whether it is fulfilled, and where it stands."""

    code: str
    fulfilled: bool
    note: str
    law: str


class SignatoryView(View):
    """Who signed the declaration."""

    name: str
    mail: str
    function: str


class RequestedView(View):
    """A document that the office asked for, without the note to it."""

    request_id: UUID
    application_id: UUID
    check: CheckCode | None
    document: str | None
    requested_at: Instant


class RequestView(RequestedView):
    """A document that the office asked for."""

    note: str | None


class ApplicationView(View):
    """An application. `signatory` only where one is read by the office, and never after a no.

    `requests` likewise: the documents that were asked for, the oldest first.
    """

    application_id: UUID
    organisation_id: UUID
    organisation_code: str
    organisation_name: str
    state: ApplicationState
    shares: int
    filed_at: Instant
    declared_at: Instant | None
    decided_on: date | None
    reason_code: str | None
    checks: list[CheckView]
    signatory: SignatoryView | None = None
    requests: list[RequestView] = []


def filed(dossier: Dossier, command: ApplyForMembership, rules: Rulebook) -> ApplicationView:
    """An application as it was taken, with its checks."""
    checks = _checks(command.declaration, rules, command.language)
    return decided(dossier, command.application_id).model_copy(update={"checks": checks})


def decided(dossier: Dossier, application_id: UUID) -> ApplicationView:
    """An application without what was declared."""
    application = dossier.application(application_id)
    if application is None:
        raise LookupError("an answer without an application")
    return ApplicationView(
        application_id=application_id,
        organisation_id=dossier.organisation_id,
        organisation_code=dossier.profile.code,
        organisation_name=dossier.profile.name,
        state=application.state,
        shares=application.shares,
        filed_at=application.filed_at,
        declared_at=application.declared_at,
        decided_on=application.decided_on,
        reason_code=application.reason_code,
        checks=[],
    )


def requested(command: RequestDocument, now: datetime) -> RequestedView:
    """What was asked for just now."""
    return RequestedView(
        request_id=command.request_id,
        application_id=command.application_id,
        check=command.check,
        document=command.document,
        requested_at=now,
    )


def application(row: Row, rules: Rulebook, language: str) -> ApplicationView:
    """An application as the office reads it, with who signed as long as that is kept."""
    kept = row["signatory_mail"] is not None
    declared = _declaration(row) if kept else None
    signatory = declared.signatory if declared else None
    return ApplicationView(
        **{name: value for name, value in row.items() if name in ApplicationView.model_fields},
        checks=_checks(declared, rules, language) if declared else [],
        signatory=SignatoryView.model_validate(signatory, from_attributes=True) if kept else None,
    )


def _declaration(row: Row) -> Declaration:
    return Declaration(
        declared_at=row["declared_at"],
        articles_shown_at=row["articles_shown_at"],
        accepts_payment_duty=row["accepts_payment_duty"],
        accepts_longer_notice=row["accepts_longer_notice"],
        form=row["form"],
        signatory=Signatory(
            row["signatory_name"], row["signatory_mail"], row["signatory_function"]
        ),
    )


def _checks(declared: Declaration, rules: Rulebook, language: str) -> list[CheckView]:
    articles = rules.articles_on(berlin_day(declared.declared_at))
    found = law.checks(declared, articles)
    return [CheckView.model_validate(check.told(language)) for check in found]
