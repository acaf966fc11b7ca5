"""What one stage of an overload run says: how many were served, how quickly, how the rest fared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.load.arrivals import Call

GOOD_SECONDS = 1.0
NORMAL_SECONDS = 0.3


def percentile(seconds: Sequence[float], percent: float) -> float:
    """Seconds within which that share lies; 0 of nothing."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


@dataclass
class Stage:
    """All requests of a time at one rate."""

    name: str
    rate: float
    seconds: float
    calls: list[Call] = field(repr=False)
    queues: dict[str, float] = field(default_factory=dict)
    """The highest figures seen meanwhile."""

    @property
    def accepted(self) -> list[Call]:
        """Those that were served."""
        return [call for call in self.calls if call.outcome == "ok"]

    @property
    def refused(self) -> list[Call]:
        """Those that were told to come again."""
        return [call for call in self.calls if call.status == 503]

    @property
    def goodput(self) -> float:
        """Served within a second, per second of the stage."""
        return sum(call.took <= GOOD_SECONDS for call in self.accepted) / self.seconds

    def p(self, percent: float) -> float:
        """Seconds of the served ones."""
        return percentile([call.took for call in self.accepted], percent)

    @property
    def client_late(self) -> float:
        """Seconds by which the client itself was late (p99): large, and the figures are its own."""
        return percentile([call.sent - call.due for call in self.calls if call.sent], 99)

    @property
    def unsound(self) -> list[Call]:
        """Refusals that are no problem document, or do not say when to come again."""
        return [call for call in self.calls if not call.sound]

    @property
    def statuses(self) -> dict[str, int]:
        """How many of each answer."""
        found = Counter(f"{call.status} {call.code}".strip() for call in self.calls)
        return dict(sorted(found.items()))

    def back_to_normal(self) -> float | None:
        """Seconds from the start until every later second has its p99 in order; None: never.

        The last second has too few requests to be judged.
        """
        begin = self.calls[0].due
        by_second: dict[int, list[float]] = {}
        for call in self.calls:
            ok = call.outcome == "ok"
            by_second.setdefault(int(call.due - begin), []).append(call.took if ok else 99.0)
        bad = [
            second for second, took in by_second.items() if percentile(took, 99) > NORMAL_SECONDS
        ]
        if not bad:
            return 0.0
        return None if max(bad) >= int(self.seconds) - 1 else max(bad) + 1.0

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        refused = [call.took for call in self.refused]
        return {
            "stage": self.name,
            "per_second": round(self.rate, 1),
            "seconds": self.seconds,
            "goodput": round(self.goodput, 1),
            "accepted_p50_ms": round(self.p(50) * 1000, 1),
            "accepted_p99_ms": round(self.p(99) * 1000, 1),
            "refused_p50_ms": round(percentile(refused, 50) * 1000, 1),
            "refused_p99_ms": round(percentile(refused, 99) * 1000, 1),
            "refused_from_sending_p99_ms": round(
                percentile([call.ended - call.sent for call in self.refused], 99) * 1000, 1
            ),
            "unsound_refusals": len(self.unsound),
            "back_to_normal_seconds": self.back_to_normal(),
            "client_late_p99_ms": round(self.client_late * 1000, 1),
            "answers": self.statuses,
            "highest": {name: round(value, 1) for name, value in self.queues.items()},
        }
