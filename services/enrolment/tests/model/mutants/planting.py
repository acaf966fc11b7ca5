"""How a bug is planted, and which there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from enrolment.domain.enrolment import Enrolment
from enrolment.domain.run import Run
from enrolment.store import books

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A planted bug, the scope that shows it, and the promises that it breaks first."""

    name: str
    scope: str
    breaks: tuple[str, ...]
    plant: Plant


ALL: dict[str, Mutant] = {}


def mutant(scope: str, *breaks: str) -> Callable[[Plant], Plant]:
    """Register a planted bug by the name of its function."""

    def register(plant: Plant) -> Plant:
        name = plant.__name__.replace("_", "-")
        ALL[name] = Mutant(name, scope, breaks, plant)
        return plant

    return register


def load_everybody(patch: pytest.MonkeyPatch) -> None:
    """Part of a planted bug that looks at more of the run than the store would read."""
    real = books.read_book

    async def read_book(
        tx: Any, runs: Sequence[Run], found: Sequence[Enrolment], *more: Any
    ) -> Any:
        everybody = await books.read_whole(tx, [one.id for one in runs])
        return await real(tx, runs, [*found, *everybody], *more)

    patch.setattr(books, "read_book", read_book)
    patch.setattr("enrolment.store.read_book", read_book)
