"""Searches a universe: every order of a small scope, breadth first, or random walks in a large one.

Breadth first makes the first trace to a broken promise the shortest one. People who cannot be told
apart are named in the order in which they come, so no two states differ by names alone.
"""

import random
from array import array
from dataclasses import dataclass, field
from time import process_time

from services.enrolment.tests.model.office import Action
from services.enrolment.tests.model.scope import Scope
from services.enrolment.tests.model.world import BY_ITSELF, Move, Universe, World


@dataclass(slots=True)
class Finding:
    """A broken promise, and how one gets there."""

    fault: str
    trace: list[Action]

    def __str__(self) -> str:
        steps = "\n".join(f"  {n}. {told(action)}" for n, action in enumerate(self.trace, 1))
        return f"{self.fault}\n{steps}"


@dataclass(slots=True)
class Report:
    """What a search saw."""

    scope: str
    states: int = 0
    transitions: int = 0
    decided: int = 0
    rests: int = 0
    complete: bool = False
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    def __str__(self) -> str:
        how = "complete" if self.complete else "not complete"
        return (
            f"{self.scope:16} {self.states:9,} states {self.transitions:10,} transitions "
            f"{self.decided:8,} decisions {self.rests:7,} at rest {self.seconds:6.1f} s, {how}"
        )


def told(action: Action) -> str:
    """An action in words."""
    return " ".join(f"{part.int:#x}" if hasattr(part, "int") else str(part) for part in action)


class Search:
    """Breadth first through everything that is reachable, at most `limit` states."""

    def __init__(self, scope: Scope, limit: int = 5_000_000) -> None:
        self.universe = Universe(scope)
        self.limit = limit
        self.report = Report(scope.name)
        self._number: dict[World, int] = {}
        self._order: list[World] = []
        self._parents = array("l")
        self._how: list[Action] = []
        self._from, self._to = array("l"), array("l")
        self._rests: list[int] = []

    def run(self) -> Report:
        """Search until all is seen or something is broken."""
        started = process_time()
        self._see(self.universe.start(), -1, ())
        at = 0
        while at < len(self._order) <= self.limit and not self.report.findings:
            self._expand(at)
            at += 1
        report = self.report
        report.complete = at == len(self._order)
        if report.complete and not report.findings:
            self._check_all_can_come_to_rest()
        report.states, report.rests = len(self._order), len(self._rests)
        report.decided = self.universe.office.decided
        report.seconds = process_time() - started
        return report

    def _see(self, world: World, parent: int, action: Action) -> int:
        number = self._number.setdefault(world, len(self._order))
        if number == len(self._order):
            self._order.append(world)
            self._parents.append(parent)
            self._how.append(action)
        return number

    def _expand(self, at: int) -> None:
        world = self._order[at]
        moves = self.universe.moves(world)
        self.report.transitions += len(moves)
        resting = True
        for move in moves:
            if move.faults:
                self._find(at, move.faults[0], move.action)
                return
            if move.world == world:
                continue
            if move.action[0] in BY_ITSELF:
                resting = False
            to = self._see(move.world, at, move.action)
            self._from.append(at)
            self._to.append(to)
        if resting:
            self._rest(at, world)

    def _rest(self, at: int, world: World) -> None:
        self._rests.append(at)
        if unkept := self.universe.unkept(world):
            self._find(at, unkept[0])

    def _find(self, at: int, fault: str, *last: Action) -> None:
        trace = list(last)
        while at > 0:
            trace.append(self._how[at])
            at = self._parents[at]
        self.report.findings.append(Finding(fault, trace[::-1]))

    def _check_all_can_come_to_rest(self) -> None:
        """From everywhere a state can be reached in which nothing is on its way: no livelock."""
        before: list[list[int]] = [[] for _ in self._order]
        for source, target in zip(self._from, self._to, strict=True):
            before[target].append(source)
        reached = bytearray(len(self._order))
        todo = list(self._rests)
        for number in todo:
            reached[number] = 1
        while todo:
            for source in before[todo.pop()]:
                if not reached[source]:
                    reached[source] = 1
                    todo.append(source)
        stuck = reached.find(0)
        if stuck >= 0:
            self._find(stuck, "I40 from here it never comes to rest")


def walk(universe: Universe, seed: int, steps: int) -> Report:
    """One random story, with weights of its own: what is rare in one seed is usual in another."""
    chance = random.Random(seed)
    report = Report(f"{universe.scope.name} walk {seed}")
    weights: dict[str, float] = {}
    trace: list[Action] = []
    world = universe.start()
    for _ in range(steps):
        moves = universe.moves(world)
        report.transitions += len(moves)  # each is made and judged, one is followed
        for move in moves:
            if move.faults:
                report.findings.append(Finding(move.faults[0], [*trace, move.action]))
                return report
        if at_rest(world, moves) and (unkept := universe.unkept(world)):
            report.findings.append(Finding(unkept[0], trace))
            return report
        move = _choose(chance, weights, moves)
        trace.append(move.action)
        world = move.world
    report.decided = universe.office.decided
    return report


def at_rest(world: World, moves: list[Move]) -> bool:
    """Nothing changes any more by itself."""
    return not any(move.action[0] in BY_ITSELF and move.world != world for move in moves)


def _choose(chance: random.Random, weights: dict[str, float], moves: list[Move]) -> Move:
    for move in moves:
        weights.setdefault(move.action[0], chance.choice((0.05, 0.3, 1.0, 1.0, 3.0)))
    return chance.choices(moves, [weights[move.action[0]] for move in moves])[0]
