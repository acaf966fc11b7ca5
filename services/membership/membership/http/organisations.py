"""Organisations, their shares, payments and notice."""

from typing import Annotated
from uuid import UUID, uuid4

from chassis.auth import Actor, Allowed, SignedIn
from chassis.http import Body, IfMatch, Read, Write, etag, problems
from contracts.base import Code, Slug
from contracts.membership import Employees, Shares
from contracts.money import Cents
from contracts.refusal import NOT_FOUND
from fastapi import APIRouter, Query, Response
from pydantic import Field

from membership.commands import (
    BookPayment,
    By,
    CountEmployees,
    GiveNotice,
    Profile,
    RegisterOrganisation,
    ShareKind,
    SubscribeShares,
)
from membership.handlers import memberships
from membership.http.forms import PLAIN, Line, Moment, SensibleDay
from membership.settings import RULES
from membership.views import lists, payments, shown

router = APIRouter(prefix="/api/membership/organisations", tags=["organisations"])

Office = Annotated[Actor, Allowed("office")]


class OrganisationBody(Body):
    """An organisation; `organisation_id` is the one of the identity provider, else it is made."""

    organisation_id: UUID | None = None
    code: Slug
    name: Line
    employees: Employees
    kind: Code | None = None
    street: Line | None = None
    postcode: Annotated[Line, Field(max_length=20)] | None = None
    city: Line | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "DE"


class EmployeesBody(Body):
    """How many people work there."""

    employees: Employees


class SharesBody(Body):
    """More shares, declared in text form. Voluntary ones need the earlier ones paid (§ 15b)."""

    shares: Shares
    kind: ShareKind
    declared_at: Moment


class PaymentBody(Body):
    """Money that arrived for shares, in cents."""

    amount_cents: Annotated[Cents, Field(gt=0)]
    received_on: SensibleDay
    reference: Annotated[Line, Field(max_length=140)] | None = None


class NoticeBody(Body):
    """A member's notice; the day of receipt counts."""

    received_at: Moment


@router.post("", status_code=201, responses=problems(403, 409))
async def register_organisation(
    body: OrganisationBody, actor: Office, write: Write, response: Response
) -> shown.OrganisationView:
    """Register an organisation. The same again (same id, same content) is harmless."""
    profile = Profile(**body.model_dump(exclude={"organisation_id"}))
    id_ = body.organisation_id or uuid4()
    command = RegisterOrganisation(id_, profile, By(actor.person_ref, write.cause))
    view = await write(memberships.register_organisations, command)
    response.headers.update(etag(view.version))
    return view


@router.get("", responses=problems(403))
async def list_organisations(
    _: Annotated[Actor, Allowed("office", "auditor")],
    read: Read,
    q: Annotated[str | None, Query(max_length=100, pattern=PLAIN)] = None,
    cursor: Annotated[str, Query(max_length=80, pattern=PLAIN)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> lists.OrganisationsView:
    """Organisations by name, code or town, ordered by code."""
    async with read() as tx:
        return await lists.organisations(tx, RULES, q, cursor, limit)


@router.get("/me", responses=problems(404))
async def show_own_organisation(actor: SignedIn, read: Read) -> shown.OwnOrganisationView:
    """The asker's own organisation: whether it is a member today, and since when."""
    if actor.organisation_id is None:
        raise NOT_FOUND.refuse()
    async with read() as tx:
        dossier = await lists.one_dossier(tx, actor.organisation_id)
        if dossier is None:
            raise NOT_FOUND.refuse()
        return shown.own_organisation(dossier, RULES, tx.now)


@router.get("/{organisation_id}", responses=problems(403, 404))
async def show_organisation(
    organisation_id: UUID,
    _: Annotated[Actor, Allowed("office", "auditor")],
    read: Read,
    response: Response,
) -> shown.OrganisationView:
    """One organisation with membership, tier, shares, paid-up balance and what is outstanding."""
    async with read() as tx:
        dossier = await lists.one_dossier(tx, organisation_id)
        if dossier is None:
            raise NOT_FOUND.refuse()
        response.headers.update(etag(dossier.version))
        return shown.organisation(dossier, RULES, tx.now)


@router.put("/{organisation_id}/employees", responses=problems(403, 404, 412))
async def count_employees(
    organisation_id: UUID, body: EmployeesBody, actor: Office, write: Write, if_match: IfMatch
) -> shown.OrganisationView:
    """Write the number of employees down. Over a tier's boundary it makes a task, not shares."""
    by = By(actor.person_ref, write.cause, if_match)
    command = CountEmployees(organisation_id, body.employees, by)
    return await write(memberships.count_employees, command)


@router.post("/{organisation_id}/shares", status_code=201, responses=problems(403, 404, 409, 412))
async def subscribe_shares(
    organisation_id: UUID, body: SharesBody, actor: Office, write: Write, if_match: IfMatch
) -> shown.CapitalView:
    """Book that a member takes more shares (§ 15b GenG)."""
    command = SubscribeShares(
        subscription_id=uuid4(),
        organisation_id=organisation_id,
        shares=body.shares,
        kind=body.kind,
        declared_at=body.declared_at,
        by=By(actor.person_ref, write.cause, if_match),
    )
    return await write(memberships.subscribe, command)


@router.post("/{organisation_id}/payments", status_code=201, responses=problems(403, 404, 409, 412))
async def book_payment(
    organisation_id: UUID, body: PaymentBody, actor: Office, write: Write, if_match: IfMatch
) -> shown.CapitalView:
    """Book money for shares; more than what is open is refused, with how much that is."""
    command = BookPayment(
        payment_id=uuid4(),
        organisation_id=organisation_id,
        amount_cents=body.amount_cents,
        received_on=body.received_on,
        reference=body.reference,
        by=By(actor.person_ref, write.cause, if_match),
    )
    return await write(memberships.pay, command)


@router.get("/{organisation_id}/payments", responses=problems(403, 404))
async def list_payments(
    organisation_id: UUID,
    _: Office,
    read: Read,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> payments.PaymentsView:
    """What an organisation has paid for shares, the newest first; none where it never did."""
    async with read() as tx:
        if await lists.one_dossier(tx, organisation_id) is None:
            raise NOT_FOUND.refuse()
        return await payments.payments(tx, organisation_id, cursor, limit)


@router.post("/{organisation_id}/notice", status_code=201, responses=problems(403, 404, 409, 412))
async def give_notice(
    organisation_id: UUID, body: NoticeBody, actor: Office, write: Write, if_match: IfMatch
) -> shown.NoticeView:
    """Book a member's notice; the membership ends with the year that it still reaches."""
    by = By(actor.person_ref, write.cause, if_match)
    return await write(memberships.give_notice, GiveNotice(organisation_id, body.received_at, by))
