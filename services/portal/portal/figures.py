"""The figures of operations, asked of Prometheus by its HTTP API.

What does not answer, or answers something else, is `Unavailable`: the page shows its other parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from portal.backend import Unavailable

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Series:
    """One line: its labels, and its points as seconds since 1970 and value."""

    labels: Labels
    points: Sequence[tuple[float, float]] = field(default=())

    @property
    def last(self) -> float | None:
        """The newest value."""
        return self.points[-1][1] if self.points else None


class Figures:
    """A Prometheus, read only."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            base_url=url, timeout=5.0, trust_env=False, transport=transport
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def now(self, expression: str) -> list[Series]:
        """What an expression is now."""
        data = await self._ask("query", query=expression)
        return [Series(each["metric"], _points([each["value"]])) for each in data.get("result", ())]

    async def over(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """What an expression was, every `step` seconds."""
        data = await self._ask("query_range", query=expression, start=start, end=end, step=step)
        return [Series(each["metric"], _points(each["values"])) for each in data.get("result", ())]

    async def alerts(self) -> list[dict[str, Any]]:
        """The alerts that fire, those for which people are called first."""
        data = await self._ask("alerts")
        firing = [each for each in data.get("alerts", ()) if each["state"] == "firing"]
        return sorted(
            firing, key=lambda each: (each["labels"].get("severity") != "page", each["activeAt"])
        )

    async def _ask(self, what: str, **query: Any) -> dict[str, Any]:
        try:
            answer = await self._client.get(f"/api/v1/{what}", params=query)
            body = answer.json()
        except (httpx.HTTPError, ValueError):
            raise Unavailable from None
        if not isinstance(body, dict) or body.get("status") != "success":
            raise Unavailable
        data: dict[str, Any] = body["data"]
        return data


def _points(values: Sequence[tuple[float, str]]) -> list[tuple[float, float]]:
    """Numbers; what is none (no requests: 0/0) is a gap."""
    read = [(float(at), float(value)) for at, value in values]
    return [(at, value) for at, value in read if math.isfinite(value)]


def largest(series: Sequence[Series]) -> Series:
    """The one whose newest value is the largest; without any, one that has none."""
    known = [each for each in series if each.last is not None]
    return max(known, key=lambda each: each.last or 0.0, default=Series({}))
