"""The only place with SQL that decides and saves; what clients read stands in `views`."""

from enrolment.store.books import (
    BY_ID,
    SETTLED_BELL,
    Wanted,
    close_book,
    lock_runs,
    open_book,
    overdue,
    read_book,
    read_pending,
    read_whole,
    started,
)
from enrolment.store.bulks import BULKS_BELL, Bulk, open_bulks
from enrolment.store.houses import lock_houses, name_organisations, read_houses, save_houses
from enrolment.store.jobs import Decided, Part, add_jobs, claim_part, keep_part
from enrolment.store.lines import read_places
from enrolment.store.rows import ENROLMENT_COLUMNS, IS_LIVE, RUN_COLUMNS, a_run, an_enrolment

__all__ = [
    "BULKS_BELL",
    "BY_ID",
    "ENROLMENT_COLUMNS",
    "IS_LIVE",
    "RUN_COLUMNS",
    "SETTLED_BELL",
    "Bulk",
    "Decided",
    "Part",
    "Wanted",
    "a_run",
    "add_jobs",
    "an_enrolment",
    "claim_part",
    "close_book",
    "keep_part",
    "lock_houses",
    "lock_runs",
    "name_organisations",
    "open_book",
    "open_bulks",
    "overdue",
    "read_book",
    "read_houses",
    "read_pending",
    "read_places",
    "read_whole",
    "save_houses",
    "started",
]
