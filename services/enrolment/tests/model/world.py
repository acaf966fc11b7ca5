"""The world: the database, the clock, and every record on its way, as a tuple of numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from contracts.enrolment import (
    ApprovalRequested,
    EnrolmentCancelled,
    EnrolmentExpired,
    EnrolmentRejected,
    EnrolmentRequested,
    EnrolmentRescheduled,
    SeatAccepted,
    SeatConfirmed,
    SeatOffered,
    SeatWaitlisted,
)

from services.enrolment.tests.model.office import Action, Office, Outcome
from services.enrolment.tests.model.scope import Scope
from services.enrolment.tests.model.wires import Consumer, Inbox, Outbox, Relay

ASKS = (EnrolmentRequested, SeatAccepted)
TELLS = (
    SeatConfirmed,
    SeatWaitlisted,
    SeatOffered,
    ApprovalRequested,
    EnrolmentCancelled,
    EnrolmentExpired,
    EnrolmentRejected,
    EnrolmentRescheduled,
)
"""What leads to a notice."""
ENROLMENTS, SEATS = EnrolmentRequested.topic, SeatAccepted.topic
MEMBERSHIP_ENROLMENTS, MEMBERSHIP_SEATS, QUOTES, NOTICES_ENROLMENTS, NOTICES_SEATS = range(5)
CONSUMERS = (
    "membership/enrolments",
    "membership/seats",
    "enrolment/quotes",
    "notifications/enrolments",
    "notifications/seats",
)
BY_ITSELF = frozenset({"expire", "begin", "price", "send", "forget", "handle", "commit"})
"""What happens without anybody: no person, no provider, no clock, no crash."""

T = TypeVar("T")
Boxes = tuple[int, ...]


class World(NamedTuple):
    """Everything that is durable, and what the running processes have in their hands.

    All but the counters are numbers of things that are kept once. `quotes` is used without wires:
    the answers of membership that may come, in any order, any number of times.
    """

    state: int
    clock: int
    news: int
    crashes: int
    quotes: int
    outboxes: Boxes
    inboxes: Boxes


@dataclass(frozen=True, slots=True)
class Move:
    """What can happen next, and what it breaks."""

    action: Action
    world: World
    faults: tuple[str, ...] = ()


class Shelf(Generic[T]):
    """Keeps equal things once and gives each a number."""

    def __init__(self) -> None:
        self.things: list[T] = []
        self._numbers: dict[T, int] = {}

    def put(self, thing: T) -> int:
        """The number of a thing."""
        number = self._numbers.get(thing)
        if number is None:
            number = self._numbers[thing] = len(self.things)
            self.things.append(thing)
        return number


class Universe:
    """All that can happen in a scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.office = Office(scope)
        self.relay, self.consumer = Relay(), Consumer()
        self.quotes: Shelf[frozenset[int]] = Shelf()
        self.outboxes: Shelf[Outbox] = Shelf()
        self.inboxes: Shelf[Inbox] = Shelf()
        self._readers: dict[int, Boxes] = {}
        self._desk: dict[tuple[int, int], list[tuple[Action, Outcome]]] = {}

    def start(self) -> World:
        """Nobody has asked for anything."""
        wires = self.scope.wires
        return World(
            self.office.opened(),
            0,
            self.scope.news_limit,
            self.scope.crashes,
            self.quotes.put(frozenset()),
            (self.outboxes.put(Outbox()),) * 2 if wires else (),
            (self.inboxes.put(Inbox()),) * len(CONSUMERS) if wires else (),
        )

    def moves(self, world: World) -> list[Move]:
        """Everything that can happen now."""
        found = [
            Move(action, self._decided(world, outcome), outcome.faults)
            for action, outcome in self._desk_moves(world.state, world.clock)
        ]
        found += self._from_outside(world)
        found += self._on_wires(world) if self.scope.wires else self._prices(world)
        return found

    def _desk_moves(self, state: int, clock: int) -> list[tuple[Action, Outcome]]:
        known = self._desk.get((state, clock))
        if known is None:
            todo = self.office.things_to_do(state, clock)
            known = [(action, self.office.decide(state, clock, action)) for action in todo]
            self._desk[state, clock] = known
        return known

    def _decided(self, world: World, outcome: Outcome) -> World:
        if not outcome.told:
            return world._replace(state=outcome.state)
        if self.scope.wires:
            world = self._write(world, 0, outcome.told)
        else:
            asked = [n for n in outcome.told if isinstance(self.office.events[n], ASKS)]
            known = self.quotes.things[world.quotes]
            quotes = known | {self.office.quote_for(number) for number in asked}
            world = world._replace(quotes=self.quotes.put(quotes))
        return world._replace(state=outcome.state)

    def _from_outside(self, world: World) -> Iterator[Move]:
        if world.clock + 1 < len(self.scope.moments):
            yield Move(("tick",), world._replace(clock=world.clock + 1))
        if world.news:
            for what in self.scope.news:
                yield self._decide(world._replace(news=world.news - 1), ("news", what))
        if self.scope.attempts:
            for what in self.scope.news:
                yield self._decide(world, ("old-news", what))

    def _decide(self, world: World, action: Action) -> Move:
        outcome = self.office.decide(world.state, world.clock, action)
        return Move(action, self._decided(world, outcome), outcome.faults)

    def _prices(self, world: World) -> Iterator[Move]:
        for quote in sorted(self.quotes.things[world.quotes]):
            yield self._decide(world, ("price", quote))

    def readers_of(self, number: int) -> Boxes:
        """Which consumers an event concerns; the others pass over it."""
        known = self._readers.get(number)
        if known is None:
            event = self.office.events[number]
            of_seats = event.topic is SEATS
            found: list[int] = []
            if event.topic not in (ENROLMENTS, SEATS):
                found.append(QUOTES)
            if isinstance(event, ASKS):
                found.append(MEMBERSHIP_SEATS if of_seats else MEMBERSHIP_ENROLMENTS)
            if self.scope.watched and isinstance(event, TELLS):
                found.append(NOTICES_SEATS if of_seats else NOTICES_ENROLMENTS)
            known = self._readers[number] = tuple(found)
        return known

    def _write(self, world: World, place: int, told: tuple[int, ...]) -> World:
        """Into the outbox, in the transaction that decided it. From here on it is owed."""
        rows = tuple(number for number in told if self.readers_of(number))
        inboxes = list(world.inboxes)
        for number in rows:
            for reader in self.readers_of(number):
                box = self.inboxes.things[inboxes[reader]]
                inboxes[reader] = self.inboxes.put(box._replace(owed=box.owed | {number}))
        outbox = self.outboxes.things[world.outboxes[place]]
        outbox = outbox._replace(rows=outbox.rows + rows)
        return self._with_outbox(world._replace(inboxes=tuple(inboxes)), place, outbox)

    def _with_outbox(self, world: World, place: int, box: Outbox) -> World:
        outboxes = list(world.outboxes)
        outboxes[place] = self.outboxes.put(box)
        return world._replace(outboxes=tuple(outboxes))

    def _with_inbox(self, world: World, place: int, box: Inbox) -> World:
        inboxes = list(world.inboxes)
        inboxes[place] = self.inboxes.put(box)
        return world._replace(inboxes=tuple(inboxes))

    def _on_wires(self, world: World) -> Iterator[Move]:
        for place, number in enumerate(world.outboxes):
            yield from self._relayed(world, place, self.outboxes.things[number])
        for place, number in enumerate(world.inboxes):
            yield from self._consumed(world, place, self.inboxes.things[number])

    def _relayed(self, world: World, place: int, box: Outbox) -> Iterator[Move]:
        name = ("enrolment", "membership")[place]
        steps: tuple[tuple[str, bool, Callable[[Outbox], Any]], ...] = (
            ("send", self.relay.can_send(box), self.relay.send),
            ("forget", self.relay.can_forget(box), self.relay.forget),
        )
        for verb, possible, step in steps:
            if possible:
                after, sent = step(box)
                yield Move((verb, name), self._sent(self._with_outbox(world, place, after), sent))
        if world.crashes and box.hand:
            after = self._with_outbox(world, place, self.relay.crash(box))
            yield Move(("crash", name), after._replace(crashes=world.crashes - 1))

    def _sent(self, world: World, sent: tuple[int, ...]) -> World:
        for number in sent:
            for reader in self.readers_of(number):
                box = self.inboxes.things[world.inboxes[reader]]
                world = self._with_inbox(world, reader, box._replace(queue=(*box.queue, number)))
        return world if sent else self._forgotten(world)

    def _forgotten(self, world: World) -> World:
        """An inbox need not remember what can never come again."""
        coming = {row for number in world.outboxes for row in self.outboxes.things[number].rows}
        for place, number in enumerate(world.inboxes):
            box = self.inboxes.things[number]
            seen = frozenset(id_ for id_ in box.seen if id_ in coming or id_ in box.queue)
            if seen != box.seen:
                world = self._with_inbox(world, place, box._replace(seen=seen))
        return world

    def _consumed(self, world: World, place: int, box: Inbox) -> Iterator[Move]:
        name = CONSUMERS[place]
        left = len(box.queue) - box.handled
        if self.consumer.can_handle(box):
            for count in (1, left) if place == QUOTES and left > 1 else (1,):
                yield self._handled(world, place, box, count)
        if self.consumer.can_commit(box):
            after = self._with_inbox(world, place, self.consumer.commit(box))
            yield Move(("commit", name), self._forgotten(after))
        if world.crashes and box.handled:
            after = self._with_inbox(world, place, self.consumer.crash(box))
            yield Move(("crash", name), after._replace(crashes=world.crashes - 1))

    def _handled(self, world: World, place: int, box: Inbox, count: int) -> Move:
        after, fresh = self.consumer.handle(box, count)
        faults = tuple(
            f"I17 {self.office.events[number].type} had an effect twice at {CONSUMERS[place]}"
            for number in fresh
            if number not in box.owed
        )
        after = after._replace(owed=box.owed - set(fresh))
        world = self._with_inbox(world, place, after)
        if place == QUOTES and fresh:
            move = self._decide(world, ("price", *fresh))
            world, faults = move.world, faults + move.faults
        elif place in (MEMBERSHIP_ENROLMENTS, MEMBERSHIP_SEATS):
            world = self._write(world, 1, tuple(self.office.quote_for(n) for n in fresh))
        return Move(("handle", CONSUMERS[place], count), world, faults)

    def unkept(self, world: World) -> list[str]:
        """What is not as it should be when nothing happens by itself any more."""
        found: list[str] = []
        for name, number in zip(CONSUMERS, world.inboxes, strict=False):
            if owed := self.inboxes.things[number].owed:
                types = sorted(self.office.events[id_].type for id_ in owed)
                found.append(f"I14 {name} never got {', '.join(types)}")
        over = world.clock + 1 == len(self.scope.moments) and self.is_over(world)
        doubtful = ("requested", "awaiting_approval", "offered", "waitlisted")
        for row in self.office.vault.enrolments(world.state):
            if row["state"] == "requested":
                found.append("I04 a request never gets its price")
            elif over and row["state"] in doubtful:
                found.append(f"I04 {row['state']} after the start")
        return found

    def is_over(self, world: World) -> bool:
        """Whether every run has started (at the latest moment of the scope)."""
        now = self.scope.moments[world.clock]
        return all(run["starts_at"] <= now for run in self.office.vault.runs(world.state))
