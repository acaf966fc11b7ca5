"""What no text of the database may hold."""

from typing import Any


def holds_nul(value: Any) -> bool:
    """Whether a JSON value has a NUL in one of its texts or names: PostgreSQL takes none."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(map(holds_nul, [*value, *value.values()]))
    return isinstance(value, list) and any(map(holds_nul, value))
