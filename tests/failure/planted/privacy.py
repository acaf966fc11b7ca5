"""What somebody hears or reads who must not (I34, I35)."""

from __future__ import annotations

from dataclasses import replace

from tests.failure.facts.told import OTHER
from tests.failure.planted.changes import saying, with_record, with_row
from tests.failure.planted.planting import plants

plants("I34", "an event for another organisation")(
    lambda f: with_record(f, "held", saying(organisation_id=OTHER))
)
plants("I34", "an answer about another organisation")(
    lambda f: with_row(f, "enrolment.enrolment", 0, organisation_id=OTHER)
)
plants("I35", "an address in a log")(
    lambda f: replace(f, logs={"enrolment.log": "to anna@kreis.example"})
)
plants("I35", "a name on a topic")(
    lambda f: with_record(f, "scheduled", saying(title="Anna Albers lernt"))
)
