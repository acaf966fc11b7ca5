"""The chart: linted, rendered, valid for Kubernetes, and as `manifests.py` promises."""

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml
from contracts.topics import TOPICS

from deploy import variables
from tests.packaging.manifests import RULES, Manifest

ROOT = variables.ROOT
CHART = ROOT / "deploy" / "helm" / "kommunalcampus"
EXAMPLE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/helm/example-values.yaml").read_text())
KUBERNETES = ("1.29", "1.37")
# defined by KEDA and by the Prometheus operator, not by Kubernetes: no schema of them is at hand
FOREIGN = {"ScaledObject", "TriggerAuthentication", "PodMonitor", "PrometheusRule"}
VARIANTS: dict[str, dict[str, Any]] = {
    "example": {},
    "keda": {"autoscaling": {"by": "keda"}, "kafka": {"caSecret": "kafka-ca"}},
    "hpa": {"autoscaling": {"by": "hpa"}},
    "watched": {
        "monitoring": {
            "enabled": True,
            "labels": {"release": "prometheus"},
            "dataSource": "ours",
            "prometheusUrl": "http://prometheus-operated.monitoring:9090",
        }
    },
    "unprobed": {"monitoring": {"enabled": True}, "synthetic": {"enabled": False}},
    "authorities": {"database": {"caSecret": "db-ca"}, "image": {"pullSecrets": ["registry"]}},
    "trusted": {
        "plaintext": ["kafka", "jwks_url"],
        "kafka": {"security": "plaintext", "caSecret": ""},
        "nodeSelector": {"pool": "campus"},
        "tolerations": [{"key": "campus", "operator": "Exists"}],
        "podAnnotations": {"mesh/inject": "true"},
    },
}
SCRAPED = {"prometheus.io/scrape", "prometheus.io/port", "prometheus.io/path"}
# where a fault is planted: the kind of manifest, and what is changed there
Change = Callable[[Manifest], Any]


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Values over values, as helm does it."""
    found = dict(base)
    for key, value in over.items():
        there = found.get(key)
        both = isinstance(value, dict) and isinstance(there, dict)
        found[key] = merged(there, value) if both else value  # type: ignore[arg-type]
    return found


@cache
def _rendered(variant: str) -> list[Manifest]:
    chart = helm_python.Chart.load(CHART)
    files = chart.render(merged(EXAMPLE, VARIANTS[variant]), name="campus", namespace="campus")
    return [
        document
        for path, text in sorted(files.items())
        if path.endswith(".yaml")
        for document in yaml.safe_load_all(text)
        if document
    ]


def rendered(variant: str = "example") -> list[Manifest]:
    """The manifests of one way to install it."""
    return copy.deepcopy(_rendered(variant))


def errors_of(values: dict[str, Any], chart: Path = CHART) -> list[str]:
    """What the linter finds, warnings included."""
    report = helm_python.lint(chart, values, strict=True)
    found = [m["error"] for m in report["messages"] if m["severity"] >= 2] + report["errors"]
    return list(map(str, found))


def test_the_linter_finds_nothing() -> None:
    assert errors_of(EXAMPLE) == []


def test_the_linter_sees_a_broken_template(tmp_path: Path) -> None:
    broken = Path(helm_python.Chart.load(CHART).save_dir(tmp_path))
    (broken / "templates" / "broken.yaml").write_text("a: {{ .Values.nothing.at.all }\n")
    assert any("broken.yaml" in error for error in errors_of(EXAMPLE, broken))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("version", KUBERNETES)
def test_every_manifest_is_valid_for_kubernetes(variant: str, version: str) -> None:
    checked = 0
    for manifest in rendered(variant):
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, version, strict=True)
            checked += 1
    assert checked > 30


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Deployment", lambda m: m["spec"].update(replicas="two")),
        ("Deployment", lambda m: m["spec"].update(replikas=2)),
        ("Job", lambda m: m["spec"].pop("template")),
        ("NetworkPolicy", lambda m: m["spec"]["egress"].append({"port": 1})),
        ("PodDisruptionBudget", lambda m: m["spec"].update(maxUnavailable=[1])),
        ("Ingress", lambda m: m["spec"]["rules"][0]["http"]["paths"][0].pop("pathType")),
    ],
)
def test_a_planted_fault_is_no_valid_manifest(kind: str, change: Change) -> None:
    manifest = [m for m in rendered() if m["kind"] == kind][-1]
    change(manifest)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds(rule: str, variant: str) -> None:
    assert list(RULES[rule](rendered(variant))) == []


def _container(manifest: Manifest) -> Manifest:
    found: Manifest = manifest["spec"]["template"]["spec"]["containers"][0]
    return found


def _pod(manifest: Manifest) -> Manifest:
    found: Manifest = manifest["spec"]["template"]["spec"]
    return found


PLANTED: list[tuple[str, str, Change]] = [
    ("restricted", "Deployment", lambda m: _pod(m)["securityContext"].pop("runAsNonRoot")),
    ("restricted", "Job", lambda m: _pod(m)["securityContext"].pop("seccompProfile")),
    ("restricted", "Deployment", lambda m: _pod(m).update(automountServiceAccountToken=True)),
    ("restricted", "Deployment", lambda m: _pod(m).pop("enableServiceLinks")),
    ("restricted", "Deployment", lambda m: _pod(m)["volumes"].append({"hostPath": {}})),
    ("confined", "Job", lambda m: _container(m)["securityContext"].pop("capabilities")),
    ("confined", "Deployment", lambda m: _container(m).pop("securityContext")),
    ("bounded", "Deployment", lambda m: _container(m)["resources"].pop("limits")),
    ("bounded", "Deployment", lambda m: _container(m).update(image="kommunalcampus/catalog")),
    ("bounded", "Job", lambda m: _container(m).update(image="kommunalcampus/catalog:latest")),
    ("probed", "Deployment", lambda m: _container(m).pop("livenessProbe")),
    (
        "probed",
        "Deployment",
        lambda m: _container(m)["readinessProbe"]["httpGet"].update(path="/health/ready"),
    ),
    ("scraped", "Deployment", lambda m: m["spec"]["template"]["metadata"].pop("annotations")),
    (
        "scraped",
        "Deployment",
        lambda m: m["spec"]["template"]["metadata"]["annotations"].update(
            {"prometheus.io/port": "1"}
        ),
    ),
    (
        "secrets_by_reference",
        "Deployment",
        lambda m: _container(m)["env"].append({"name": "KC_SMTP_PASSWORD", "value": "s3"}),
    ),
    ("secrets_by_reference", "Service", lambda m: m.update(kind="Secret")),
    ("understood", "Job", lambda m: _container(m)["env"].append({"name": "KC_KAFFKA"})),
    (
        "understood",
        "Job",
        lambda m: _container(m).update(
            env=[e for e in _container(m)["env"] if e["name"] != "KC_ISSUER"]
        ),
    ),
    (
        "disruptions_bounded",
        "PodDisruptionBudget",
        lambda m: m["spec"]["selector"].update(matchLabels={"a": "b"}),
    ),
    ("reached", "Service", lambda m: m["spec"]["selector"].update({"a": "b"})),
    ("reached", "Service", lambda m: m["spec"]["ports"][0].update(targetPort="htpp")),
    ("closed", "NetworkPolicy", lambda m: m["spec"].update(podSelector={"matchLabels": {}})),
    ("closed", "NetworkPolicy", lambda m: m["spec"].update(egress=[{"to": []}])),
    ("migrated_first", "Job", lambda m: m["metadata"].pop("annotations")),
    (
        "migrated_first",
        "Deployment",
        lambda m: [e.update(value="true") for e in _container(m)["env"] if "MIGRATE" in e["name"]],
    ),
    ("scaled_with_sense", "Deployment", lambda m: m["metadata"].update(name="else")),
    ("scaled_with_sense", "Deployment", lambda m: m["spec"].update(replicas=2)),
    (
        "scaled_with_sense",
        "HorizontalPodAutoscaler",
        lambda m: m["spec"].update(maxReplicas=7),
    ),
]


@pytest.mark.parametrize(("rule", "kind", "change"), PLANTED)
def test_a_planted_offence_is_seen(rule: str, kind: str, change: Change) -> None:
    manifests = rendered("hpa")
    for manifest in manifests:
        if manifest["kind"] == kind:
            change(manifest)
    assert list(RULES[rule](manifests))


def test_every_rule_was_seen_red() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"publicUrl": ""}, "publicUrl"),
        ({"publicUrl": "http://campus.example"}, "publicUrl"),
        ({"identity": {"issuer": "http://id.example"}}, "issuer"),
        ({"kafka": {"bootstrapServers": "kafka"}}, "bootstrapServers"),
        ({"kafka": {"security": "none"}}, "security"),
        ({"services": {"catalog": {"maxReplicas": 7}}}, "maxReplicas"),
        ({"services": {"catalogue": {"replicas": 1}}}, "catalogue"),
        ({"services": {"catalog": {"env": {"KC_SMTP_PASSWORD": "s3"}}}}, "KC_SMTP_PASSWORD"),
        ({"services": {"catalog": {"secrets": {"KC_DATABASE_URL": "s3"}}}}, "KC_DATABASE_URL"),
        ({"ingress": {"enabled": True, "tlsSecret": ""}}, "tlsSecret"),
        ({"autoscaling": {"by": "magic"}}, "by"),
        ({"gateway": {"image": "traefik"}}, "image"),
        ({"gateway": {"memoryTarget": "320m"}}, "memoryTarget"),
        ({"monitoring": {"prometheusUrl": "prometheus:9090"}}, "prometheusUrl"),
        ({"networkPolicies": {"enabled": True}}, "networkPolicies"),
    ],
)
def test_wrong_values_are_refused_by_name(values: dict[str, Any], said: str) -> None:
    chart = helm_python.Chart.load(CHART)
    chart.validate_schema(merged(chart.values, EXAMPLE))
    with pytest.raises(helm_python.HelmValuesError, match=said):
        chart.validate_schema(merged(merged(chart.values, EXAMPLE), values))


def test_the_chart_asks_for_what_it_cannot_know() -> None:
    with pytest.raises(helm_python.HelmValuesError, match="publicUrl"):
        helm_python.Chart.load(CHART).validate_schema(helm_python.Chart.load(CHART).values)


def test_every_service_of_the_project_is_in_the_chart() -> None:
    assert set(helm_python.Chart.load(CHART).values["services"]) == set(
        variables.settings_classes()
    )


def test_the_gateway_gets_the_very_files_of_deploy_gateway() -> None:
    found = {m["metadata"]["name"]: m["data"] for m in rendered() if m["kind"] == "ConfigMap"}
    gateway = ROOT / "deploy" / "gateway"
    static = found["campus-gateway"]["traefik.toml"]
    assert static.strip() == (gateway / "traefik.toml").read_text("utf-8").strip()
    routes = {path.name: path.read_text("utf-8") for path in gateway.glob("routes/*.yaml")}
    assert found["campus-gateway-routes"] == routes


def test_keda_asks_for_the_group_of_the_service_as_the_service_itself_does() -> None:
    scaled = [m for m in rendered("keda") if m["kind"] == "ScaledObject"]
    heard = {consumer for topic in TOPICS for consumer in topic.consumers}
    groups = {m["spec"]["triggers"][0]["metadata"]["consumerGroup"] for m in scaled}
    assert groups == heard
    known = {m["metadata"]["name"] for m in rendered("keda") if m["kind"] in FOREIGN}
    for manifest in scaled:
        trigger = manifest["spec"]["triggers"][0]
        assert trigger["metadata"]["sasl"] == "scram_sha512"
        assert trigger["metadata"]["tls"] == "enable"
        assert trigger["authenticationRef"]["name"] in known


def test_own_values_stand_in_the_pods() -> None:
    pods = [m["spec"]["template"] for m in rendered("trusted") if m["kind"] == "Deployment"]
    assert all(pod["spec"]["nodeSelector"] == {"pool": "campus"} for pod in pods)
    known = variables.settings_classes()
    services = [pod for pod in pods if pod["spec"]["containers"][0]["name"] in known]
    assert len(services) == len(known)
    for annotations in (pod["metadata"]["annotations"] for pod in services):
        assert set(annotations) >= SCRAPED
        assert annotations["mesh/inject"] == "true"
