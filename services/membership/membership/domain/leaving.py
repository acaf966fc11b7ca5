"""Notice and the end of a membership (§ 65 GenG; domain page 2)."""

from dataclasses import replace
from datetime import datetime

from contracts import membership as told
from contracts.refusal import Refusal

from membership.commands import GiveNotice
from membership.domain import refusals
from membership.domain.calendar import berlin_day, year_end_after_notice
from membership.domain.declaration import not_yet
from membership.domain.organisation import Decision, Dossier
from membership.domain.rulebook import Rulebook


def give_notice(
    dossier: Dossier, command: GiveNotice, rules: Rulebook, now: datetime
) -> Decision | Refusal:
    """End the membership with the year that the notice still reaches.

    The day of receipt counts, in Europe/Berlin: half past midnight on 1 October is too late for
    the year, although it is still September in UTC. Price and vote stay until the last day.
    """
    member = dossier.membership
    if member is not None and member.notice_received_at is not None and member.ends_on is not None:
        return refusals.NOTICE_ALREADY_GIVEN.refuse(ends_on=member.ends_on)
    if member is None or not member.covers(berlin_day(now)):
        return refusals.NOT_A_MEMBER.refuse()
    if no := not_yet("/received_at", command.received_at, now):
        return no
    received_on = berlin_day(command.received_at)
    if received_on < member.member_since_on:
        return refusals.TOO_EARLY.refuse("/received_at", earliest_on=member.member_since_on)
    months = rules.articles_on(received_on).notice_months
    ends_on = year_end_after_notice(received_on, months)
    leaving = replace(
        member,
        state="notice_given",
        notice_received_at=command.received_at,
        ends_on=ends_on,
    )
    event = told.NoticeGiven(
        organisation_id=dossier.organisation_id,
        received_at=command.received_at,
        ends_on=ends_on,
    )
    return Decision(replace(dossier, membership=leaving), [event])


def end(dossier: Dossier, now: datetime) -> Decision | None:
    """Write down that the last day is over. None: there is nothing to end.

    The price does not wait for this: it goes by the days themselves.
    """
    member = dossier.membership
    if member is None or member.state != "notice_given" or member.ends_on is None:
        return None
    if berlin_day(now) <= member.ends_on:
        return None
    event = told.MembershipEnded(organisation_id=dossier.organisation_id, ended_on=member.ends_on)
    after = replace(dossier, membership=replace(member, state="exited"), missing_shares=0)
    return Decision(after, [event])
