"""Cursors: where the next page begins, opaque to clients."""

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
    "Diese Stelle kennen wir nicht. Bitte von vorn beginnen.",
)


def next_cursor(*parts: str) -> str:
    """A cursor that holds these texts."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


async def _cursor(
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> list[str] | None:
    if cursor is None:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise CURSOR_UNKNOWN.refuse("/cursor") from None
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise CURSOR_UNKNOWN.refuse("/cursor")
    return parts


Cursor = Annotated[list[str] | None, Depends(_cursor)]
