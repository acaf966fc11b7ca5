"""One wrong thing after the other in a good run, for every invariant. Importing it plants them."""

from tests.failure.planted import events, liveness, money, notices, privacy, requests, seats
from tests.failure.planted.planting import PLANTED, Plant

__all__ = [
    "PLANTED",
    "Plant",
    "events",
    "liveness",
    "money",
    "notices",
    "privacy",
    "requests",
    "seats",
]
