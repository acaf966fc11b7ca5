"""Which fault comes when: drawn by a seed, so that a run can be repeated. Pure.

A seed fixes the schedule, not the interleaving: real processes do not run alike twice.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from deploy.local.ports import SERVICES

MAIL_MODES = ("450", "550", "421", "drop", "lost-answer")
HEARD = ("enrolment.enrolments", "enrolment.seats", "membership.quotes", "catalog.runs")
FIRST_SECOND = 3.0  # the load has begun by then


@dataclass(frozen=True)
class Kind:
    """A kind of fault: how often a minute, on what, and for how long at least and at most."""

    name: str
    per_minute: float
    targets: tuple[str, ...]
    seconds: tuple[float, float] = (0.0, 0.0)


KINDS = (
    Kind("kill", 12, SERVICES),
    Kind("halt", 3, SERVICES, (0.2, 15)),
    Kind("crash", 2.2, ("postgres",)),
    Kind("end-backend", 1, SERVICES),
    Kind("kill", 0.7, ("kafka",)),
    Kind("halt", 0.4, ("kafka",), (0.2, 8)),
    Kind("halt", 0.4, ("postgres",), (0.2, 5)),
    Kind("kill", 0.7, ("mailsink",)),
    Kind("mail", 2, MAIL_MODES),
    Kind("kill", 0.4, ("gateway",)),
    Kind("repeat", 2, HEARD),
)


def label(kind: str, target: str) -> str:
    """How a fault is counted: by kind, and by target where that makes another one of it."""
    if kind in ("mail", "repeat", "end-backend"):
        return kind
    return f"{kind} {'service' if target in SERVICES else target}"


@dataclass(frozen=True)
class Planned:
    """One fault: `at` seconds after the start, `seconds` long."""

    at: float
    kind: str
    target: str
    seconds: float
    draw: int
    """Chance of its own: which signal, how many records."""


def plan(seed: int, minutes: float) -> list[Planned]:
    """All faults of a run in order. Each kind is spread over the time, so that none is missing."""
    chance = random.Random(seed)
    span = minutes * 60 - FIRST_SECOND
    found = []
    for kind in KINDS:
        count = math.ceil(kind.per_minute * minutes)
        for number in range(count):
            at = FIRST_SECOND + (number + chance.random()) / count * span
            seconds = min(chance.uniform(*kind.seconds), minutes * 60 - at)
            target = chance.choice(kind.targets)
            found.append(Planned(at, kind.name, target, seconds, chance.randrange(1000)))
    return sorted(found, key=lambda fault: fault.at)
