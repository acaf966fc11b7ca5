"""What happens by itself as time passes."""

from chassis.timers import Timer

from membership.handlers import memberships, quotes

TIMERS = [
    Timer("notice-ends", every_seconds=30, run=memberships.end_memberships),
    Timer("pending-quotes", every_seconds=15, run=quotes.count_pending),
]
