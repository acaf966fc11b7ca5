"""What is done by the clock."""

from chassis.timers import Timer

from enrolment import handlers
from enrolment.store import synthetic
from enrolment.views import figures

TIMERS = [
    Timer("expire-overdue", every_seconds=1, run=handlers.expire_overdue),
    Timer("begin-runs", every_seconds=5, run=handlers.begin_runs),
    Timer("figures", every_seconds=10, run=figures.measure),
    Timer("forget-synthetic", every_seconds=600, run=synthetic.forget),
]
