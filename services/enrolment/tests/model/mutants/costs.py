"""Bugs in where costs are booked: what may still get a cost centre, and what that changes."""

from dataclasses import replace

import pytest
from contracts.refusal import Refusal
from enrolment.commands import ChangeAccounting
from enrolment.domain.desk import Desk
from enrolment.domain.enrolment import Enrolment

from services.enrolment.tests.model.mutants.planting import mutant


@mutant("costs", "I11")
def charged_though_it_ended_without_costs(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether it can cost anything."""
    patch.setattr(Enrolment, "may_cost", property(lambda self: True))


@mutant("costs", "I11")
def not_charged_once_it_ended(patch: pytest.MonkeyPatch) -> None:
    """The fee of a cancellation is forgotten."""
    patch.setattr(Enrolment, "may_cost", property(lambda self: self.ended_at is None))


@mutant("costs", "I05")
def charged_with_an_untold_version(patch: pytest.MonkeyPatch) -> None:
    """A version is made, and nobody is told of it."""
    real = Desk.charge

    def charge(self: Desk, command: ChangeAccounting) -> Enrolment | Refusal:
        one = real(self, command)
        if not isinstance(one, Enrolment):
            return one
        return self.book.keep(replace(one, version=one.version + 1))

    patch.setattr(Desk, "charge", charge)


@mutant("costs", "I05")
def charged_and_not_saved(patch: pytest.MonkeyPatch) -> None:
    """The cost centre is in the answer, and nowhere else."""

    def charge(self: Desk, command: ChangeAccounting) -> Enrolment:
        return replace(self.book.enrolments[command.enrolment_id], **command.changes)

    patch.setattr(Desk, "charge", charge)
