"""Shares and the money paid in for them (§ 7, § 15b, § 22 GenG; domain page 2)."""

from dataclasses import replace
from datetime import datetime

from contracts import membership as told
from contracts.refusal import Refusal

from membership.commands import BookPayment, SubscribeShares
from membership.domain import refusals
from membership.domain.calendar import berlin_day
from membership.domain.declaration import not_yet
from membership.domain.joining import with_task
from membership.domain.organisation import Decision, Dossier, Holding, Payment, Subscription
from membership.domain.rulebook import Rulebook


def outstanding_cents(holding: Holding, share_cents: int) -> int:
    """What is still to be paid in for the subscribed shares."""
    return holding.shares * share_cents - holding.paid_cents


def needed_for_voluntary(holding: Holding, shares: int, share_cents: int) -> int:
    """What must be paid in before `shares` more voluntary ones may be taken, in cents.

    § 15b (2) GenG: all earlier shares but the latest. Of several at once each counts as earlier
    to the next: the second of two needs one share more to be paid than the first.
    """
    return max(0, holding.shares + shares - 2) * share_cents


def subscribe(
    dossier: Dossier, command: SubscribeShares, rules: Rulebook, now: datetime
) -> Decision | Refusal:
    """Take more shares. The office says whether they are mandatory; those may be taken always."""
    today = berlin_day(now)
    member = dossier.member_on(today)
    if member is None:
        return refusals.NOT_A_MEMBER.refuse()
    if no := not_yet("/declared_at", command.declared_at, now):
        return no
    holding = dossier.holding
    if command.kind == "voluntary":
        share_cents = rules.articles_on(today).share_cents
        needed = needed_for_voluntary(holding, command.shares, share_cents)
        if holding.paid_cents < needed:
            return refusals.NOT_FULLY_PAID.refuse(
                "/shares", paid_cents=holding.paid_cents, needed_cents=needed
            )
        holding = replace(holding, voluntary=holding.voluntary + command.shares)
    else:
        holding = replace(holding, mandatory=holding.mandatory + command.shares)
    event = told.SharesSubscribed(
        organisation_id=dossier.organisation_id,
        shares=command.shares,
        kind=command.kind,
        total_shares=holding.shares,
        subscribed_on=today,
    )
    taken = Subscription(
        command.subscription_id,
        member.member_number,
        command.kind,
        command.shares,
        today,
        command.declared_at,
    )
    after = with_task(replace(dossier, holding=holding), rules, now)
    return Decision(after, [event], [taken])


def pay(
    dossier: Dossier, command: BookPayment, rules: Rulebook, now: datetime
) -> Decision | Refusal:
    """Credit money to the paid-up balance, at most up to the nominal of the shares."""
    today = berlin_day(now)
    member = dossier.member_on(today)
    if member is None:
        return refusals.NOT_A_MEMBER.refuse()
    if command.received_on > today:
        return refusals.IN_THE_FUTURE.refuse("/received_on", latest_on=today)
    if command.received_on < member.member_since_on:
        return refusals.TOO_EARLY.refuse("/received_on", earliest_on=member.member_since_on)
    open_cents = outstanding_cents(dossier.holding, rules.articles_on(today).share_cents)
    if command.amount_cents > open_cents:
        return refusals.TOO_MUCH.refuse("/amount_cents", open_cents=open_cents)
    paid = dossier.holding.paid_cents + command.amount_cents
    event = told.SharesPaid(
        organisation_id=dossier.organisation_id,
        amount_cents=command.amount_cents,
        balance_cents=paid,
        paid_on=command.received_on,
    )
    row = Payment(
        command.payment_id,
        member.member_number,
        command.amount_cents,
        command.received_on,
        command.reference,
    )
    after = replace(dossier, holding=replace(dossier.holding, paid_cents=paid))
    return Decision(after, [event], [row])
