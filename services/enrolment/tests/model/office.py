"""The office: one decision of the real handlers on a state, remembered, with what it broke."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from contracts.base import Event
from contracts.refusal import Refusal
from enrolment import handlers
from enrolment.commands import (
    AcceptSeat,
    Accounting,
    CancelEnrolment,
    ChangeAccounting,
    DecideRequest,
    DeclineSeat,
    RequestEnrolment,
    Who,
)
from enrolment.store import a_run

from services.enrolment.tests.model import invariants
from services.enrolment.tests.model.edge import COST_CENTRE, Edge, Picture
from services.enrolment.tests.model.neighbours import CAUSE, news_of, quote_of
from services.enrolment.tests.model.scope import (
    RULES,
    Kind,
    Scope,
    enrolment_of,
    parts_of,
    person_of,
)
from services.enrolment.tests.model.tables import Row, Session, State, Vault

Action = tuple[Any, ...]
"""A verb and what it is about."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision made of a state: the next one, what was told, and what it broke."""

    state: int
    told: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()
    refused: str | None = None


def settle(story: Coroutine[Any, Any, Any]) -> Any:
    """Run a handler to its end: on tables in memory it never waits."""
    try:
        story.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("a handler waited for something")


class Office:
    """Decides by the real handlers; the same question is asked only once."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.vault = Vault(RULES)
        self.events: list[Event] = []
        self.decided = 0
        self._event_numbers: dict[tuple[str, int | None, bytes], int] = {}
        self._outcomes: dict[tuple[int, int, Action], Outcome] = {}
        self._quotes: dict[int, int] = {}
        self._todo: dict[tuple[int, int], list[Action]] = {}
        self._verbs: dict[str, Callable[[Session, Action], Any]] = {
            "request": self._request,
            "cancel": self._cancel,
            "charge": self._charge,
            "accept": self._accept,
            "decline": self._decline,
            "approve": self._decide,
            "reject": self._decide,
            "approve-oneself": self._decide_oneself,
            "price": self._price,
            "expire": lambda tx, _: handlers.expire_overdue(tx),
            "begin": lambda tx, _: handlers.begin_runs(tx),
            "news": self._news,
            "old-news": self._news,
        }

    def opened(self) -> int:
        """The state with nobody in the runs."""
        rows = [orjson.loads(orjson.dumps(asdict(run))) for run in self.scope.first_runs()]
        numbers = tuple(self.vault.keep_row("run", row) for row in rows)
        return self.vault.keep(State(numbers, ()))

    def decide(self, state: int, clock: int, action: Action) -> Outcome:
        """What an action makes of a state at a moment."""
        key = (state, clock, action)
        outcome = self._outcomes.get(key)
        if outcome is None:
            outcome = self._outcomes[key] = self._decide_now(state, clock, action)
        return outcome

    def _decide_now(self, state: int, clock: int, action: Action) -> Outcome:
        self.decided += 1
        now = self.scope.moments[clock]
        tx = Session(self.vault, state, now)
        try:
            answer = settle(self._verbs[action[0]](tx, action))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            return Outcome(state, faults=(f"I11 {type(error).__name__}: {error}",))
        after = tx.commit()
        first = answer[0] if isinstance(answer, list) and answer else None
        refused = first.code if isinstance(first, Refusal) else None
        edge = Edge(action, now, self.picture(state), self.picture(after), tx.told, refused)
        told = tuple(self.keep_event(event) for event in tx.told)
        return Outcome(after, told, tuple(invariants.broken(edge)), refused)

    def picture(self, state: int) -> Picture:
        """The rows of a state by their ids."""
        return Picture(
            {row["id"]: row for row in self.vault.runs(state)},
            {row["id"]: row for row in self.vault.enrolments(state)},
        )

    def keep_event(self, event: Event) -> int:
        """The number of an event."""
        key = (event.type, event.version, event.model_dump_json().encode())
        number = self._event_numbers.get(key)
        if number is None:
            number = self._event_numbers[key] = len(self.events)
            self.events.append(event)
        return number

    def quote_for(self, asked: int) -> int:
        """What membership answers to a request or an accepted seat: the same each time.

        On wires each answer is a record of its own. Without them equal answers are one.
        """
        known = self._quotes.get(asked)
        if known is None:
            quote = quote_of(self.events[asked], asked)
            if self.scope.wires:
                known = len(self.events)
                self.events.append(quote)
            else:
                known = self.keep_event(quote)
            self._quotes[asked] = known
        return known

    def things_to_do(self, state: int, clock: int) -> list[Action]:
        """What people and the clock can ask of a state at a moment."""
        known = self._todo.get((state, clock))
        if known is None:
            known = self._todo[state, clock] = list(self._find(state, self.scope.moments[clock]))
        return known

    def _find(self, state: int, now: datetime) -> list[Action]:
        rows = self.vault.enrolments(state)
        found: list[Action] = []
        if any(row["due_at"] is not None and row["due_at"] <= now for row in rows):
            found.append(("expire",))
        runs = self.vault.runs(state)
        if any(not run["begun"] and run["starts_at"] <= now for run in runs):
            found.append(("begin",))
        for row in rows:
            found += self._about(row)
        for number in range(self.scope.runs):
            for kind in range(len(self.scope.kinds)):
                found += self._wishes(rows, kind, number)
        return found

    def _about(self, row: Row) -> list[Action]:
        id_, state = row["id"], row["state"]
        coordinated = self._kind(id_).coordinator
        open_to: dict[str, tuple[str, ...]] = {
            "requested": ("cancel",),
            "confirmed": ("cancel",),
            "waitlisted": ("cancel",),
            "offered": ("accept", "decline", "cancel"),
            "awaiting_approval": ("approve", "reject", "cancel"),
        }
        verbs = open_to.get(state, ())
        if self.scope.attempts:  # what must be refused, or is at least odd
            late: tuple[str, ...] = ("cancel", "accept", "approve")
            verbs += tuple(verb for verb in late if verb not in verbs)
            verbs += () if coordinated else ("approve-oneself",)
        if self.scope.charged and row["cost_centre"] is None:
            verbs += ("charge",)
        return [(verb, id_) for verb in verbs if verb not in self.scope.closed_to]

    def _wishes(self, rows: Sequence[Row], kind: int, run: int) -> list[Action]:
        """The next one of a kind may come, and who came may come again."""
        of = self.scope.kinds[kind]
        tries: dict[int, int] = {}
        alive: set[int] = set()
        for row in rows:
            its_kind, person, its_run, attempt = parts_of(row["id"])
            if (its_kind, its_run) == (kind, run):
                tries[person] = max(tries.get(person, 0), attempt + 1)
                if row["ended_at"] is None:
                    alive.add(person)
        found: list[Action] = []
        if len(tries) < of.count:
            found.append(("request", enrolment_of(kind, len(tries), run, 0)))
        for person, attempt in tries.items():
            if attempt < of.tries and (self.scope.attempts or person not in alive):
                found.append(("request", enrolment_of(kind, person, run, attempt)))
        return found

    def _kind(self, enrolment_id: UUID) -> Kind:
        return self.scope.kinds[parts_of(enrolment_id)[0]]

    def _who(self, enrolment_id: UUID) -> Who:
        kind, person, _, _ = parts_of(enrolment_id)
        return self.scope.kinds[kind].who(person_of(kind, person))

    def _request(self, tx: Session, action: Action) -> Any:
        kind, person, run, _ = parts_of(action[1])
        run_id = self.scope.first_runs()[run].id
        who = self._who(action[1])
        wish = RequestEnrolment(action[1], run_id, person_of(kind, person), who, CAUSE)
        return handlers.request_enrolments(tx, [wish])

    def _cancel(self, tx: Session, action: Action) -> Any:
        return handlers.cancel_enrolments(
            tx, [CancelEnrolment(id_, self._who(id_), CAUSE) for id_ in action[1:]]
        )

    def _charge(self, tx: Session, action: Action) -> Any:
        id_, code = action[1], Accounting(cost_centre=COST_CENTRE)
        who = replace(self._who(id_), coordinator=True)
        return handlers.change_accounting(tx, [ChangeAccounting(id_, code, who, CAUSE)])

    def _accept(self, tx: Session, action: Action) -> Any:
        return handlers.accept_seats(
            tx, [AcceptSeat(id_, self._who(id_), CAUSE) for id_ in action[1:]]
        )

    def _decline(self, tx: Session, action: Action) -> Any:
        return handlers.decline_seats(
            tx, [DeclineSeat(id_, self._who(id_), CAUSE) for id_ in action[1:]]
        )

    def _decide(self, tx: Session, action: Action) -> Any:
        yes = action[0] == "approve"
        commands = [
            DecideRequest(
                id_,
                "approve" if yes else "reject",
                None if yes else "Kein Bedarf",
                self._kind(id_).approver,
                CAUSE,
            )
            for id_ in action[1:]
        ]
        return handlers.decide_requests(tx, commands)

    def _decide_oneself(self, tx: Session, action: Action) -> Any:
        who = replace(self._who(action[1]), approver=True)
        command = DecideRequest(action[1], "approve", None, who, CAUSE)
        return handlers.decide_requests(tx, [command])

    def _price(self, tx: Session, action: Action) -> Any:
        return handlers.hear_quotes(tx, [self.events[number] for number in action[1:]])

    def _news(self, tx: Session, action: Action) -> Any:
        """News of the first run; old news carry a version that was told before."""
        run = a_run(tx.first_run())
        old = action[0] == "old-news"
        return handlers.hear_runs(tx, [news_of(run, action[1], run.told_version + (not old))])
