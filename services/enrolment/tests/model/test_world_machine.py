"""Stories of a crowd in two runs, told and shortened by Hypothesis."""

from functools import cache

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.enrolment.tests.model.explorer import at_rest
from services.enrolment.tests.model.scopes import CROWD
from services.enrolment.tests.model.world import BY_ITSELF, Move, Universe

OUTSIDE = frozenset({"tick", "news", "crash"})


@cache
def universe() -> Universe:
    return Universe(CROWD)


class Crowd(RuleBasedStateMachine):
    """Two runs with two seats each, nine people of three organisations, news, crashes, days."""

    def __init__(self) -> None:
        super().__init__()
        self.universe = universe()
        self.world = self.universe.start()
        self.moves = self.universe.moves(self.world)

    def follow(self, moves: list[Move], number: int) -> None:
        if moves:
            self.world = moves[number % len(moves)].world
            self.moves = self.universe.moves(self.world)

    @rule(number=st.integers(0, 40))
    def people_act(self, number: int) -> None:
        by_others = BY_ITSELF | OUTSIDE
        self.follow([move for move in self.moves if move.action[0] not in by_others], number)

    @rule(number=st.integers(0, 9), times=st.integers(1, 8))
    def it_goes_on_by_itself(self, number: int, times: int) -> None:
        for _ in range(times):
            self.follow([move for move in self.moves if move.action[0] in BY_ITSELF], number)

    @rule(number=st.integers(0, 20))
    def something_comes_from_outside(self, number: int) -> None:
        self.follow([move for move in self.moves if move.action[0] in OUTSIDE], number)

    @invariant()
    def nothing_that_can_happen_breaks_a_promise(self) -> None:
        assert not [(move.action, move.faults) for move in self.moves if move.faults]

    @invariant()
    def at_rest_every_promise_is_kept(self) -> None:
        if at_rest(self.world, self.moves):
            assert not self.universe.unkept(self.world)


Crowd.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestCrowd = Crowd.TestCase
