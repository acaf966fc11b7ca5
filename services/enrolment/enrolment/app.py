"""What this service is made of."""

from pathlib import Path
from typing import Any

from chassis.app import Service
from chassis.database import Clock
from chassis.settings import system_clock

from enrolment import http, schedule
from enrolment.http.bulk import BULK
from enrolment.http.enrolments import request_enrolment
from enrolment.settings import Settings
from enrolment.subscribers import subscribe

KIB = 1024


def build(clock: Clock = system_clock, **settings: Any) -> Service:
    """The service, told by the environment; `settings` replace what it says."""
    return Service(
        name="enrolment",
        settings=Settings(**settings),
        migrations=Path(__file__).parents[1] / "migrations" / "versions",
        routers=http.ROUTERS,
        straight=[request_enrolment],
        subscribe=subscribe,
        timers=schedule.TIMERS,
        larger_bodies={BULK: 512 * KIB},  # 2,000 people, each with both codes
        clock=clock,
    )
