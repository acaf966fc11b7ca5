"""Seats and the waiting line (I01 to I09)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.failure.facts.model import Facts, Record, Row, moment
from tests.failure.invariants.violation import Found

HELD = {"requested", "awaiting_approval", "offered"}
OCCUPYING = HELD | {"confirmed"}
ENDED = {"rejected", "cancelled", "expired"}
LATE = timedelta(seconds=60)  # what a timer may take, after an outage

STATE_AFTER = {
    "enrolment.seat-held.v1": "requested",
    "enrolment.seat-waitlisted.v1": "waitlisted",
    "enrolment.seat-offered.v1": "offered",
    "enrolment.seat-accepted.v1": "requested",
    "enrolment.approval-requested.v1": "awaiting_approval",
    "enrolment.seat-confirmed.v1": "confirmed",
    "enrolment.enrolment-rejected.v1": "rejected",
    "enrolment.enrolment-cancelled.v1": "cancelled",
    "enrolment.enrolment-expired.v1": "expired",
}
MOVES = {
    "": {"requested", "waitlisted"},
    "requested": {"awaiting_approval", "confirmed"} | ENDED,
    "awaiting_approval": {"confirmed"} | ENDED,
    "confirmed": {"cancelled"},
    "waitlisted": {"offered", "cancelled", "expired"},
    "offered": {"requested", "cancelled", "expired"},
}


@dataclass
class Line:
    """Who sits and who waits in a run, after each of its seat events."""

    seated: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)

    def hear(self, event: Record) -> None:
        """Take in the next event of the run."""
        who = event.body["enrolment_id"]
        match event.type:
            case "enrolment.seat-held.v1":
                self.seated.add(who)
            case "enrolment.seat-waitlisted.v1":
                self.waiting.add(who)
            case "enrolment.seat-offered.v1":
                self.waiting.discard(who)
                self.seated.add(who)
            case "enrolment.seat-released.v1":
                self.waiting.discard(who)
                self.seated.discard(who)


def by_run(facts: Facts) -> dict[str, list[Record]]:
    """The seat events of each run, in the order of the run's own version."""
    found: dict[str, list[Record]] = {}
    for event in facts.ours:
        if event.topic == "enrolment.seats" and event.body.get("seats"):
            found.setdefault(event.body["run_id"], []).append(event)
    for events in found.values():
        events.sort(key=lambda event: event.body["seats"]["version"])
    return found


def i01(facts: Facts) -> Found:
    """At every moment no more seats are taken than there are; each event tells the true number."""
    for run_id, events in by_run(facts).items():
        line, before, version = Line(), 0, 0
        for event in events:
            seats = event.body["seats"]
            line.hear(event)
            taken = len(line.seated)
            if seats["version"] == version:
                yield run_id, f"version {version} of its seats was told twice, differently"
            if taken != seats["taken"]:
                yield run_id, f"version {seats['version']} tells {seats['taken']}, not {taken}"
            if taken > max(seats["capacity"], before):
                yield run_id, f"{taken} of {seats['capacity']} seats at version {seats['version']}"
            before, version = taken, seats["version"]


def i02(facts: Facts) -> Found:
    """The counters of a run are what its enrolments say."""
    counted: Counter[tuple[str, str]] = Counter(
        (row["run_id"], row["state"]) for row in facts.rows("enrolment", "enrolment")
    )
    for run in facts.rows("enrolment", "run"):
        for name, states in (("taken", OCCUPYING), ("held", HELD), ("waiting", {"waitlisted"})):
            true = sum(counted[run["id"], state] for state in states)
            if run[name] != true:
                yield run["id"], f"{name} is {run[name]}, its enrolments say {true}"


def i03(facts: Facts) -> Found:
    """An organisation has at most one live enrolment of a person in a run: rows and events."""
    live = Counter(
        (row["run_id"], row["organisation_id"], row["person_ref"])
        for row in facts.rows("enrolment", "enrolment")
        if row["state"] not in ENDED
    )
    for claim, count in live.items():
        if count > 1:
            yield claim[0], f"{claim[2]} has {count} live enrolments"
    told = Counter(
        (b["run_id"], b["organisation_id"], b["person_ref"])
        for events in facts.by_enrolment.values()
        for b in [events[-1].body]
        if not any(STATE_AFTER.get(event.type) in ENDED for event in events)
    )
    for claim, count in told.items():
        if count > 1:
            yield claim[0], f"{claim[2]} has {count} enrolments that no event ended"


