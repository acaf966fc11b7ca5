"""`python -m notifications` runs the service."""

from chassis.app import serve

from notifications.app import build

serve(build)
