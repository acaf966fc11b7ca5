"""The tables of the service in memory, for the statements that its store sends.

A state of the database is a number: equal rows are kept once, equal states too. So a decision that
was seen before is not decided again, and a state of the world is a handful of numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, get_args, get_type_hints
from uuid import UUID

import orjson
from chassis.database import Transaction
from contracts.base import Event
from enrolment.domain.enrolment import MOVES, Enrolment
from enrolment.domain.house import HouseRules
from enrolment.domain.run import Run
from enrolment.store import books, houses, lines

Row = dict[str, Any]
LIVE = frozenset(str(state) for state in MOVES)


def _readers(kind: type) -> dict[str, Callable[[str], object]]:
    """How the columns of a table are read from JSON, by the types of the fields."""
    ways: dict[type, Callable[[str], object]] = {
        UUID: UUID,
        datetime: datetime.fromisoformat,
        date: date.fromisoformat,
    }
    found: dict[str, Callable[[str], object]] = {}
    hints = get_type_hints(kind)
    for part in fields(kind):
        types = {hints[part.name], *get_args(hints[part.name])}
        for of, way in ways.items():
            if of in types:
                found[part.name] = way
    return found


READERS = {"run": _readers(Run), "enrolment": _readers(Enrolment)}


@dataclass(frozen=True, slots=True)
class State:
    """What is committed: the numbers of the rows, in the order of their ids."""

    runs: tuple[int, ...]
    enrolments: tuple[int, ...]


class Vault:
    """Every row and every state that was ever seen, once."""

    def __init__(self, rules: Mapping[UUID, HouseRules]) -> None:
        self.rules = dict(rules)
        self.rows: list[Row] = []
        self.states: list[State] = []
        self._row_numbers: dict[bytes, int] = {}
        self._state_numbers: dict[State, int] = {}

    def keep_row(self, table: str, plain: Row) -> int:
        """The number of a row as it was written (JSON)."""
        key = orjson.dumps(plain)
        number = self._row_numbers.get(key)
        if number is None:
            number = self._row_numbers[key] = len(self.rows)
            readers = READERS[table]
            self.rows.append(
                {
                    name: readers[name](value) if name in readers and value is not None else value
                    for name, value in plain.items()
                }
            )
        return number

    def keep(self, state: State) -> int:
        """The number of a state."""
        number = self._state_numbers.get(state)
        if number is None:
            number = self._state_numbers[state] = len(self.states)
            self.states.append(state)
        return number

    def runs(self, state: int) -> list[Row]:
        """The rows of the runs."""
        return [self.rows[number] for number in self.states[state].runs]

    def enrolments(self, state: int) -> list[Row]:
        """The rows of the enrolments."""
        return [self.rows[number] for number in self.states[state].enrolments]


class Session(Transaction):
    """A transaction on a state: answers the statements of the store, keeps what is written."""

    def __init__(self, vault: Vault, state: int, now: datetime) -> None:
        self.now = now
        self.told: list[Event] = []
        self._vault = vault
        self._numbers: dict[str, dict[UUID, int]] = {
            "run": {vault.rows[n]["id"]: n for n in vault.states[state].runs},
            "enrolment": {vault.rows[n]["id"]: n for n in vault.states[state].enrolments},
        }
        self._answers: dict[Any, Callable[[Mapping[str, Any]], list[Row]]] = {
            books.LOCK_RUNS: self._lock_runs,
            books.BY_ID: lambda asked: self._all("enrolment", asked["ids"]),
            books.CLAIMED: self._claimed,
            books.WHOLE: lambda asked: self._live(asked["ids"]),
            books.PENDING_OF: self._pending,
            books.FIRST_IN_LINE: self._first_in_line,
            books.OVERDUE: self._overdue,
            books.STARTED: self._started,
            books.SAVE_RUNS: lambda asked: self._save("run", asked["rows"]),
            books.SAVE_ENROLMENTS: lambda asked: self._save("enrolment", asked["rows"]),
            houses.HOUSES: self._houses,
            lines.PLACES: self._places,
        }

    async def rows(self, sql: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What a statement finds."""
        return self._answers[sql](params or {})

    def ring(self, bell: str) -> None:
        """Nobody waits here."""

    async def execute(self, sql: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Run a statement."""
        return self._answers[sql](params or {})

    async def emit(self, *events: Event) -> None:
        """Remember what is told with this commit."""
        self.told += events

    def afterwards(self, call: Callable[[], None]) -> None:
        """What is counted after the commit is no part of the model."""

    def first_run(self) -> Any:
        """The row of the first run."""
        return self._vault.rows[min(self._numbers["run"].items())[1]]

    def commit(self) -> int:
        """The number of the state that was made."""
        ordered = [tuple(n for _, n in sorted(table.items())) for table in self._numbers.values()]
        return self._vault.keep(State(ordered[0], ordered[1]))

    def _all(self, table: str, ids: Sequence[UUID]) -> list[Row]:
        numbers = self._numbers[table]
        return [self._vault.rows[numbers[id_]] for id_ in sorted(set(ids)) if id_ in numbers]

    def _everybody(self) -> list[Row]:
        return [self._vault.rows[number] for number in self._numbers["enrolment"].values()]

    def _lock_runs(self, asked: Mapping[str, Any]) -> list[Row]:
        of_people = {row["run_id"] for row in self._all("enrolment", asked["ids"])}
        return self._all("run", [*asked["run_ids"], *of_people])

    def _claimed(self, asked: Mapping[str, Any]) -> list[Row]:
        claims = set(zip(asked["runs"], asked["organisations"], asked["people"], strict=True))
        rows = [row for row in self._everybody() if row["state"] in LIVE]
        return [r for r in rows if (r["run_id"], r["organisation_id"], r["person_ref"]) in claims]

    def _live(self, run_ids: Sequence[UUID]) -> list[Row]:
        rows = self._everybody()
        return [row for row in rows if row["state"] in LIVE and row["run_id"] in run_ids]

    def _pending(self, asked: Mapping[str, Any]) -> list[Row]:
        found: list[Row] = []
        for run_id in asked["ids"]:
            rows = [row for row in self._live([run_id]) if row["state"] != "confirmed"]
            found += rows[: asked["most"]]
        return found

    def _first_in_line(self, asked: Mapping[str, Any]) -> list[Row]:
        found: list[Row] = []
        for run_id, count in zip(asked["ids"], asked["counts"], strict=True):
            line = [row for row in self._live([run_id]) if row["state"] == "waitlisted"]
            found += sorted(line, key=lambda row: int(row["number"]))[:count]
        return found

    def _overdue(self, asked: Mapping[str, Any]) -> list[Row]:
        due = [row for row in self._everybody() if row["due_at"] and row["due_at"] <= asked["now"]]
        return sorted(due, key=lambda row: (row["due_at"], row["id"]))[: asked["most"]]

    def _started(self, asked: Mapping[str, Any]) -> list[Row]:
        rows = [self._vault.rows[number] for number in self._numbers["run"].values()]
        starts = {row["id"]: row["ends_at" if row["on_demand"] else "starts_at"] for row in rows}
        found = [r for r in rows if not r["begun"] and starts[r["id"]] <= asked["now"]]
        return sorted(found, key=lambda row: starts[row["id"]])[: asked["most"]]

    def _save(self, table: str, rows: str) -> list[Row]:
        for plain in orjson.loads(rows):
            self._numbers[table][UUID(plain["id"])] = self._vault.keep_row(table, plain)
        return []

    def _places(self, asked: Mapping[str, Any]) -> list[Row]:
        everybody = [10**6] * len(asked["run_ids"])
        line = self._first_in_line({"ids": asked["run_ids"], "counts": everybody})
        places = dict.fromkeys(asked["run_ids"], 0)
        found: list[Row] = []
        for row in line:
            places[row["run_id"]] += 1
            found.append({"id": row["id"], "place": places[row["run_id"]]})
        return [row for row in found if row["id"] in asked["ids"]]

    def _houses(self, asked: Mapping[str, Any]) -> list[Row]:
        known = [(id_, self._vault.rules[id_]) for id_ in asked["ids"] if id_ in self._vault.rules]
        return [
            {
                "id": id_,
                "approval_required": rules.approval_required,
                "hold_hours": rules.hold_hours,
                "land": rules.land,
                "version": rules.version,
            }
            for id_, rules in known
        ]
