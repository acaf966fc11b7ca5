"""Wrong prices (I27 to I29)."""

from __future__ import annotations

from datetime import timedelta

from tests.failure.facts.model import Facts
from tests.failure.facts.told import NOON, OTHER
from tests.failure.planted.changes import saying, with_record, with_row
from tests.failure.planted.planting import plants

plants("I27", "the price moved")(lambda f: with_row(f, "enrolment.enrolment", 0, price_cents=299))
plants("I28", "a member pays the other price")(
    lambda f: with_record(f, "priced1", saying(price_cents=400, price_kind="standard"))
)


@plants("I28", "who is no member yet pays the member's price")
def _not_yet_a_member(facts: Facts) -> Facts:
    return with_record(facts, "admitted", saying(member_since_on="2026-11-26"))


plants("I29", "a price for strangers")(
    lambda f: with_record(f, "registered", saying(organisation_id=OTHER))
)
plants("I29", "a price of another day")(
    lambda f: with_row(f, "enrolment.enrolment", 0, binding_at=NOON + timedelta(days=2))
)
