"""Cursors: where the next page begins, opaque to clients. And words that are searched for."""

import base64
import binascii
from typing import Annotated

import orjson
from contracts.refusal import Rule
from fastapi import Depends, Query

CURSOR_UNKNOWN = Rule(
    "cursor-unknown",
    422,
    "This cursor is not one of ours. Start from the first page.",
    "Diese Stelle kennen wir nicht. Beginnen Sie vorn.",
)
LONGEST = 2000
"""In characters. Two names of 100 four-byte characters and a reference make 1150."""

Sought = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]
"""Words to search for. PostgreSQL cannot take a NUL, and no name has one."""


def next_cursor(*parts: str) -> str:
    """A cursor that holds these texts."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def read_cursor(cursor: str) -> list[str]:
    """The texts that a cursor holds. How many and of which form is for the route to check.

    Raises:
        Refusal: `cursor-unknown`: it is not a list of texts that PostgreSQL can take.
    """
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise CURSOR_UNKNOWN.refuse("/cursor") from None
    if not isinstance(parts, list):
        raise CURSOR_UNKNOWN.refuse("/cursor")
    if not all(isinstance(part, str) and "\0" not in part for part in parts):
        raise CURSOR_UNKNOWN.refuse("/cursor")
    return parts


async def _cursor(
    cursor: Annotated[str | None, Query(max_length=LONGEST)] = None,
) -> list[str] | None:
    return None if cursor is None else read_cursor(cursor)


Cursor = Annotated[list[str] | None, Depends(_cursor)]
