"""What an enrolment and a list cost with ten million stored enrolments, against those of a fresh
copy: statements that read more the more there is would show here.

The copy is filled for it (some 8 GB) and removed afterwards.
"""

from __future__ import annotations

import asyncio
import dataclasses
import shutil

from deploy.local.ports import SERVICES
from tests.load.bench import Bench, Cost
from tests.load.clients import Request, closed_loop
from tests.load.figure import Figure
from tests.load.fill import fill
from tests.load.processes import Meter

ROWS, COUNT, LISTS = 10_000_000, 4000, 200
ROOM_BYTES = 1500  # for each stored enrolment, with what belongs to it
PATHS = {
    "newest enrolments of the organisation": "/api/enrolment/enrolments?limit=25",
    "enrolments by deadline": "/api/enrolment/enrolments?limit=25&sort=deadline",
    "notices": "/api/notifications/notices?limit=25",
}
FILLING = ("-c", "wal_level=minimal", "-c", "max_wal_senders=0")


def measure(bench: Bench) -> list[Figure]:
    """The same load and the same lists, before and after."""
    rows = bench.size(ROWS)
    _there_is_room(bench, rows)
    _without_log(bench)
    bench.warm_up()
    before = _load(bench)
    for service in SERVICES:  # plans without statistics would not be those of the other side
        bench.wait(bench.databases.run(service, "VACUUM ANALYZE"))
    lists_before = _lists(bench)
    for service in SERVICES:
        bench.stack.stop(service)
    bench.wait(fill(bench.databases, rows))
    bench.wait(bench.databases.close())
    for service in SERVICES:
        bench.stack.start(service)
    _load(bench)  # caches
    after, lists_after = _load(bench), _lists(bench)
    note = f"{rows:,} stored enrolments; PostgreSQL and services"
    return [
        Figure(
            "growth: CPU per enrolment against a fresh copy",
            _cpu(after) / _cpu(before),
            "times",
            at_most=1.1,
            note=note,
            details={"before": before.details(), "after": after.details()},
        ),
        *(
            Figure(
                f"growth: list of {name}",
                lists_after[name] / lists_before[name],
                "times",
                at_most=1.1,
                note=f"{lists_before[name]:.1f} ms CPU before, {lists_after[name]:.1f} after",
            )
            for name in PATHS
        ),
    ]


def _there_is_room(bench: Bench, rows: int) -> None:
    free = shutil.disk_usage(bench.stack.settings.run).free
    if free < rows * ROOM_BYTES:
        raise RuntimeError(
            f"{rows * ROOM_BYTES / 1e9:.0f} GB are needed, {free / 1e9:.0f} are free"
        )


def _without_log(bench: Bench) -> None:
    """PostgreSQL anew, so that filling writes no log; the same for both measurements."""
    part = bench.stack.parts["postgres"]
    changed = dataclasses.replace(part, command=[*part.command, *FILLING])
    bench.stack.parts["postgres"] = changed
    bench.wait(bench.databases.close())
    bench.stack.up()


def _load(bench: Bench) -> Cost:
    count = bench.size(COUNT) if bench.scale >= 0.1 else 50
    return bench.cost(count, closed_loop(bench.address, bench.requests(count), 64))


def _cpu(cost: Cost) -> float:
    return sum(cost.used.parts[part] for part in (*SERVICES, "postgres")) / cost.count


def _lists(bench: Bench) -> dict[str, float]:
    """CPU milliseconds of PostgreSQL and services for each list, one after the other."""
    return {name: _list(bench, path) for name, path in PATHS.items()}


def _list(bench: Bench, path: str) -> float:
    requests = [Request.of(path, bench.headers(), method="GET") for _ in range(LISTS)]
    bench.wait(closed_loop(bench.address, requests[:10], 1))
    bench.wait(asyncio.sleep(1))
    meter = Meter(bench.stack)
    outcome = bench.wait(closed_loop(bench.address, requests, 4))
    used = meter.read()
    if set(outcome.statuses) != {200}:
        raise RuntimeError(f"{path} was answered {outcome.statuses}")
    return sum(used.parts[part] for part in (*SERVICES, "postgres")) / LISTS * 1000
