"""What is done by the clock."""

from chassis.timers import Timer

from enrolment import handlers
from enrolment.store import jobs, synthetic
from enrolment.views import figures

TIMERS = [
    Timer("expire-overdue", every_seconds=1, run=handlers.expire_overdue),
    Timer("begin-runs", every_seconds=5, run=handlers.begin_runs),
    Timer("book-long-lists", every_seconds=1, run=handlers.book_next_part),
    Timer("forget-long-lists", every_seconds=3600, run=jobs.forget),
    Timer("figures", every_seconds=10, run=figures.measure),
    Timer("forget-synthetic", every_seconds=600, run=synthetic.forget),
]
