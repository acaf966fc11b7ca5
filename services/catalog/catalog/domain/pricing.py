"""From costs to two prices (domain page 5). Exact fractions inside, whole cents outside."""

import math
from dataclasses import dataclass
from fractions import Fraction

from contracts.provider import Costs

MAX_CENTS = 100_000_000_00


class CostsError(ValueError):
    """Costs from which no price follows. `code` says why, `field` which number is to blame."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(f"{field}: {code}")
        self.code, self.field = code, field


@dataclass(frozen=True, slots=True)
class Calculation:
    """Both prices of one seat, and from how many participants on they carry the costs.

    Break-evens are numbers of participants at the expected mix of members and others:
    `full_cost` with overhead, `direct_cost` without. Which one becomes the minimum is the
    provider's choice. Amounts are cents for the whole run.
    """

    standard_cents: int
    member_cents: int
    revenue_cents: int
    total_cents: int
    surplus_cents: int
    full_cost_participants: int
    direct_cost_participants: int


def calculate(costs: Costs) -> Calculation:
    """Apportion the costs of a run to its expected participants (domain page 5).

    `p_other = (F(1+o) + n*v) / (k + f*m)` and `p_member = f*p_other`, each rounded up (to the
    euro, or to the cent), so that the prices carry the costs.

    Raises:
        CostsError: nobody is expected, the member factor is not in (0, 1], or a price would be
            above 100 million euro.
    """
    members, others = costs.expected_members, costs.expected_others
    if members + others <= 0:
        raise CostsError("no-participants", "expected_members")
    if not 0 < costs.member_factor_percent <= 100:
        raise CostsError("out-of-range", "member_factor_percent")
    count, factor = members + others, Fraction(costs.member_factor_percent, 100)
    full = costs.fixed_cents * (1 + Fraction(costs.overhead_percent, 100))
    total = full + count * costs.per_seat_cents
    exact = total / (others + factor * members)
    unit = 100 if costs.round_up_to_euro else 1
    standard, member = _up(exact, unit), _up(factor * exact, unit)
    if standard > MAX_CENTS:
        raise CostsError("too-large", "")
    revenue = others * standard + members * member
    margin = Fraction(revenue, count) - costs.per_seat_cents
    return Calculation(
        standard_cents=standard,
        member_cents=member,
        revenue_cents=revenue,
        total_cents=math.ceil(total),
        surplus_cents=revenue - math.ceil(total),
        full_cost_participants=math.ceil(full / margin) if full else 0,
        direct_cost_participants=math.ceil(costs.fixed_cents / margin) if full else 0,
    )


def _up(amount: Fraction, unit: int) -> int:
    return math.ceil(amount / unit) * unit
