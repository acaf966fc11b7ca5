"""What every rendered manifest of the chart promises: each rule tells what offends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from contracts.topics import TOPICS

from deploy import variables

Manifest = dict[str, Any]
ALWAYS = {"PGSSLROOTCERT"}
SERVICES = frozenset(variables.settings_classes())


def _of(manifests: list[Manifest], *kinds: str) -> Iterator[Manifest]:
    return (manifest for manifest in manifests if manifest["kind"] in kinds)


def _name(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def _pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for manifest in _of(manifests, "Deployment", "Job"):
        yield _name(manifest), manifest["spec"]["template"]


def _containers(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for name, pod in _pods(manifests):
        for container in pod["spec"]["containers"]:
            yield f"{name}/{container['name']}", container


def restricted(manifests: list[Manifest]) -> Iterator[str]:
    """The restricted pod security standard, no token, no foreign variables."""
    for name, pod in _pods(manifests):
        spec, context = pod["spec"], pod["spec"].get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
            yield f"{name}: may run as root"
        if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name}: no seccomp profile"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name}: has a token of the cluster"
        if spec.get("enableServiceLinks") is not False:
            yield f"{name}: gets variables of other services"
        if any("hostPath" in volume for volume in spec.get("volumes", [])):
            yield f"{name}: mounts the host"


def confined(manifests: list[Manifest]) -> Iterator[str]:
    """No container can gain rights, keep capabilities or write to its root."""
    for name, container in _containers(manifests):
        context = container.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: can gain privileges"
        if context.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{name}: keeps capabilities"
        if context.get("readOnlyRootFilesystem") is not True:
            yield f"{name}: its root can be written"


def bounded(manifests: list[Manifest]) -> Iterator[str]:
    """Every container asks for what it needs and has a bound; every image a version."""
    for name, container in _containers(manifests):
        resources = container.get("resources", {})
        if "memory" not in resources.get("limits", {}) or "cpu" not in resources.get(
            "requests", {}
        ):
            yield f"{name}: no bound"
        tag = container["image"].rpartition(":")[2]
        if not tag.removeprefix("v")[:1].isdigit() or "." not in tag:
            yield f"{name}: {container['image']} has no version"


def probed(manifests: list[Manifest]) -> Iterator[str]:
    """Every container that stays is probed in all three ways, services by the right routes."""
    for manifest in _of(manifests, "Deployment"):
        for container in manifest["spec"]["template"]["spec"]["containers"]:
            found = {
                probe: container.get(f"{probe}Probe", {}).get("httpGet", {}).get("path")
                for probe in ("startup", "readiness", "liveness")
            }
            wanted = (
                {
                    "startup": "/health/ready",
                    "readiness": "/health/serving",
                    "liveness": "/health/live",
                }
                if container["name"] in SERVICES
                else {probe: path or "a path" for probe, path in found.items()}
            )
            if found != wanted:
                yield f"{_name(manifest)}/{container['name']}: {found}"


def scraped(manifests: list[Manifest]) -> Iterator[str]:
    """Every pod that stays says where its figures are, on a port that it has."""
    for manifest in _of(manifests, "Deployment"):
        pod = manifest["spec"]["template"]
        said = pod["metadata"].get("annotations", {})
        scrape, at = (said.get(f"prometheus.io/{name}") for name in ("scrape", "port"))
        ports = {
            str(port["containerPort"])
            for container in pod["spec"]["containers"]
            for port in container.get("ports", [])
        }
        if scrape != "true" or at not in ports:
            yield f"{_name(manifest)}: its figures are not found"


def secrets_by_reference(manifests: list[Manifest]) -> Iterator[str]:
    """Nothing secret stands in a manifest."""
    for manifest in _of(manifests, "Secret"):
        yield f"{_name(manifest)}: a secret is written"
    for name, container in _containers(manifests):
        for entry in container.get("env", []):
            secret = any(word in entry["name"] for word in ("PASSWORD", "SECRET", "DATABASE_URL"))
            if (secret or entry["name"].endswith("_KEY")) and "value" in entry:
                yield f"{name}: {entry['name']} is written"


def understood(manifests: list[Manifest]) -> Iterator[str]:
    """Services are told what their settings classes know, and all that those need."""
    classes = variables.settings_classes()
    for name, container in _containers(manifests):
        service = (container.get("command") or [container["name"]])[-1]
        if service not in classes:
            continue
        told = {entry["name"] for entry in container["env"]}
        known = variables.variables(classes[service]).values()
        for unknown in sorted(told - {variable.name for variable in known} - ALWAYS):
            yield f"{name}: {unknown} means nothing to it"
        needed = {variable.name for variable in known if variable.default is None}
        for missing in sorted(needed - told):
            yield f"{name}: is not told {missing}"


def disruptions_bounded(manifests: list[Manifest]) -> Iterator[str]:
    """Every Deployment has a disruption budget, over its own pods, that can be met."""
    budgets = [
        manifest["spec"]["selector"]["matchLabels"]
        for manifest in _of(manifests, "PodDisruptionBudget")
        if manifest["spec"].get("maxUnavailable") == 1
    ]
    for manifest in _of(manifests, "Deployment"):
        if manifest["spec"]["selector"]["matchLabels"] not in budgets:
            yield f"{_name(manifest)}: no disruption budget"


def reached(manifests: list[Manifest]) -> Iterator[str]:
    """Services and selectors find pods, ports have names that exist."""
    pods = [pod["metadata"]["labels"] for _, pod in _pods(manifests)]
    ports = {port["name"] for _, one in _containers(manifests) for port in one.get("ports", [])}
    for manifest in _of(manifests, "Service"):
        selector = manifest["spec"]["selector"]
        if not any(selector.items() <= labels.items() for labels in pods):
            yield f"{_name(manifest)}: selects nothing"
        for port in manifest["spec"]["ports"]:
            if port["targetPort"] not in ports:
                yield f"{_name(manifest)}: {port['targetPort']} is no port"


def closed(manifests: list[Manifest]) -> Iterator[str]:
    """Everything is shut by default; every Deployment has a policy that opens what it needs."""
    policies = list(_of(manifests, "NetworkPolicy"))
    if not any(
        set(policy["spec"]["podSelector"]["matchLabels"]) == {"app.kubernetes.io/instance"}
        and not {"ingress", "egress", "matchExpressions"} & set(policy["spec"])
        and policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        and "matchExpressions" not in policy["spec"]["podSelector"]
        for policy in policies
    ):
        yield "nothing is shut by default"
    for policy in policies:
        for rule in policy["spec"].get("egress", []):
            if not rule.get("ports"):
                yield f"{_name(policy)}: leads anywhere"
    opened = {name for policy in policies for name in _selected(policy)}
    for name, pod in _pods(manifests):
        if pod["metadata"]["labels"]["app.kubernetes.io/name"] not in opened:
            yield f"{name}: has no way out"


def _selected(policy: Manifest) -> set[str]:
    selector = policy["spec"]["podSelector"]
    names = {value for rule in selector.get("matchExpressions", []) for value in rule["values"]}
    if name := selector.get("matchLabels", {}).get("app.kubernetes.io/name"):
        names.add(name)
    return names


def migrated_first(manifests: list[Manifest]) -> Iterator[str]:
    """Each service has a migration before it, and its replicas leave the schema alone."""
    jobs = {
        manifest["spec"]["template"]["spec"]["containers"][0]["command"][-1]
        for manifest in _of(manifests, "Job")
        if manifest["metadata"].get("annotations", {}).get("helm.sh/hook")
        == "pre-install,pre-upgrade"
    }
    for name, container in _containers(manifests):
        if name.startswith("Deployment") and container["name"] in SERVICES:
            told = {entry["name"]: entry.get("value") for entry in container["env"]}
            if container["name"] not in jobs:
                yield f"{name}: no migration"
            if told.get("KC_MIGRATE") != "false":
                yield f"{name}: changes the schema itself"


def scaled_with_sense(manifests: list[Manifest]) -> Iterator[str]:
    """What scales scales a Deployment without a fixed number, never beyond the partitions."""
    most = max(topic.partitions for topic in TOPICS)
    deployments = {one["metadata"]["name"]: one for one in _of(manifests, "Deployment")}
    for manifest in _of(manifests, "HorizontalPodAutoscaler", "ScaledObject"):
        spec = manifest["spec"]
        target = deployments.get(spec["scaleTargetRef"]["name"])
        if target is None:
            yield f"{_name(manifest)}: scales nothing"
        elif "replicas" in target["spec"]:
            yield f"{_name(manifest)}: fights with a fixed number"
        if spec.get("maxReplicas", spec.get("maxReplicaCount", most + 1)) > most:
            yield f"{_name(manifest)}: more replicas than partitions"


Rule = Callable[[list[Manifest]], Iterator[str]]
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        restricted,
        confined,
        bounded,
        probed,
        scraped,
        secrets_by_reference,
        understood,
        disruptions_bounded,
        reached,
        closed,
        migrated_first,
        scaled_with_sense,
    )
}
