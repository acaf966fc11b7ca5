"""Bugs in approvals: who decides, when, and on what."""

from datetime import timedelta

import pytest
from enrolment.domain import access
from enrolment.domain.book import Book

from services.enrolment.tests.model.mutants.planting import mutant


@mutant("approval", "I29")
def approval_bypassed(patch: pytest.MonkeyPatch) -> None:
    """The price alone makes it certain."""
    patch.setattr(Book, "ask_approval", lambda self, one, at: self.confirm(one, at))


@mutant("approval", "I08")
def approved_by_oneself(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks who decides."""
    patch.setattr(access, "why_not_decider", lambda one, who: None)


@mutant("approval", "I29", "I11")
def approved_without_price(patch: pytest.MonkeyPatch) -> None:
    """A decision is taken before the price is there."""
    patch.setattr(access, "why_not_decidable", lambda one, now: None)


@mutant("approval", "I08")
def late_approval(patch: pytest.MonkeyPatch) -> None:
    """The hold is over, and it is approved all the same."""
    real = access.why_not_decidable
    early = timedelta(days=365)
    patch.setattr(access, "why_not_decidable", lambda one, now: real(one, now - early))
