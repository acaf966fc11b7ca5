"""The catalogue, put together."""

from pathlib import Path
from typing import Any

from chassis.app import Service
from chassis.database import Clock
from chassis.settings import system_clock

from catalog import schedule
from catalog.http import ROUTERS
from catalog.settings import Settings
from catalog.subscribers import subscribe

MIGRATIONS = Path(__file__).parents[1] / "migrations" / "versions"
MIB = 1_048_576


def build(clock: Clock = system_clock, **settings: Any) -> Service:
    """The service with its settings from the environment, and from `settings`."""
    return Service(
        name="catalog",
        settings=Settings(**settings),
        migrations=MIGRATIONS,
        routers=ROUTERS,
        subscribe=subscribe,
        timers=schedule.TIMERS,
        larger_bodies={"/api/catalog/imports": 8 * MIB, "/api/catalog/offers/check": MIB},
        clock=clock,
    )
