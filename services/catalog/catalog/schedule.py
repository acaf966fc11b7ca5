"""What happens by itself, in time."""

from chassis.timers import Timer

from catalog.views import figures, submissions

TIMERS = [
    Timer("old-submissions", every_seconds=3600, run=submissions.forget_old),
    Timer("figures", every_seconds=15, run=figures.measure),
]
