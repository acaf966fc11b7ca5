"""Representations of an organisation and what becomes of it."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from chassis.http import View
from contracts.base import Instant

from membership.domain.calendar import berlin_day
from membership.domain.capital import outstanding_cents
from membership.domain.organisation import Dossier, MembershipState
from membership.domain.rulebook import Rulebook

State = Literal["registered", "applied", "admitted", "notice_given", "exited"]


class MembershipView(View):
    """A membership; `ends_on` is its last day."""

    member_number: int
    member_since_on: date
    ends_on: date | None
    notice_received_at: Instant | None
    state: MembershipState
    tier: int


class TaskView(View):
    """Something for the office to do. `subscribe-shares`: shares that the tier now asks for."""

    kind: Literal["subscribe-shares"]
    shares: int


class OrganisationView(View):
    """An organisation with its way through the cooperative, as the office sees it.

    `tier` and `tier_shares` follow from the number of employees, for members and others;
    `share_cents` is the nominal of one share today.
    """

    organisation_id: UUID
    code: str
    name: str
    kind: str | None
    street: str | None
    postcode: str | None
    city: str | None
    country: str
    employees: int
    state: State
    member_today: bool
    membership: MembershipView | None
    application_id: UUID | None
    tier: int
    tier_shares: int
    tier_assumed: bool
    share_cents: int
    shares: int
    mandatory_shares: int
    voluntary_shares: int
    subscribed_cents: int
    balance_cents: int
    outstanding_cents: int
    tasks: list[TaskView]
    registered_at: Instant
    version: int


class OwnOrganisationView(View):
    """An organisation as everybody in it may see it."""

    organisation_id: UUID
    code: str
    name: str
    state: State
    member_today: bool
    member_since_on: date | None
    ends_on: date | None
    tier: int
    application_id: UUID | None


class CapitalView(View):
    """Shares and money of a member."""

    organisation_id: UUID
    shares: int
    mandatory_shares: int
    voluntary_shares: int
    subscribed_cents: int
    balance_cents: int
    outstanding_cents: int
    version: int


class AdmissionView(CapitalView):
    """A member as it was admitted."""

    application_id: UUID
    state: Literal["admitted"] = "admitted"
    member_number: int
    member_since_on: date
    tier: int


class NoticeView(View):
    """A notice and the last day that follows from it."""

    organisation_id: UUID
    received_at: Instant
    ends_on: date
    version: int


def state_on(dossier: Dossier, day: date) -> State:
    """Where the organisation stands on a day. A membership whose last day is over has ended."""
    member = dossier.member_on(day)
    if member is not None and member.state != "exited":
        return member.state
    if dossier.open_application is not None:
        return "applied"
    return "exited" if dossier.membership is not None else "registered"


def organisation(dossier: Dossier, rules: Rulebook, now: datetime) -> OrganisationView:
    """All that the office sees."""
    today = berlin_day(now)
    profile, membership = dossier.profile, dossier.membership
    tier = rules.tier(profile.employees, today)
    waiting = dossier.open_application
    missing = dossier.missing_shares
    return OrganisationView(
        code=profile.code,
        name=profile.name,
        kind=profile.kind,
        street=profile.street,
        postcode=profile.postcode,
        city=profile.city,
        country=profile.country,
        employees=profile.employees,
        state=state_on(dossier, today),
        member_today=dossier.member_on(today) is not None,
        membership=MembershipView.model_validate(membership, from_attributes=True)
        if membership
        else None,
        application_id=waiting.application_id if waiting else None,
        tier=tier.category,
        tier_shares=tier.shares,
        tier_assumed=tier.assumed,
        share_cents=rules.articles_on(today).share_cents,
        tasks=[TaskView(kind="subscribe-shares", shares=missing)] if missing else [],
        registered_at=dossier.registered_at,
        **_capital(dossier, rules, now),
    )


def own_organisation(dossier: Dossier, rules: Rulebook, now: datetime) -> OwnOrganisationView:
    """What everybody of the organisation sees."""
    today = berlin_day(now)
    member = dossier.member_on(today)
    waiting = dossier.open_application
    return OwnOrganisationView(
        organisation_id=dossier.organisation_id,
        code=dossier.profile.code,
        name=dossier.profile.name,
        state=state_on(dossier, today),
        member_today=member is not None,
        member_since_on=member.member_since_on if member else None,
        ends_on=member.ends_on if member else None,
        tier=rules.tier(dossier.profile.employees, today).category,
        application_id=waiting.application_id if waiting else None,
    )


def capital(dossier: Dossier, rules: Rulebook, now: datetime) -> CapitalView:
    """Shares and money."""
    return CapitalView(**_capital(dossier, rules, now))


def _capital(dossier: Dossier, rules: Rulebook, now: datetime) -> dict[str, Any]:
    share_cents = rules.articles_on(berlin_day(now)).share_cents
    holding = dossier.holding
    return {
        "organisation_id": dossier.organisation_id,
        "shares": holding.shares,
        "mandatory_shares": holding.mandatory,
        "voluntary_shares": holding.voluntary,
        "subscribed_cents": holding.shares * share_cents,
        "balance_cents": holding.paid_cents,
        "outstanding_cents": outstanding_cents(holding, share_cents),
        "version": dossier.version,
    }


def admission(
    dossier: Dossier, application_id: UUID, rules: Rulebook, now: datetime
) -> AdmissionView:
    """What an admission made."""
    membership = dossier.membership
    if membership is None:
        raise LookupError("an admission without a membership")
    return AdmissionView(
        application_id=application_id,
        member_number=membership.member_number,
        member_since_on=membership.member_since_on,
        tier=membership.tier,
        **_capital(dossier, rules, now),
    )


def notice(dossier: Dossier) -> NoticeView:
    """What a notice made."""
    membership = dossier.membership
    if membership is None or not membership.notice_received_at or not membership.ends_on:
        raise LookupError("a notice without an end")
    return NoticeView(
        organisation_id=dossier.organisation_id,
        received_at=membership.notice_received_at,
        ends_on=membership.ends_on,
        version=dossier.version,
    )
