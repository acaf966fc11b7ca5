"""What must hold of every single decision, in words of its own: none of the rules is imported.

Each finding begins with the number of the promise that is broken (I01 capacity, I02 counts, I03 one
live enrolment, I04 an end, I05 moves and versions, I06 no free seat beside a line, I07 fairness,
I08 offers, I09 nobody dropped, I11 a refusal changes nothing, I22 what is told is so, I27 frozen
price, I28 the right price, I29 no guessed price).
"""

from collections.abc import Iterator
from uuid import UUID

from services.enrolment.tests.model.edge import ENDED, SEATED, Edge, Row, day_of, open_at
from services.enrolment.tests.model.scope import MEMBER_SINCE
from services.enrolment.tests.model.verbs import RULES_OF

MAY_FOLLOW = {
    None: ("requested", "waitlisted"),
    "requested": ("awaiting_approval", "confirmed", "cancelled", "expired"),
    "awaiting_approval": ("confirmed", "rejected", "cancelled", "expired"),
    "confirmed": ("cancelled",),
    "waitlisted": ("offered", "cancelled", "expired"),
    "offered": ("requested", "cancelled", "expired"),
}
"""What may follow in one decision: nothing is skipped."""
FROZEN = ("price_cents", "price_kind", "price_reason", "saving_cents", "priced_for_on", "policy")
BINDING = ("standard_cents", "member_cents", "policy")


def broken(edge: Edge) -> Iterator[str]:
    """Everything that a decision broke."""
    if edge.refused is not None and (edge.told or edge.before != edge.after):
        yield f"I11 refused with {edge.refused}, and yet something changed"
    for run_id in edge.after.runs:
        yield from _seats(edge, run_id)
        yield from _line(edge, run_id)
    yield from _claims(edge)
    yield from _moves(edge)
    yield from _versions(edge)
    yield from _told_seats(edge)
    yield from _ends(edge)
    yield from _prices(edge)
    yield from RULES_OF.get(edge.verb, _nothing)(edge)


def _nothing(edge: Edge) -> Iterator[str]:
    yield from ()


def _seats(edge: Edge, run_id: UUID) -> Iterator[str]:
    run = edge.after.runs[run_id]
    seated = edge.after.of_run(run_id, *SEATED)
    confirmed = edge.after.of_run(run_id, "confirmed")
    waiting = edge.after.of_run(run_id, "waitlisted")
    if len(seated) != run["taken"] or len(seated) - len(confirmed) != run["held"]:
        yield f"I02 {run['taken']} taken, {run['held']} held, but there are {len(seated)}"
    if len(waiting) != run["waiting"]:
        yield f"I02 {run['waiting']} waiting, but there are {len(waiting)}"
    before = {row["id"] for row in edge.before.of_run(run_id, *SEATED)}
    if len(seated) > run["capacity"] and any(row["id"] not in before for row in seated):
        yield f"I01 {len(seated)} have one of {run['capacity']} seats"
    if run["ceiling"] != max(run["capacity"], len(seated)):
        yield f"I09 the ceiling is {run['ceiling']}"
    if waiting and len(seated) < run["capacity"] and open_at(run, edge.now):
        yield "I06 somebody waits beside a free seat"


def _line(edge: Edge, run_id: UUID) -> Iterator[str]:
    numbers = [row["number"] for row in edge.after.people.values() if row["run_id"] == run_id]
    if len(numbers) != len(set(numbers)) or edge.after.runs[run_id]["next_number"] <= max(
        numbers, default=0
    ):
        yield "I07 two have one number"
    still = [row["number"] for row in edge.after.of_run(run_id, "waitlisted")]
    first = min(still, default=None)
    for before, after in edge.moved:
        if after["run_id"] != run_id or first is None:
            continue
        if after["state"] == "offered" and after["number"] > first:
            yield "I07 somebody behind in the line was offered a seat first"
        if before is None and after["state"] == "requested":
            yield "I07 a newcomer overtook the line"


def _claims(edge: Edge) -> Iterator[str]:
    live = [row for row in edge.after.people.values() if row["state"] not in ENDED]
    if len({(r["run_id"], r["organisation_id"], r["person_ref"]) for r in live}) < len(live):
        yield "I03 one person has two live enrolments"


def _moves(edge: Edge) -> Iterator[str]:
    for before, after in edge.moved:
        state = None if before is None else before["state"]
        if after["state"] not in MAY_FOLLOW.get(state, ()):
            yield f"I05 {state} became {after['state']}"
    for before, after in edge.pairs:
        ended = before is not None and before["state"] in ENDED
        if ended and before != after and edge.verb != "charge":  # what that may change: `verbs`
            yield "I05 what had ended changed"
    if edge.before.people.keys() - edge.after.people.keys():
        yield "I09 somebody was forgotten"


