"""The loop over inputs: send, judge, count, keep what failed."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from tests.fuzz.inputs import Answer, Input, RecordInput, as_line

T = TypeVar("T", Input, RecordInput)
FOUND = Path(__file__).parent / "found"
NO_INPUT = "{}"
"""The line of a finding that no single input made."""
CHUNK = 8000
AT_ONCE = 24

Send = Callable[[Input], Awaitable[Answer]]
Judge = Callable[[Input, Answer], list[str]]
"""All complaints about an answer."""
Refill = Callable[[], Awaitable[None]]


@dataclass
class Report:
    """What was sent and what came of it."""

    inputs: Counter[str] = field(default_factory=Counter)
    """By route, or topic."""
    statuses: Counter[str] = field(default_factory=Counter)
    """By route and status."""
    findings: dict[str, list[str]] = field(default_factory=dict)
    """By complaint and route: up to three inputs, packed as lines."""
    counts: Counter[str] = field(default_factory=Counter)
    """How often each complaint was met."""
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """All inputs."""
        return sum(self.inputs.values())

    def complain(self, where: str, why: str, line: str) -> bool:
        """Note a complaint. True when it is new there."""
        name = f"{where}: {why}"
        self.counts[name] += 1
        kept = self.findings.setdefault(name, [])
        if len(kept) < 3:
            kept.append(line)
        return len(kept) == 1 and self.counts[name] == 1

    def reached(self) -> set[str]:
        """The routes that were answered with 2xx at least once, or 303: a form that was taken."""
        done = re.compile(r"(?P<route>.+) (2..|303)")
        return {found["route"] for found in map(done.fullmatch, self.statuses) if found}

    def packed(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "inputs": self.inputs,
            "statuses": self.statuses,
            "findings": self.findings,
            "counts": self.counts,
            "seconds": self.seconds,
        }

    def add(self, packed: dict[str, Any]) -> None:
        """Add what another process reported."""
        self.inputs.update(packed["inputs"])
        self.statuses.update(packed["statuses"])
        self.counts.update(packed["counts"])
        self.findings.update(packed["findings"])
        self.seconds = max(self.seconds, packed["seconds"])


class Campaign:
    """Sends inputs to one program and judges every answer."""

    def __init__(self, send: Send, judge: Judge, refill: Refill, report: Report) -> None:
        self._send, self._judge, self._refill = send, judge, refill
        self.report = report

    async def run(self, inputs: Iterable[Input], count: int) -> None:
        """Send so many inputs."""
        started, left = monotonic(), islice(inputs, count)
        while chunk := list(islice(left, CHUNK)):
            await self._refill()
            await self._sent(chunk)
        self.report.seconds += monotonic() - started

    async def _sent(self, chunk: list[Input]) -> None:
        waiting = iter(chunk)

        async def work() -> None:
            for given in waiting:
                await self._one(given)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())

    async def _one(self, given: Input) -> None:
        answer, complaints = await self._judged(given)
        self.report.inputs[given.route] += 1
        self.report.statuses[f"{given.route} {answer.outcome}"] += 1
        for why in complaints:
            if self.report.complain(given.route, why, as_line(given, why)):
                small = await self._shrunk(given, why)
                self.report.findings[f"{given.route}: {why}"] = [as_line(small, why)]

    async def _judged(self, given: Input) -> tuple[Answer, list[str]]:
        answer = await self._send(given)
        complaints = self._judge(given, answer)
        for pause in (0.2, 1.0, 3.0):
            if answer.status != 503 or complaints:
                break
            await asyncio.sleep(pause)  # allowed, but it says nothing about the input
            self.report.statuses[f"{given.route} {answer.status}"] += 1
            answer = await self._send(given)
            complaints = self._judge(given, answer)
        return answer, complaints

    async def _shrunk(self, given: Input, why: str) -> Input:
        """The input with everything left out that is not needed for the complaint."""
        tries = 0
        again = True
        while again and tries < 60:
            again = False
            for smaller in _smaller(given):
                tries += 1
                if why in (await self._judged(smaller))[1]:
                    given, again = smaller, True
                    break
        return given


def _smaller(given: Input) -> Iterator[Input]:
    """Inputs with less in them."""
    from dataclasses import replace

    for place in range(len(given.headers)):
        yield replace(given, headers=given.headers[:place] + given.headers[place + 1 :])
    if given.query:
        yield replace(given, query=b"")
        parts = given.query.split(b"&")
        for place in range(len(parts) if len(parts) > 1 else 0):
            yield replace(given, query=b"&".join(parts[:place] + parts[place + 1 :]))
    size = len(given.body) // 2
    while size >= 8:
        for start in range(0, len(given.body), size):
            yield replace(given, body=given.body[:start] + given.body[start + size :])
        size //= 2


def kept_inputs(name: str, folder: Path = FOUND) -> list[Input]:
    """Requests that failed once: they are sent first."""
    return [Input.unpacked(one) for one in _kept(name, folder)]


def kept_records(name: str, folder: Path = FOUND) -> list[RecordInput]:
    """Records that failed once: they are sent first."""
    return [RecordInput.unpacked(one) for one in _kept(name, folder)]


def _kept(name: str, folder: Path) -> list[dict[str, Any]]:
    path = folder / f"{name}.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def keep(name: str, report: Report, folder: Path = FOUND) -> None:
    """Write what failed beside what failed before; a finding about no input has nothing to keep."""
    lines = [line for lines in report.findings.values() for line in lines[:1] if line != NO_INPUT]
    path = folder / f"{name}.jsonl"
    before = path.read_text("utf-8").splitlines() if path.exists() else []
    if new := [line for line in lines if line not in before]:
        folder.mkdir(exist_ok=True)
        path.write_text("\n".join([*before, *new]) + "\n", "utf-8")


def first(kept: Iterable[T], then: Iterable[T]) -> Iterator[T]:
    """What failed once, then the others."""
    return chain(kept, then)
