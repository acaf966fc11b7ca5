"""Wrong records, marks and offsets (I14 to I23)."""

from __future__ import annotations

from dataclasses import replace

from tests.failure.facts.model import Facts, Place, Record
from tests.failure.facts.told import E1, RUN_BODY, event, quote, uid
from tests.failure.planted.changes import plus, saying, with_record, with_row, with_rows
from tests.failure.planted.planting import plants

plants("I14", "a row stays in the outbox")(
    lambda f: with_rows(f, "enrolment.outbox", [{"seq": 1, "event_id": uid("kept")}])
)
plants("I14", "a change was never told")(lambda f: with_row(f, "catalog.run", version=2))
plants("I15", "two records with one id")(
    lambda f: plus(f, replace(_named(f, "held"), offset=7, value=b"{}"))
)
plants("I16", "an aggregate in two partitions")(
    lambda f: with_record(f, "confirmed", lambda r: replace(r, partition=3))
)
plants("I16", "versions out of order")(
    lambda f: with_record(f, "confirmed", lambda r: replace(r, offset=-1))
)


def _named(facts: Facts, name: str) -> Record:
    return next(r for r in facts.records if r.id == uid(name))


plants("I17", "a record without a mark")(lambda f: with_rows(f, "membership.inbox", []))
plants("I17", "a mark without a record")(
    lambda f: with_rows(
        f, "membership.inbox", [{"topic": "enrolment.enrolments", "message_id": uid("x")}]
    )
)
plants("I17", "a booking priced twice")(
    lambda f: plus(
        f,
        event("membership.enrolment-priced.v1", quote(E1), "more", cause="asked1", offset=8),
    )
)
plants("I18", "set aside without a copy")(
    lambda f: replace(f, records=tuple(r for r in f.records if not r.topic.endswith(".dead")))
)
plants("I18", "a copy without a row")(lambda f: with_rows(f, "enrolment.dead_letter", []))
plants("I19", "what was committed goes back")(
    lambda f: replace(f, committed={("enrolment", "catalog.runs", 0): [3, 5, 4]})
)
plants("I19", "a partition is not read to its end")(
    lambda f: replace(f, places=(Place("g", "catalog.runs", 0, 1, 2),))
)
plants("I20", "a body that does not fit")(
    lambda f: with_record(f, "priced1", saying(price_cents="a lot"))
)
plants("I21", "a cause that never was")(
    lambda f: plus(f, event("catalog.run-changed.v1", RUN_BODY, "odd", cause="nothing", offset=9))
)
plants("I22", "told, but not stored")(
    lambda f: with_rows(f, "enrolment.enrolment", [f.rows("enrolment", "enrolment")[0]])
)
plants("I22", "a newer version was told")(
    lambda f: with_row(f, "enrolment.enrolment", 0, version=1)
)
plants("I23", "a copy with other bytes")(
    lambda f: replace(
        f,
        records=tuple(
            replace(r, value=b"[") if r.topic.endswith(".dead") else r for r in f.records
        ),
    )
)
