"""The committed dashboards are those of the code, and Grafana can draw them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.__main__ import ALL, FOLDER, files
from deploy.grafana.model import COLUMNS, SOURCE, Dashboard

PROVISIONING = FOLDER.with_name("provisioning")
BY_UID = pytest.mark.parametrize("dashboard", ALL, ids=lambda dashboard: str(dashboard.uid))


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.name))
def test_what_is_committed_is_what_the_code_says(path: Path) -> None:
    assert json.loads(path.read_text("utf-8")) == files()[path], "call `make specs`"


@BY_UID
def test_no_panel_lies_on_another_and_each_asks_our_prometheus(dashboard: Dashboard) -> None:
    panels = dashboard.rendered()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        here = _cells(panel["gridPos"])
        assert not taken & here
        taken |= here
        assert all(target["datasource"] == SOURCE for target in panel.get("targets", []))
    assert max(x for x, _ in taken) < COLUMNS


def _cells(place: dict[str, Any]) -> set[tuple[int, int]]:
    columns = range(place["x"], place["x"] + place["w"])
    return {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}


def test_the_business_counts_nothing_synthetic() -> None:
    business = next(dashboard for dashboard in ALL if dashboard.uid == "kc-business")
    asked = " ".join(query.expr for query in business.queries)
    for metric in ("kc_synthetic", "traefik_", "kc_http_", "kc_request_to_confirmed"):
        assert metric not in asked


def test_grafana_finds_the_dashboards_where_the_containers_have_them() -> None:
    compose = yaml.safe_load((FOLDER.parents[1] / "compose.yaml").read_text("utf-8"))
    volumes = compose["services"]["grafana"]["volumes"]
    dashboards = _provided("dashboards/kommunalcampus.yml")["providers"]
    for folder in (one["options"]["path"] for one in dashboards):
        assert f"./grafana/dashboards:{folder}:ro" in volumes
    sources = _provided("datasources/prometheus.yml")["datasources"]
    assert [one["uid"] for one in sources] == [SOURCE["uid"]]


def _provided(name: str) -> Any:
    return yaml.safe_load((PROVISIONING / name).read_text("utf-8"))
