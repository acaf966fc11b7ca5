"""The rules that an organisation sets for its own bookings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HouseRules:
    """Whether requests of employees need a decision, and how long seats are kept meanwhile.

    `hold_hours` are office hours, without the holidays of `land` (domain page 5: 48 by default).
    """

    approval_required: bool = True
    hold_hours: int = 48
    land: str = "HE"
    version: int = 0
