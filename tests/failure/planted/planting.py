"""Which wrong things are planted, and which invariant has to find each."""

from __future__ import annotations

from collections.abc import Callable

from tests.failure.facts.model import Facts

Plant = Callable[[Facts], Facts]
PLANTED: list[tuple[str, str, Plant]] = []


def plants(invariant: str, what: str) -> Callable[[Plant], Plant]:
    """Something wrong that this invariant must find."""

    def note(plant: Plant) -> Plant:
        PLANTED.append((invariant, what, plant))
        return plant

    return note
