"""The chart and those who watch: the very rules and dashboards, under the names they expect."""

import json
import re
from typing import Any

import yaml

from deploy import variables
from tests.packaging.manifests import Manifest
from tests.packaging.test_chart import rendered
from tests.packaging.test_compose import read

DEPLOY = variables.ROOT / "deploy"


def the(kind: str, name: str, variant: str = "watched") -> Manifest:
    """The one manifest of that kind and name."""
    found = [m for m in rendered(variant) if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1
    return found[0]


def test_nothing_of_the_operator_is_there_where_nobody_asked() -> None:
    kinds = {manifest["kind"] for manifest in rendered()}
    assert not kinds & {"PodMonitor", "PrometheusRule"}


def test_the_operator_gets_the_very_rules() -> None:
    files = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
    groups = [group for path in files for group in yaml.safe_load(path.read_text())["groups"]]
    manifest = the("PrometheusRule", "campus-figures")
    assert manifest["spec"]["groups"] == groups
    assert manifest["metadata"]["labels"]["release"] == "prometheus"


def test_grafana_gets_the_very_dashboards_with_its_own_source() -> None:
    data = the("ConfigMap", "campus-dashboards")["data"]
    files = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
    assert set(data) == {path.name for path in files}
    for path in files:
        text = path.read_text("utf-8")
        assert text.count("kc-prometheus") > 10
        assert json.loads(data[path.name]) == json.loads(text.replace("kc-prometheus", "ours"))


def test_every_job_that_the_rules_wait_for_is_found_under_its_name() -> None:
    monitor = the("PodMonitor", "campus-figures")["spec"]
    ports = {endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]}
    found = set()
    for manifest in rendered("watched"):
        if manifest["kind"] != "Deployment":
            continue
        pod = manifest["spec"]["template"]
        labels, containers = pod["metadata"]["labels"], pod["spec"]["containers"]
        assert monitor["selector"]["matchLabels"].items() <= labels.items()
        own = {port["name"] for container in containers for port in container["ports"]}
        assert len(own & ports) == 1
        found.add(labels[monitor["jobLabel"]])
    rules = (DEPLOY / "prometheus" / "rules" / "alerts.yml").read_text("utf-8")
    assert found == set(re.findall(r'absent\(up\{job="(\w+)"\}\)', rules))


def test_where_no_synthetic_booking_is_made_none_is_waited_for() -> None:
    manifests = rendered("unprobed")
    rules = next(m for m in manifests if m["kind"] == "PrometheusRule")["spec"]["groups"]
    (gone,) = (r for g in rules for r in g["rules"] if r.get("alert") == "ServiceGone")
    assert 'job="gateway"' in gone["expr"]
    assert "synthetic" not in gone["expr"]
    assert not [m for m in manifests if m["metadata"]["name"] == "campus-synthetic"]


def test_the_portal_asks_prometheus_and_may_do_so() -> None:
    container = the("Deployment", "campus-portal")["spec"]["template"]["spec"]["containers"][0]
    told = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert told["KC_PROMETHEUS_URL"] == "http://prometheus-operated.monitoring:9090"
    assert "prometheus_url" in told["KC_PLAINTEXT"].split(",")
    egress = the("NetworkPolicy", "campus-portal")["spec"]["egress"]
    assert [{"port": 9090, "protocol": "TCP"}] in [way["ports"] for way in egress]
    closed: list[Any] = the("NetworkPolicy", "campus-portal", "example")["spec"]["egress"]
    assert all(port["port"] != 9090 for way in closed for port in way["ports"])


def test_the_gateway_has_as_much_memory_as_beside_containers() -> None:
    pod = the("Deployment", "campus-gateway")["spec"]["template"]["spec"]
    (traefik,) = (c for c in pod["containers"] if c["name"] == "traefik")
    told = {entry["name"]: entry["value"] for entry in traefik["env"]}
    gateway = read()["services"]["gateway"]
    assert told["GOMEMLIMIT"] == gateway["environment"]["GOMEMLIMIT"]
    assert traefik["resources"]["limits"]["memory"] == gateway["mem_limit"].replace("m", "Mi")
