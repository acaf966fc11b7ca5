"""The figures, each in a file of its own, in the order in which they are measured."""

from collections.abc import Callable, Mapping

from tests.load.bench import Bench
from tests.load.figure import Figure
from tests.load.figures import (
    bare,
    growth,
    http,
    idle,
    latency,
    low_load,
    memory,
    pipeline,
    rebuild,
    rush,
    start,
    turn,
)

ALL: Mapping[str, Callable[[Bench], list[Figure]]] = {
    "start": start.measure,
    "idle": idle.measure,
    "http": http.measure,
    "latency": latency.measure,
    "turn": turn.measure,
    "low_load": low_load.measure,
    "rush": rush.measure,
    "bare": bare.measure,
    "pipeline": pipeline.measure,
    "rebuild": rebuild.measure,
    "memory": memory.measure,
    "growth": growth.measure,
}
