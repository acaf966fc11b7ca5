"""What an invariant says when it does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.failure.facts.model import Facts


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """`invariant`: I01 to I40. `subject`: which run, enrolment, record. `what`: one sentence."""

    invariant: str
    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.subject}: {self.what}"


Found = Iterator[tuple[str, str]]
"""Pairs of subject and sentence; who calls knows the invariant."""

Invariant = Callable[[Facts], Found]
