"""Planted bugs: each changes one method of production code, or one step of the wires.

Each is named after what a developer could get wrong, and says in which scope it has to be found.
Importing this registers all of them.
"""

from services.enrolment.tests.model.mutants import approval, costs, line, prices, timetable, wires
from services.enrolment.tests.model.mutants.planting import ALL, Mutant

__all__ = ["ALL", "Mutant", "approval", "costs", "line", "prices", "timetable", "wires"]
