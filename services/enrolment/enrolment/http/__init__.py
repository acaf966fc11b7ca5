"""The doors of this service. A route is a sentence."""

from enrolment.http import bulk, enrolments, rules, seats

ROUTERS = [bulk.router, enrolments.router, seats.router, rules.router]
