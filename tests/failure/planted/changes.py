"""How one thing of a run is changed, and the rest left as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from tests.failure.facts.model import Facts, Record, Row
from tests.failure.facts.told import uid


def with_row(facts: Facts, where: str, index: int = 0, **changes: Any) -> Facts:
    """Change one row of `service.table`."""
    service, _, table = where.partition(".")
    rows = list(facts.rows(service, table))
    rows[index] = dict(rows[index]) | changes
    return with_rows(facts, where, rows)


def with_rows(facts: Facts, where: str, rows: Iterable[Row]) -> Facts:
    """Put other rows in place of those of `service.table`."""
    service, _, table = where.partition(".")
    tables = {name: dict(kept) for name, kept in facts.tables.items()}
    tables[service][table] = tuple(rows)
    return replace(facts, tables=tables)


def with_record(facts: Facts, name: str, change: Callable[[Record], Record]) -> Facts:
    """Change the record whose id was made of `name`."""
    return replace(
        facts,
        records=tuple(
            change(r) if r.id == uid(name) and not r.topic.endswith(".dead") else r
            for r in facts.records
        ),
    )


def plus(facts: Facts, *records: Record) -> Facts:
    """Add records."""
    return replace(facts, records=(*facts.records, *records))


def saying(**changes: Any) -> Callable[[Record], Record]:
    """A change of the body of a record, for `with_record`."""
    return lambda record: replace(record, value=json.dumps(record.body | changes).encode())
