"""Applications for membership, admission and rejection."""

from typing import Annotated, Literal
from uuid import UUID, uuid4

from chassis.auth import Actor, Allowed
from chassis.http import Body, Read, Write, problems
from chassis.problems import language
from contracts.base import Code
from contracts.refusal import NOT_FOUND
from fastapi import APIRouter, Query, Request
from pydantic import Field, StrictBool

from membership.commands import (
    Admit,
    ApplyForMembership,
    By,
    CheckCode,
    Declaration,
    Reject,
    RequestDocument,
    Signatory,
)
from membership.domain.organisation import ApplicationState
from membership.domain.refusals import ORGANISATION_MISSING
from membership.handlers import memberships
from membership.http.forms import Line, Lines, Mail, Moment, SensibleDay
from membership.settings import RULES
from membership.views import declared, lists, shown

router = APIRouter(prefix="/api/membership/applications", tags=["applications"])

Office = Annotated[Actor, Allowed("office")]


class SignatoryBody(Body):
    """Who signs for the organisation. Deleted at once when the application is refused."""

    name: Line
    mail: Mail
    function: Line


class ApplicationBody(Body):
    """A declaration of accession (§ 15, § 15a GenG). It must be unconditional.

    What the law asks for and is not there is refused with its reason, not as a missing field.
    """

    organisation_id: UUID | None = None
    declared_at: Moment
    satzung_shown_at: Moment | None = None
    accepts_payment_duty: StrictBool = False
    accepts_longer_notice: StrictBool = False
    form: Literal["text"] = "text"
    condition: Annotated[str, Field(max_length=2000)] | None = None
    signatory: SignatoryBody

    def declaration(self) -> Declaration:
        """What is declared. The words of a condition are not kept."""
        return Declaration(
            declared_at=self.declared_at,
            articles_shown_at=self.satzung_shown_at,
            accepts_payment_duty=self.accepts_payment_duty,
            accepts_longer_notice=self.accepts_longer_notice,
            signatory=Signatory(**self.signatory.model_dump()),
            form=self.form,
            conditional=bool(self.condition and self.condition.strip()),
        )


class AdmissionBody(Body):
    """The day of the admission; today, if it is not given."""

    admitted_on: SensibleDay | None = None


class RejectionBody(Body):
    """Why, as a code; never words about a person."""

    reason_code: Code | None = None


class DocumentRequestBody(Body):
    """Which document is wanted: named, or by the check that it is for. Deleted with a refusal."""

    check: CheckCode | None = None
    document: Line | None = None
    note: Lines | None = None


@router.post("", status_code=201, responses=problems(403, 404, 409))
async def apply_for_membership(
    body: ApplicationBody,
    actor: Annotated[Actor, Allowed("coordinator", "office")],
    write: Write,
    request: Request,
) -> declared.ApplicationView:
    """Declare that the own organisation joins; the office also for another one."""
    organisation_id = body.organisation_id or actor.organisation_id
    if organisation_id is None:
        raise ORGANISATION_MISSING.refuse("/organisation_id")
    own = organisation_id == actor.organisation_id
    if not (own or actor.has("office")):
        raise NOT_FOUND.refuse()
    command = ApplyForMembership(
        application_id=uuid4(),
        organisation_id=organisation_id,
        own=own,
        declaration=body.declaration(),
        language=language(request),
        by=By(actor.person_ref, write.cause),
    )
    return await write(memberships.apply, command)


@router.get("", responses=problems(403))
async def list_applications(
    _: Office,
    read: Read,
    request: Request,
    state: ApplicationState | None = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> lists.ApplicationsView:
    """Applications with their checks, the newest first."""
    async with read() as tx:
        return await lists.applications(tx, RULES, state, cursor, (limit, language(request)))


@router.get("/{application_id}", responses=problems(403, 404))
async def show_application(
    application_id: UUID, _: Office, read: Read, request: Request
) -> declared.ApplicationView:
    """One application with its checks and, as long as it is kept, who signed it."""
    async with read() as tx:
        found = await lists.one_application(tx, RULES, application_id, language(request))
    if found is None:
        raise NOT_FOUND.refuse()
    return found


@router.post(
    "/{application_id}/document-request", status_code=201, responses=problems(403, 404, 409)
)
async def request_document(
    application_id: UUID, body: DocumentRequestBody, actor: Office, write: Write
) -> declared.RequestedView:
    """Write down that the applicant was asked for a document; as often as it is needed."""
    command = RequestDocument(
        request_id=uuid4(),
        application_id=application_id,
        check=body.check,
        document=body.document,
        note=body.note,
        by=By(actor.person_ref, write.cause),
    )
    return await write(memberships.request_documents, command)


@router.post("/{application_id}/admission", status_code=201, responses=problems(403, 404, 409))
async def admit(
    application_id: UUID, actor: Office, write: Write, body: AdmissionBody | None = None
) -> shown.AdmissionView:
    """Admit the organisation: next member number, mandatory shares of its tier."""
    day = body.admitted_on if body else None
    command = Admit(application_id, day, By(actor.person_ref, write.cause))
    return await write(memberships.admit, command)


@router.post("/{application_id}/rejection", status_code=201, responses=problems(403, 404, 409))
async def reject(
    application_id: UUID, actor: Office, write: Write, body: RejectionBody | None = None
) -> declared.ApplicationView:
    """Refuse the application; the declaration is deleted at once (§ 15 (2) GenG)."""
    reason = body.reason_code if body else None
    command = Reject(application_id, reason, By(actor.person_ref, write.cause))
    return await write(memberships.reject, command)
