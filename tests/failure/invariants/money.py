"""Prices (I27 to I29). The rule is written here a second time, from the history of memberships."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.failure.facts.model import Facts, Record, moment
from tests.failure.invariants.violation import Found

BERLIN = ZoneInfo("Europe/Berlin")
QUOTE = "membership.enrolment-priced.v1"
BINDING = {
    "enrolment.enrolment-requested.v1": "requested_at",
    "enrolment.seat-accepted.v1": "accepted_at",
}
# Two transactions of one service may overlap for so long: then either may have been the first
OVERLAP = timedelta(seconds=30)


@dataclass(frozen=True)
class Member:
    """One membership as it is known from a moment on. Both days belong to it."""

    since: date
    until: date | None
    known_from: datetime


def memberships(facts: Facts) -> dict[str, list[list[Member]]]:
    """Per organisation all that was ever known: one list of memberships after each event."""
    states: dict[str, list[list[Member]]] = defaultdict(list)
    events = [e for e in facts.ours if e.topic == "membership.organisations"]
    for event in sorted(events, key=lambda e: e.version or 0):
        known = states[event.body["organisation_id"]]
        now, at = list(known[-1]) if known else [], moment(event.headers["ce_time"])
        match event.type:
            case "membership.member-admitted.v1":
                now.append(Member(date.fromisoformat(event.body["member_since_on"]), None, at))
            case "membership.notice-given.v1":
                now[-1] = replace(now[-1], until=date.fromisoformat(event.body["ends_on"]))
            case "membership.membership-ended.v1":
                now[-1] = replace(now[-1], until=date.fromisoformat(event.body["ended_on"]))
        known.append([replace(member, known_from=at) for member in now])
    return dict(states)


def reason_on(day: date, known: Sequence[Member]) -> str:
    """What an organisation is on a day, by the memberships that are known."""
    if any(m.since <= day and (m.until is None or day <= m.until) for m in known):
        return "member-on-day"
    if any(m.until is not None and m.until < day for m in known):
        return "membership-ended"
    return "membership-not-yet-begun" if known else "not-a-member"


def i27(facts: Facts) -> Found:
    """The price of a certain seat is frozen: the row has what was told at the confirmation."""
    rows = {row["id"]: row for row in facts.rows("enrolment", "enrolment")}
    for event in facts.told("enrolment.seat-confirmed.v1"):
        row = rows.get(event.body["enrolment_id"])
        if row is None:
            continue
        told = (event.body["price_cents"], event.body["price_kind"], event.body["saving_cents"])
        now = (row["price_cents"], row["price_kind"], row["saving_cents"] or 0)
        if told != now:
            yield row["id"], f"was confirmed at {told}, now it says {now}"


def i28(facts: Facts) -> Found:
    """Every price follows from the membership on the calendar day of the booking in Berlin."""
    causes = {event.id: event for event in facts.told(*BINDING)}
    states = memberships(facts)
    for quote in facts.told(QUOTE):
        asked = causes.get(quote.headers.get("ce_causationid", ""))
        if asked is None:
            yield quote.id, "is the price of nothing that was asked"
            continue
        possible = states.get(asked.body["organisation_id"], [[]])
        allowed = [_price(asked, known) for known in _known_at(quote, possible)]
        body = quote.body
        given = (
            body["price_cents"],
            body["price_kind"],
            body["saving_cents"],
            body["priced_for_on"],
            body["reason"]["code"],
        )
        if given not in allowed:
            yield body["enrolment_id"], f"costs {given}, the rule says {allowed[-1]}"


def _known_at(quote: Record, states: list[list[Member]]) -> list[list[Member]]:
    """What could be known when the price was made; the newest state last."""
    at = moment(quote.headers["ce_time"])
    sure = [s for s in states if all(m.known_from <= at - OVERLAP for m in s)]
    maybe = [s for s in states if s and abs(s[-1].known_from - at) < OVERLAP]
    return [sure[-1] if sure else [], *maybe]


def _price(asked: Record, known: Sequence[Member]) -> tuple[int, str, int, str, str]:
    body = asked.body
    day = asked.instant(BINDING[asked.type]).astimezone(BERLIN).date()
    reason = reason_on(day, known)
    standard, reduced = body["standard_cents"], body["member_cents"]
    if reason == "member-on-day":
        return reduced, "member", max(0, standard - reduced), day.isoformat(), reason
    return standard, "standard", 0, day.isoformat(), reason


def i29(facts: Facts) -> Found:
    """No price is guessed: of a known organisation, for the day that binds, or it waits."""
    registered = {
        event.body["organisation_id"]
        for event in facts.told("membership.organisation-registered.v1")
    }
    days: dict[str, set[str]] = defaultdict(set)
    for quote in facts.told(QUOTE):
        days[quote.body["enrolment_id"]].add(quote.body["priced_for_on"])
        if quote.body["organisation_id"] not in registered:
            yield quote.id, "is a price for an organisation that nobody registered"
    for row in facts.rows("enrolment", "enrolment"):
        if row["confirmed_at"] is None:
            continue
        binding = moment(row["binding_at"]).astimezone(BERLIN).date().isoformat()
        if row["price_cents"] is None or str(row["priced_for_on"]) != binding:
            yield row["id"], f"is confirmed for {row['priced_for_on']}, it bound on {binding}"
        elif binding not in days[row["id"]]:
            yield row["id"], "is confirmed at a price that nobody told"
