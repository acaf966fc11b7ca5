"""Requests of clients and what became of them (I10 to I13)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.failure.facts.model import Facts
from tests.failure.history import Operation
from tests.failure.invariants.violation import Found

BOOK = "POST /api/enrolment/enrolments"
KEY_REUSED = (422, "idempotency-key-reused")
DONE_BY = {
    "/cancellation": {"enrolment.enrolment-cancelled.v1"},
    "/acceptance": {"enrolment.seat-accepted.v1"},
    "/decline": {"enrolment.enrolment-expired.v1"},
    "/approval": {"enrolment.seat-confirmed.v1", "enrolment.enrolment-rejected.v1"},
}


def _writes(facts: Facts) -> Iterator[Operation]:
    for one in facts.history:
        if one.op.startswith("POST ") and "dry_run" not in one.op and "/check" not in one.op:
            yield one


def made_by(answer: Mapping[str, Any] | None) -> list[str]:
    """The enrolments that an answer speaks of."""
    if not answer:
        return []
    rows = answer.get("rows", [])
    ids = [answer.get("enrolment_id"), *(row.get("enrolment_id") for row in rows)]
    return [str(id_) for id_ in ids if id_]


def i10(facts: Facts) -> Found:
    """What was acknowledged is there: the row, and for a step the event that tells it."""
    stored = {row["id"] for row in facts.rows("enrolment", "enrolment")}
    for one in _writes(facts):
        if one.outcome != "ok":
            continue
        for id_ in made_by(one.answer):
            if id_ not in stored:
                yield id_, f"was acknowledged ({one.op}), it is not stored"
        step = next((kinds for tail, kinds in DONE_BY.items() if one.op.endswith(tail)), None)
        if step:
            id_ = one.op.split("/")[-2]
            if not any(event.type in step for event in facts.by_enrolment.get(id_, ())):
                yield id_, f"{one.op} was acknowledged, nothing was told"


def i11(facts: Facts) -> Found:
    """What was refused left nothing behind."""
    happened = {one.key for one in _writes(facts) if one.outcome == "ok"}
    answered = {
        row["key"]
        for service in facts.services
        for row in facts.rows(service, "idempotency")
        if row["answer"] is not None
    }
    live = {
        (row["run_id"], row["person_ref"])
        for row in facts.rows("enrolment", "enrolment")
        if row["state"] not in {"rejected", "cancelled", "expired"}
    }
    wanted = Counter(_claim(one) for one in _writes(facts) if one.outcome != "fail")
    for one in _writes(facts):
        if one.outcome != "fail" or one.key in happened:
            continue
        if one.key in answered:
            yield one.key, f"{one.op} was refused ({one.status}), its effect is stored"
        known = (one.answer or {}).get("code") == "already-enrolled"
        claim = _claim(one)
        if one.op == BOOK and claim in live and not known and not wanted[claim]:
            yield one.key, f"{one.op} was refused ({one.status}), the person has a place"


def _claim(one: Operation) -> tuple[str, str]:
    about = one.about or {}
    return about.get("run_id", ""), about.get("person_ref", "")


def i12(facts: Facts) -> Found:
    """One key, one effect: equal answers, and no second enrolment."""
    answers: dict[tuple[str, str, str], list[Operation]] = defaultdict(list)
    for one in _writes(facts):
        if one.outcome != "info":
            answers[one.user, one.op, one.key].append(one)
    for tries in answers.values():
        yield from _one_key(tries)
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in _writes(facts):
        if one.op == BOOK and all(_claim(one)):
            keys[_claim(one)].add(one.key)
    rows = Counter((r["run_id"], r["person_ref"]) for r in facts.rows("enrolment", "enrolment"))
    for claim, known in keys.items():
        if rows[claim] > len(known):
            yield claim[1], f"{len(known)} keys made {rows[claim]} enrolments"


def _one_key(tries: list[Operation]) -> Found:
    op, key = tries[0].op, tries[0].key
    made = {(tuple(sorted(made_by(t.answer))), t.payload) for t in tries if t.outcome == "ok"}
    if len(made) > 1:
        yield key, f"{op} made {len(made)} different things under one key"
    for payload in {t.payload for t in tries}:
        said = {_said(t) for t in tries if t.payload == payload}
        if len(said) > 1:
            yield key, f"{op} was answered in {len(said)} ways under one key"
    yield from _reused(tries)


def _said(one: Operation) -> tuple[int, str]:
    """What has to be the same each time: status and body, of a refusal its code.

    A refusal names its own request, and who asks to wait (`Prefer`) is told what is known by then.
    """
    body = one.answer or {}
    if one.outcome == "fail":
        return one.status, str(body.get("code", ""))
    waited = "preference-applied" in (one.headers or {})
    return (0, "") if waited else (one.status, json.dumps(body, sort_keys=True))


def _reused(tries: list[Operation]) -> Found:
    """What came under the key of something that was done, with another body, was refused."""
    done = next((one for one in tries if one.outcome == "ok"), None)
    if done is None:
        return
    for one in tries:
        if one.payload == done.payload or one.began < done.ended:
            continue
        if (one.status, (one.answer or {}).get("code")) != KEY_REUSED:
            yield one.key, f"another {one.op} under its key was answered {one.status}"


def i13(facts: Facts) -> Found:
    """What nobody knew the end of was repeated until it had one."""
    last: dict[tuple[str, str, str], Operation] = {}
    for one in _writes(facts):
        known = last.get((one.user, one.op, one.key))
        if known is None or known.outcome == "info":
            last[one.user, one.op, one.key] = one
    for one in last.values():
        if one.outcome == "info" and not one.given_up:
            yield one.key, f"{one.op} never got a definite answer (last: {one.status})"
