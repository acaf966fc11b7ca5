"""A rule that says no.

A `Rule` is public: its code stays, clients may branch on it. A `Refusal` is one no of a rule, with
the place in the request it speaks about and the data that a sentence for people needs. A refusal is
an expected answer, never a bug, and it changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rule:
    """A named rule. `status` is the HTTP status of its refusal; `en` and `de` say it to people."""

    code: str
    status: int
    en: str
    de: str

    def refuse(self, pointer: str = "", **data: Any) -> "Refusal":
        """Say no, about the place `pointer` (JSON Pointer into the request; empty: the whole)."""
        return Refusal(self, pointer, data)


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - a no is an answer, not an error
    """One no. Returned by the domain for one of many commands; raised where it ends a request."""

    rule: Rule
    pointer: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The public code of the rule."""
        return self.rule.code

    def __str__(self) -> str:
        return f"{self.rule.code} at {self.pointer or '/'}"


NOT_FOUND = Rule(
    "not-found",
    404,
    "There is nothing here, or it is not yours.",
    "Das gibt es nicht, oder es gehört nicht zu Ihnen.",
)
"""A foreign id and a missing id are answered the same."""

FORBIDDEN = Rule(
    "forbidden",
    403,
    "Your role does not allow this.",
    "Ihre Rolle erlaubt das nicht.",
)
STALE = Rule(
    "stale",
    412,
    "It was changed meanwhile. Read it again.",
    "Es wurde zwischenzeitlich geändert. Laden Sie es noch einmal.",
)
