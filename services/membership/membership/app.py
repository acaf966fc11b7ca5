"""The membership service, put together."""

from pathlib import Path
from typing import Any

from chassis.app import Service
from chassis.database import Clock
from chassis.settings import system_clock

from membership import http, schedule
from membership.settings import Settings
from membership.subscribers import subscribe

MIGRATIONS = Path(__file__).parents[1] / "migrations" / "versions"


def build(clock: Clock = system_clock, **settings: Any) -> Service:
    """The service; settings that are not given come from the environment."""
    return Service(
        name="membership",
        settings=Settings(**settings),
        migrations=MIGRATIONS,
        routers=http.ROUTERS,
        subscribe=subscribe,
        timers=schedule.TIMERS,
        clock=clock,
    )