def i04(facts: Facts) -> Found:
    """Nothing stays in a state longer than it may: deadlines pass, runs that began leave nobody."""
    begins = {row["id"]: _begins(row) for row in facts.rows("enrolment", "run")}
    waits = {row["enrolment_id"] for row in facts.rows("membership", "pending_quote")}
    for row in facts.rows("enrolment", "enrolment"):
        if row["state"] in ENDED | {"confirmed"}:
            continue
        if row["due_at"] and moment(row["due_at"]) + LATE < facts.taken_at:
            yield row["id"], f"is still {row['state']}, {row['due_at']} has passed"
        elif row["run_id"] in begins and begins[row["run_id"]] + LATE < facts.taken_at:
            yield row["id"], f"is still {row['state']}, its run has begun"
        elif row["state"] == "requested" and row["id"] not in waits:
            yield row["id"], "got no price, and nobody waits with one"


def i05(facts: Facts) -> Found:
    """Only allowed moves, and the row is where its events lead to."""
    rows = {row["id"]: row for row in facts.rows("enrolment", "enrolment")}
    for id_, events in facts.by_enrolment.items():
        state = ""
        for event in events:
            after = STATE_AFTER.get(event.type)
            if after is None:
                continue
            if after not in MOVES.get(state, ()):
                yield id_, f"was told {after} after {state or 'nothing'}"
            state = after
        if id_ in rows and state and rows[id_]["state"] != state:
            yield id_, f"is {rows[id_]['state']}, its events end with {state}"


def i06(facts: Facts) -> Found:
    """Nobody waits in front of a free seat of a run that can be booked."""
    for run in facts.rows("enrolment", "run"):
        open_still = run["state"] == "open" and facts.taken_at < _last_call(run)
        if open_still and run["waiting"] and run["taken"] < run["capacity"]:
            free = run["capacity"] - run["taken"]
            yield run["id"], f"{run['waiting']} wait, {free} seats are free"


def i07(facts: Facts) -> Found:
    """A freed seat is offered to who waits longest, by the number in the line."""
    numbers = {row["id"]: row["number"] for row in facts.rows("enrolment", "enrolment")}
    for run_id, events in by_run(facts).items():
        line = Line()
        for event in events:
            who = event.body["enrolment_id"]
            if event.type == "enrolment.seat-offered.v1" and who in numbers:
                first = min(line.waiting | {who}, key=lambda id_: numbers.get(id_, 0))
                if first != who:
                    yield run_id, f"{who} was offered a seat before {first}"
            if event.type == "enrolment.seat-held.v1" and line.waiting:
                yield run_id, f"{who} got a seat past {len(line.waiting)} who wait"
            line.hear(event)


def i08(facts: Facts) -> Found:
    """An offered seat is answered, or taken back once, at its deadline."""
    for row in facts.rows("enrolment", "enrolment"):
        until = row.get("offered_until")
        if row["state"] == "offered" and until and moment(until) + LATE < facts.taken_at:
            yield row["id"], f"is still offered, {until} has passed"
    for id_, events in facts.by_enrolment.items():
        offers = sum(event.type == "enrolment.seat-offered.v1" for event in events)
        expired = sum(
            event.body.get("reason") == "offer-expired"
            for event in events
            if event.type == "enrolment.enrolment-expired.v1"
        )
        if offers > 1 or expired > 1:
            yield id_, f"was offered {offers} times and expired {expired} times"


def i09(facts: Facts) -> Found:
    """A lowered capacity drops nobody and lets nobody in; a run that is off leaves nobody."""
    for run_id, events in by_run(facts).items():
        before = 0
        for event in events:
            seats = event.body["seats"]
            if seats["taken"] > before >= seats["capacity"]:
                yield run_id, f"let somebody in over {seats['capacity']} seats"
            before = seats["taken"]
    states = {row["id"]: row["state"] for row in facts.rows("enrolment", "run")}
    for row in facts.rows("enrolment", "enrolment"):
        run = states.get(row["run_id"])
        if run == "cancelled" and row["state"] not in ENDED:
            yield row["id"], f"is {row['state']}, its run was cancelled"
        if run == "withdrawn" and row["state"] == "waitlisted":
            yield row["id"], "waits for a run that was withdrawn"


def _begins(run: Row) -> datetime:
    return moment(run["ends_at"] if run.get("on_demand") else run["starts_at"])


def _last_call(run: Row) -> datetime:
    return min(moment(run["closes_at"]), _begins(run))
