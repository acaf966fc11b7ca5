"""What is done by the clock."""

from chassis.timers import Timer

from notifications import handlers
from notifications.store import synthetic

TIMERS = [
    Timer("release-waiting", every_seconds=1, run=handlers.release_waiting),
    Timer("figures", every_seconds=10, run=handlers.measure),
    Timer("forget-synthetic", every_seconds=600, run=synthetic.forget),
]
