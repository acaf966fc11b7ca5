"""What must hold of a decision because of what was asked: each verb has a rule of its own.

The findings are numbered as in `invariants`; none of the rules of the domain is imported.
"""

from collections.abc import Callable, Iterator, Mapping

from services.enrolment.tests.model.edge import COST_CENTRE, ENDED, SEATED, Edge, Picture, open_at


def _request(edge: Edge) -> Iterator[str]:
    created = [row for before, row in edge.moved if before is None]
    wish = edge.action[1]
    run_id = min(edge.before.runs, key=lambda id_: abs(id_.int - 0xF0 - (wish.int >> 16 & 0xFFFF)))
    run = edge.before.runs[run_id]
    alive = any(
        row["state"] not in ENDED
        and row["run_id"] == run_id
        and row["id"].int >> 32 == wish.int >> 32
        for row in edge.before.people.values()
    )
    wanted = open_at(run, edge.now) and not alive
    if wanted != bool(created):
        yield f"I10 asking for a seat was answered with {edge.refused}"
    for row in created:
        free = run["taken"] < run["capacity"] and run["waiting"] == 0
        if free != (row["state"] == "requested"):
            yield f"I06 a newcomer is {row['state']}"
        if free and not row["held_until"]:
            yield "I04 a seat is held without end"


def _answer(edge: Edge) -> Iterator[str]:
    """An offer is answered, a request decided: in time, of the right state, by the right one."""
    row = edge.before.people[edge.action[1]]
    offer = edge.verb in ("accept", "decline")
    until = row["offered_until"] if offer else row["held_until"]
    right = row["state"] == ("offered" if offer else "awaiting_approval")
    possible = right and edge.now < until and edge.verb != "approve-oneself"
    if possible != (edge.refused is None):
        yield f"I08 {edge.verb} of a {row['state']} one: {edge.refused}"
    target = {
        "accept": "requested",
        "decline": "expired",
        "approve": "confirmed",
        "reject": "rejected",
    }
    if possible and edge.after.people[row["id"]]["state"] != target[edge.verb]:
        yield f"I05 {edge.verb} made it {edge.after.people[row['id']]['state']}"


def _cancel(edge: Edge) -> Iterator[str]:
    row = edge.before.people[edge.action[1]]
    begun = edge.now >= edge.before.runs[row["run_id"]]["starts_at"]
    possible = row["state"] not in ENDED and not begun
    if possible != (edge.refused is None):
        yield f"I11 cancelling a {row['state']} one: {edge.refused}"
    if possible and edge.after.people[row["id"]]["state"] != "cancelled":
        yield "I05 a cancelled one goes on"


def _charge(edge: Edge) -> Iterator[str]:
    """What costs something, or may yet, gets its cost centre, and nothing else happens."""
    row = edge.before.people[edge.action[1]]
    possible = row["state"] not in ENDED or bool(row["fee_cents"])
    if possible != (edge.refused is None):
        yield f"I11 charging a {row['state']} one: {edge.refused}"
    after = {**row, "cost_centre": COST_CENTRE} if possible else row
    if edge.after != Picture(edge.before.runs, {**edge.before.people, row["id"]: after}):
        yield "I05 more than the cost centre changed"


def _expire(edge: Edge) -> Iterator[str]:
    for row in edge.before.people.values():
        if row["due_at"] is None or row["due_at"] > edge.now:
            continue
        after = edge.after.people[row["id"]]
        why = "offer-expired" if row["state"] == "offered" else "hold-expired"
        if (after["state"], after["ended_reason"]) != ("expired", why):
            yield f"I08 a deadline passed, and it is {after['state']} ({after['ended_reason']})"


def _begin(edge: Edge) -> Iterator[str]:
    for id_, run in edge.after.runs.items():
        if run["starts_at"] <= edge.now:
            if edge.after.of_run(id_, "requested", "awaiting_approval", "offered", "waitlisted"):
                yield "I04 somebody is in doubt after the start"
            if not run["begun"]:
                yield "I04 the run has started and does not begin"


def _price(edge: Edge) -> Iterator[str]:
    """Only who asked for a seat is answered, and only a request of those who need approval."""
    for before, after in edge.moved:
        want = "awaiting_approval" if after["needs_approval"] else "confirmed"
        if before is None or before["state"] != "requested" or after["state"] != want:
            yield f"I29 a price made it {after['state']}"


def _news(edge: Edge) -> Iterator[str]:
    run = edge.after.runs[min(edge.after.runs)]
    people = edge.after.of_run(run["id"], "waitlisted", *SEATED)
    if edge.action[1] == "called-off" and (people or run["state"] != "cancelled"):
        yield "I04 somebody is left in a run that was called off"
    if edge.action[1] == "withdrawn" and edge.after.of_run(run["id"], "waitlisted"):
        yield "I04 somebody waits for a run that was withdrawn"
    if run["starts_at"] != edge.before.runs[run["id"]]["starts_at"]:
        for row in people:
            before = edge.before.people[row["id"]]
            if row["version"] <= before["version"] or not row["rescheduled"]:
                yield "I24 somebody was not told that the run moved"


def _old_news(edge: Edge) -> Iterator[str]:
    if edge.before != edge.after or edge.told:
        yield "I12 old news changed something"


RULES_OF: Mapping[str, Callable[[Edge], Iterator[str]]] = {
    "request": _request,
    "accept": _answer,
    "decline": _answer,
    "approve": _answer,
    "approve-oneself": _answer,
    "reject": _answer,
    "cancel": _cancel,
    "charge": _charge,
    "expire": _expire,
    "begin": _begin,
    "price": _price,
    "news": _news,
    "old-news": _old_news,
}
