"""From costs to prices: the worked example of domain page 5 to the cent, and its edges."""

from typing import Any

import pytest
from catalog.domain.pricing import CostsError, calculate
from contracts.provider import Costs
from hypothesis import given
from hypothesis import strategies as st


def costs(**more: Any) -> Costs:
    """Two days of a lecturer, two rooms, travel; ten members and two others expected."""
    return Costs.model_construct(
        **{
            "fixed_cents": 318_000,
            "overhead_percent": 15,
            "per_seat_cents": 6_200,
            "expected_members": 10,
            "expected_others": 2,
            "member_factor_percent": 80,
            "round_up_to_euro": True,
            **more,
        }
    )


def test_the_worked_example_comes_out_to_the_cent() -> None:
    made = calculate(costs())
    assert (made.standard_cents, made.member_cents) == (44_100, 35_300)
    assert (made.total_cents, made.revenue_cents, made.surplus_cents) == (440_100, 441_200, 1_100)
    assert (made.full_cost_participants, made.direct_cost_participants) == (12, 11)


def test_without_rounding_to_the_euro_prices_are_rounded_up_to_the_cent() -> None:
    made = calculate(costs(round_up_to_euro=False))
    assert (made.standard_cents, made.member_cents) == (44_010, 35_208)


def test_a_course_without_costs_is_free() -> None:
    made = calculate(costs(fixed_cents=0, per_seat_cents=0))
    assert (made.standard_cents, made.member_cents, made.full_cost_participants) == (0, 0, 0)


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"expected_members": 0, "expected_others": 0}, "no-participants", "expected_members"),
        ({"member_factor_percent": 0}, "out-of-range", "member_factor_percent"),
        ({"member_factor_percent": 101}, "out-of-range", "member_factor_percent"),
        ({"fixed_cents": 10**10, "expected_members": 0, "expected_others": 1}, "too-large", ""),
    ],
)
def test_costs_without_a_price_say_why(more: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(CostsError) as caught:
        calculate(costs(**more))
    assert (caught.value.code, caught.value.field) == (code, field)


@given(
    fixed=st.integers(0, 10**7),
    overhead=st.integers(0, 300),
    seat=st.integers(0, 10**5),
    members=st.integers(0, 60),
    others=st.integers(0, 60),
    factor=st.integers(1, 100),
)
def test_prices_always_carry_the_costs(
    fixed: int, overhead: int, seat: int, members: int, others: int, factor: int
) -> None:
    if members + others == 0:
        return
    made = calculate(
        costs(
            fixed_cents=fixed,
            overhead_percent=overhead,
            per_seat_cents=seat,
            expected_members=members,
            expected_others=others,
            member_factor_percent=factor,
        )
    )
    assert made.surplus_cents >= 0
    assert made.member_cents <= made.standard_cents
    assert made.direct_cost_participants <= made.full_cost_participants <= members + others
