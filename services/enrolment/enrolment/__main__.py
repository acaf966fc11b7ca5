"""`python -m enrolment` runs the service."""

from chassis.app import serve

from enrolment.app import build

serve(build)
