"""The figures, each in a file of its own, in the order in which they are measured."""

from collections.abc import Callable, Mapping

from tests.load.bench import Bench
from tests.load.figure import Figure
from tests.load.figures import http

ALL: Mapping[str, Callable[[Bench], list[Figure]]] = {
    "http": http.measure,
}
