"""What the service does: load, decide, save, tell. For one command or five hundred the same."""

from enrolment.handlers.bookings import (
    accept_seats,
    begin_runs,
    book_bulks,
    cancel_enrolments,
    change_accounting,
    change_settings,
    decide_requests,
    decline_seats,
    expire_overdue,
    hear_organisations,
    hear_quotes,
    hear_runs,
    remind_approvers,
    request_enrolments,
    try_bulk,
    try_cancellation,
)
from enrolment.handlers.long_lists import accept_lists, book_lists, book_next_part

__all__ = [
    "accept_lists",
    "accept_seats",
    "begin_runs",
    "book_bulks",
    "book_lists",
    "book_next_part",
    "cancel_enrolments",
    "change_accounting",
    "change_settings",
    "decide_requests",
    "decline_seats",
    "expire_overdue",
    "hear_organisations",
    "hear_quotes",
    "hear_runs",
    "remind_approvers",
    "request_enrolments",
    "try_bulk",
    "try_cancellation",
]
