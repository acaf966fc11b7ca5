"""A figure: a value with its aim, and whatever else explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table. Without an aim it stands there to explain the others."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    """By which word of `only=` it is measured."""

    def of(self, group: str) -> Figure:
        """The same, with its group."""
        return replace(self, group=group)

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing without an aim."""
        if self.at_most is not None:
            return "met" if self.value <= self.at_most else "missed"
        if self.at_least is not None:
            return "met" if self.value >= self.at_least else "missed"
        return ""

    @property
    def aim(self) -> str:
        """The aim in words."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""

    @property
    def ratio(self) -> float | None:
        """The value in relation to its aim."""
        aim = self.at_most if self.at_most is not None else self.at_least
        return self.value / aim if aim else None

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return {
            "group": self.group,
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "aim": self.aim,
            "verdict": self.verdict,
            "note": self.note,
            "details": dict(self.details),
        }
