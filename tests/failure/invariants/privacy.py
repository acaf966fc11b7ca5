"""Organisations are kept apart, persons stay where they belong (I34, I35)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.failure.facts.model import Facts
from tests.failure.invariants.requests import made_by
from tests.failure.invariants.violation import Found


def i34(facts: Facts) -> Found:
    """What belongs to one organisation says so everywhere and is answered to nobody else."""
    owner = {row["id"]: row["organisation_id"] for row in facts.rows("enrolment", "enrolment")} | {
        row["id"]: row["organisation_id"] for row in facts.rows("enrolment", "bulk")
    }
    for event in facts.ours:
        id_ = str(event.body.get("enrolment_id") or event.body.get("bulk_id"))
        told = event.body.get("organisation_id")
        if told and id_ in owner and owner[id_] != told:
            yield id_, f"{event.type} gives it to another organisation"
    for row in facts.rows("notifications", "notice"):
        if owner.get(row["about_id"], row["organisation_id"]) != row["organisation_id"]:
            yield row["notice_id"], "belongs to another organisation than what it is about"
    for one in facts.history:
        tenant = facts.tenants.get(one.user)
        for id_ in made_by(one.answer) if tenant else ():
            if owner.get(id_, tenant) != tenant:
                yield id_, f"of another organisation was shown to {one.user}"


def i35(facts: Facts) -> Found:
    """No name and no address of a person on topics, in logs, in figures or in problems."""
    texts = list(_texts(facts))
    for canary in facts.canaries:
        for written in {canary, json.dumps(canary)[1:-1]}:
            for where, text in texts:
                if written in text:
                    yield where, f"holds {canary!r}"


def _texts(facts: Facts) -> Iterator[tuple[str, str]]:
    for topic, records in facts.by_topic.items():
        parts = []
        for record in records:
            parts += [value or b"" for _, value in record.raw_headers]
            parts += [record.key or b"", record.value or b""]
        yield topic, b"\n".join(parts).decode("utf-8", "replace")
    for name, log in facts.logs.items():
        yield f"log of {name}", log
    for name, figures in facts.metrics.items():
        yield f"figures of {name}", figures
    problems = [json.dumps(one.answer) for one in facts.history if one.status >= 400]
    yield "problem bodies", "\n".join(problems)
