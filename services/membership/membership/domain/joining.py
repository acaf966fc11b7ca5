"""Registration, application, admission, rejection (§ 15 GenG; domain page 2)."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from contracts import membership as told
from contracts.base import Event
from contracts.refusal import Refusal

from membership.commands import (
    Admit,
    ApplyForMembership,
    CountEmployees,
    Reject,
    RequestDocument,
)
from membership.domain import declaration, refusals
from membership.domain.calendar import berlin_day
from membership.domain.organisation import (
    Application,
    Decision,
    Dossier,
    Filed,
    Holding,
    Membership,
    Requested,
    Subscription,
)
from membership.domain.rulebook import Rulebook


def registered(dossier: Dossier) -> Decision:
    """The cooperative knows the organisation; that alone gives no membership."""
    event = told.OrganisationRegistered(
        organisation_id=dossier.organisation_id,
        code=dossier.profile.code,
        employees=dossier.profile.employees,
        registered_at=dossier.registered_at,
    )
    return Decision(dossier, [event])


def count_employees(
    dossier: Dossier, command: CountEmployees, rules: Rulebook, now: datetime
) -> Decision | Refusal:
    """Write the number down. It never changes shares: that needs a declaration (§ 15b GenG)."""
    today = berlin_day(now)
    profile = replace(dossier.profile, employees=command.employees)
    after = replace(dossier, profile=profile)
    member = dossier.member_on(today)
    if member is not None:
        tier = rules.tier(command.employees, today).category
        after = replace(after, membership=replace(member, tier=tier))
    return Decision(with_task(after, rules, now))


def with_task(dossier: Dossier, rules: Rulebook, now: datetime) -> Dossier:
    """Keep the task "subscribe n more shares" right: falling below a tier gives nothing back."""
    today = berlin_day(now)
    missing = 0
    if dossier.member_on(today) is not None:
        wanted = rules.tier(dossier.profile.employees, today).shares
        missing = max(0, wanted - dossier.holding.shares)
    return replace(dossier, missing_shares=missing)


def apply(
    dossier: Dossier, command: ApplyForMembership, rules: Rulebook, now: datetime
) -> Decision | Refusal:
    """Take the declaration, if it is one by law. It gives no member price."""
    declared = command.declaration
    no = (
        _cannot_apply(dossier, now)
        or declaration.not_yet("/declared_at", declared.declared_at, now)
        or declaration.refusal(
            declaration.checks(declared, rules.articles_on(berlin_day(declared.declared_at))),
            command.language,
        )
    )
    if no is not None:
        return no
    shares = rules.tier(dossier.profile.employees, berlin_day(now)).shares
    application = Application(
        command.application_id, shares, filed_at=now, declared_at=declared.declared_at
    )
    event = told.MembershipApplied(
        organisation_id=dossier.organisation_id,
        application_id=application.application_id,
        shares=shares,
        applied_at=now,
    )
    filed = Filed(application.application_id, declared)
    return Decision(dossier.with_application(application), [event], [filed])


def _cannot_apply(dossier: Dossier, now: datetime) -> Refusal | None:
    if dossier.member_on(berlin_day(now)) is not None:
        return refusals.ALREADY_MEMBER.refuse()
    if waiting := dossier.open_application:
        return refusals.ALREADY_APPLIED.refuse(application_id=waiting.application_id)
    return None


def request_document(
    dossier: Dossier, command: RequestDocument, now: datetime
) -> Decision | Refusal:
    """Ask for a document, as often as it is needed, until there is a decision."""
    application = dossier.application(command.application_id)
    if application is None or application.state != "applied":
        return refusals.ALREADY_DECIDED.refuse(state=application and application.state)
    if not (command.check or command.document):
        return refusals.DOCUMENT_MISSING.refuse("/document")
    request = Requested(
        request_id=command.request_id,
        application_id=command.application_id,
        check_code=command.check,
        document=command.document,
        note=command.note,
        requested_at=now,
    )
    event = told.DocumentRequested(
        organisation_id=dossier.organisation_id,
        application_id=command.application_id,
        request_id=command.request_id,
        check=command.check,
        requested_at=now,
    )
    return Decision(dossier, [event], [request])


def admit(
    dossier: Dossier, command: Admit, rules: Rulebook, now: datetime, number: int
) -> Decision | Refusal:
    """Enter the organisation in the list of members with the mandatory shares of its tier.

    `number` is the next member number. The day may lie in the past (a decision is often entered
    later than it was taken), never in the future.
    """
    application = dossier.application(command.application_id)
    today = berlin_day(now)
    day = command.admitted_on or today
    if application is None or application.state != "applied":
        return refusals.ALREADY_DECIDED.refuse(state=application and application.state)
    if day > today:
        return refusals.IN_THE_FUTURE.refuse("/admitted_on", latest_on=today)
    earliest = _earliest_admission(dossier, application, rules)
    if day < earliest:
        return refusals.TOO_EARLY.refuse("/admitted_on", earliest_on=earliest)
    tier = rules.tier(dossier.profile.employees, day)
    decided = replace(application, state="admitted", decided_on=day, shares=tier.shares)
    membership = Membership(number, application.application_id, day, tier.category)
    after = replace(
        dossier.with_application(decided),
        membership=membership,
        holding=Holding(mandatory=tier.shares),
    )
    # The shares of the admission carry the id of the application: there is one such row for each.
    taken = Subscription(application.application_id, number, "mandatory", tier.shares, day)
    events = _admission(after, membership)
    return Decision(with_task(after, rules, now), events, [taken])


def _earliest_admission(dossier: Dossier, application: Application, rules: Rulebook) -> date:
    """Not before the rules, the declaration, or the day after an earlier membership."""
    days = [rules.begins_on]
    if application.declared_at is not None:
        days.append(berlin_day(application.declared_at))
    if dossier.membership is not None and dossier.membership.ends_on is not None:
        days.append(dossier.membership.ends_on + timedelta(days=1))
    return max(days)


def _admission(after: Dossier, membership: Membership) -> list[Event]:
    admitted = told.MemberAdmitted(
        organisation_id=after.organisation_id,
        application_id=membership.application_id,
        member_number=membership.member_number,
        member_since_on=membership.member_since_on,
        tier=membership.tier,
    )
    subscribed = told.SharesSubscribed(
        organisation_id=after.organisation_id,
        shares=after.holding.shares,
        kind="mandatory",
        total_shares=after.holding.shares,
        subscribed_on=membership.member_since_on,
    )
    return [admitted, subscribed]


def reject(dossier: Dossier, command: Reject, now: datetime) -> Decision | Refusal:
    """Refuse the application. Whoever saves this deletes its declaration (§ 15 (2) GenG)."""
    application = dossier.application(command.application_id)
    if application is None or application.state != "applied":
        return refusals.ALREADY_DECIDED.refuse(state=application and application.state)
    day = berlin_day(now)
    decided = replace(
        application,
        state="rejected",
        decided_on=day,
        reason_code=command.reason_code,
        declared_at=None,
    )
    event = told.ApplicationRejected(
        organisation_id=dossier.organisation_id,
        application_id=application.application_id,
        rejected_on=day,
    )
    return Decision(dossier.with_application(decided), [event])
