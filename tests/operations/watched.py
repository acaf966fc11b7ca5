"""The platform as operations see it: through its Prometheus."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import httpx

from tests.platform import Platform


@dataclass
class Watched(Platform):
    """One running copy with its Prometheus."""

    def figures(self, expr: str) -> dict[str, float]:
        """What a query answers now: labels -> value, without what is no number."""
        rows = self._api("query", query=expr)["result"]
        if not isinstance(rows, list):
            raise TypeError(f"{expr} answers no series")
        found = {str(row["metric"]): float(row["value"][1]) for row in rows}
        return {labels: value for labels, value in found.items() if not math.isnan(value)}

    def figure(self, expr: str) -> float | None:
        """The one value of a query, if there is one."""
        values = list(self.figures(expr).values())
        if len(values) > 1:
            raise LookupError(f"{expr} has {len(values)} answers")
        return values[0] if values else None

    def firing(self) -> set[tuple[str, str]]:
        """The alerts that fire: name, and the service or job that they are about."""
        found = self._api("alerts")["alerts"]
        return {
            (a["labels"]["alertname"], a["labels"].get("service", a["labels"].get("job", "")))
            for a in found
            if a["state"] == "firing"
        }

    def rules(self) -> list[dict[str, Any]]:
        """Every rule that is loaded, with its health."""
        return [rule for group in self._api("rules")["groups"] for rule in group["rules"]]

    def _api(self, what: str, **params: str) -> Any:
        url = f"{self.stack.settings.url('prometheus')}/api/v1/{what}"
        answer = httpx.get(url, params=params, timeout=20, trust_env=False)
        answer.raise_for_status()
        return answer.json()["data"]
