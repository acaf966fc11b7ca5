"""What this service is made of."""

from pathlib import Path
from typing import Any

from chassis.app import Service
from chassis.database import Clock
from chassis.settings import system_clock

from notifications import schedule
from notifications.adapters.sending import send_mails
from notifications.http import calendar, contacts, departments, inbox, names, stream
from notifications.http.hub import Hub
from notifications.settings import Settings
from notifications.subscribers import subscribe


def build(clock: Clock = system_clock, **settings: Any) -> Service:
    """The service, told by the environment; `settings` replace what it says."""
    hub = Hub()
    return Service(
        name="notifications",
        settings=Settings(**settings),
        migrations=Path(__file__).parents[1] / "migrations" / "versions",
        routers=[
            departments.router,  # before contacts, whose routes take any word for a reference
            contacts.router,
            names.router,
            inbox.router,
            calendar.router,
            stream.router(hub),
        ],
        subscribe=subscribe,
        timers=schedule.TIMERS,
        background=[send_mails, hub.run],
        clock=clock,
    )
