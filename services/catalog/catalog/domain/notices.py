"""What a provider may not have meant: warnings about runs that are known already.

A run is named by its reference: it was accepted before, stands in verdicts, and is plain ASCII.
"""

from collections.abc import Iterator

from contracts.catalog import Finding

from catalog.domain.findings import finding
from catalog.domain.offers import Run, RunTerms


def left_out(run: Run) -> Finding:
    """A run is withdrawn since a newer snapshot or the withdrawing of its offer leaves it out."""
    kept = "who has a seat keeps it" + _taken(run)
    return finding("/runs", "run-left-out", f"run {run.run_ref} takes no more bookings; {kept}")


def about_run(known: Run, wanted: RunTerms, at: str) -> Iterator[Finding]:
    """What is odd about new terms of a run; `at` is its place in the submission."""
    if wanted.cancelled:
        return
    if known.state == "cancelled":
        yield finding(at, "run-reopened", "was cancelled and takes bookings again" + _taken(known))
    if wanted.capacity < known.taken:
        detail = "is less than the seats that are taken; who has a seat keeps it" + _taken(known)
        yield finding(f"{at}/capacity", "capacity-below-taken", detail)


def _taken(run: Run) -> str:
    return f" (seats taken: {run.taken})" if run.taken > 0 else ""