def _versions(edge: Edge) -> Iterator[str]:
    told: dict[UUID, list[int]] = {}
    for event in edge.told:
        id_ = getattr(event, "enrolment_id", None)
        if id_ is not None:
            told.setdefault(id_, []).append(event.version or 0)
    for before, after in edge.pairs:
        old = 0 if before is None else before["version"]
        versions = told.pop(after["id"], [])
        if versions != sorted(versions) or set(versions) != set(
            range(old + 1, after["version"] + 1)
        ):
            yield f"I05 versions {versions} were told between {old} and {after['version']}"
        moved = before is None or before["state"] != after["state"]
        if moved and after["version"] <= old:
            yield "I05 a move made no version"
    if told:
        yield "I22 something was told of somebody unknown"


def _told_seats(edge: Edge) -> Iterator[str]:
    for run_id, run in edge.after.runs.items():
        before = edge.before.runs[run_id]
        version, taken = before["version"], before["taken"]
        of_run = [e for e in edge.told if getattr(e, "run_id", None) == run_id]
        told = [seats for e in of_run if (seats := getattr(e, "seats", None)) is not None]
        for seats in told:
            if seats.version <= version:
                yield "I05 seats were told with an old version"
            if seats.taken > max(seats.capacity, taken):
                yield f"I01 {seats.taken} of {seats.capacity} seats were told"
            version, taken = seats.version, seats.taken
        now = (run["taken"], run["held"], run["waiting"])
        known = (before["taken"], before["held"], before["waiting"])
        if told:
            known = (told[-1].taken, told[-1].held, told[-1].waiting)
        if now != known:
            yield f"I22 {known} was told of {now} seats"


def _ends(edge: Edge) -> Iterator[str]:
    """Nobody ends but who was meant; each end is dated, has a reason, and costs what it costs."""
    for before, after in edge.moved:
        if after["state"] not in ENDED or before is None:
            continue
        if not _is_meant(edge, before):
            yield f"I09 a {before['state']} one was dropped by {edge.verb}"
        if after["ended_at"] != edge.now or not after["ended_reason"] or after["due_at"]:
            yield "I05 an end without date or reason, or with a deadline"
        fee = _fee(before, edge) if edge.verb == "cancel" else 0
        if (after["fee_cents"] or 0) != fee:
            yield f"I30 a fee of {after['fee_cents']} instead of {fee}"


def _is_meant(edge: Edge, row: Row) -> bool:
    if edge.verb in ("cancel", "decline", "reject"):
        return row["id"] in edge.action
    if edge.verb == "expire":
        return bool(row["due_at"] and row["due_at"] <= edge.now)
    if edge.verb == "begin":
        started = edge.before.runs[row["run_id"]]["starts_at"] <= edge.now
        return bool(started and row["state"] != "confirmed")
    if edge.verb == "news" and row["run_id"] == min(edge.after.runs):
        line_ends = edge.action[1] == "withdrawn" and row["state"] == "waitlisted"
        return bool(line_ends or edge.action[1] == "called-off")
    return False


def _fee(row: Row, edge: Edge) -> int:
    if row["state"] != "confirmed" or row["rescheduled"]:
        return 0
    left = (day_of(edge.after.runs[row["run_id"]]["starts_at"]) - day_of(edge.now)).days
    if left >= 11:
        return 0
    if left >= 4:
        return int(row["price_cents"] * (50 if row["price_kind"] == "member" else 70) // 100)
    return int(row["price_cents"])


def _prices(edge: Edge) -> Iterator[str]:
    for before, after in edge.pairs:
        run = edge.after.runs[after["run_id"]]
        fresh = before is None or (before["state"] == "waitlisted" and after["state"] == "offered")
        old = run if fresh or before is None else before
        if any(after[name] != old[name] for name in BINDING):
            yield "I28 the prices or the policy of the offer changed meanwhile"
        accepted = before is not None and (before["state"], after["state"]) == (
            "offered",
            "requested",
        )
        binding = edge.now if before is None or accepted else before["binding_at"]
        if after["binding_at"] != binding:
            yield "I28 the moment that binds changed"
        if after["state"] == "confirmed":
            yield from _fixed(before, after)


def _fixed(before: Row | None, after: Row) -> Iterator[str]:
    if before is not None and before["state"] == "confirmed":
        if any(before[name] != after[name] for name in FROZEN):
            yield "I27 the price of a certain seat changed"
        return
    day = day_of(after["binding_at"])
    if after["price_cents"] is None or after["priced_for_on"] != day:
        yield "I29 the price is guessed, or that of another day"
    since = MEMBER_SINCE.get(after["organisation_id"])
    member = since is not None and since <= day
    cents = after["member_cents"] if member else after["standard_cents"]
    if after["price_cents"] != cents:
        yield f"I28 it costs {after['price_cents']} instead of {cents}"
