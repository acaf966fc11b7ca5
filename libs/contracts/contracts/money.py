"""Money and shares of it: whole cents of euro, never a float."""

from typing import Annotated

from pydantic import Field

Cents = Annotated[int, Field(strict=True, ge=0, le=100_000_000_00)]
"""An amount of euro cents, zero or more, at most 100 million euro."""

Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
"""A whole percentage from 0 to 100."""


def euros(cents: int) -> str:
    """Write an amount in German: `123456` is `1.234,56 €` (with a non-breaking space)."""
    sign, (whole, rest) = "-" if cents < 0 else "", divmod(abs(cents), 100)
    return f"{sign}{whole:,}".replace(",", ".") + f",{rest:02d}\N{NO-BREAK SPACE}€"


def percent_of(cents: int, percent: int) -> int:
    """`percent` per cent of an amount, rounded half up to the cent (domain page 5)."""
    return (cents * percent + 50) // 100
