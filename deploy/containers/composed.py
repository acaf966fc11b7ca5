"""`compose.yaml` as a whole, started from nothing: by the stand-ins of `substitutes`.

docker-compose makes networks and volumes, starts everything in the order of the health checks, and
a demo user's request goes through gateway, identity provider and service.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from deploy.containers import passwords
from deploy.containers.engine import ContainerError, Engine
from deploy.containers.substitutes import LEFT_OUT
from deploy.local.settings import Settings

FILE = Path(__file__).resolve().parents[1] / "compose.yaml"
PROJECT = "campus-proof"


@contextmanager
def running(engine: Engine, settings: Settings) -> Iterator[Mapping[str, str]]:
    """Everything that the file describes, but for what has no image here; what it was told."""
    told = _told(settings)
    environment = engine.folder / "compose.env"
    environment.write_text("".join(f"{name}={value}\n" for name, value in told.items()))
    names = set(yaml.safe_load(FILE.read_text("utf-8"))["services"]) - LEFT_OUT
    command = ["docker-compose", "-p", PROJECT, "--env-file", str(environment), "-f", str(FILE)]
    try:
        engine.run([*command, "build", "keycloak"])
        engine.run([*command, "up", "-d", "--no-build", *sorted(names)])
        yield told
    except ContainerError as error:
        raise ContainerError(f"{error}\n{_unwell(engine)}") from None
    finally:
        engine.run([*command, "down", "--volumes", "--timeout", "20"], check=False)
        environment.unlink()


def _told(settings: Settings) -> dict[str, str]:
    """The committed defaults, with ports of our own and the demo users switched on."""
    lines = passwords.completed("").splitlines()
    told = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    ports = settings.ports
    return {
        **told,
        "DEMO": "true",
        "GATEWAY_PORT": str(ports["gateway"]),
        "IDENTITY_PORT": str(ports["keycloak"]),
        "MAIL_PORT": str(ports["mail"]),
        "GRAFANA_PORT": str(ports["smtp"]),
        "PROMETHEUS_PORT": str(ports["keycloak_management"]),
        "PUBLIC_URL": f"http://127.0.0.1:{ports['gateway']}",
        "IDENTITY_URL": f"http://id.localhost:{ports['keycloak']}",
    }


def states(engine: Engine) -> dict[str, str]:
    """What Docker says of each container of the project: `healthy`, or what else."""
    ids = engine.call(
        "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}"
    ).split()
    found = json.loads(engine.call("inspect", *ids)) if ids else []
    return {
        one["Config"]["Labels"]["com.docker.compose.service"]: one["State"]
        .get("Health", {})
        .get("Status", one["State"]["Status"])
        for one in found
    }


def _unwell(engine: Engine) -> str:
    """The last words of what is not healthy."""
    told = []
    for name, state in states(engine).items():
        if state != "healthy":
            said = engine.call("logs", "--tail", "15", f"{PROJECT}_{name}_1", check=False)
            told.append(f"--- {name}: {state}\n{said}")
    return "\n".join(told)


def as_demo_user(told: Mapping[str, str]) -> int:
    """The status of a search in the catalogue, through the gateway, with a demo user's token."""
    issuer = f"http://127.0.0.1:{told['IDENTITY_PORT']}/realms/kommunalcampus"
    with httpx.Client(timeout=30, trust_env=False) as http:
        form = {
            "grant_type": "password",
            "client_id": "cli",
            "username": "anna.employee",
            "password": told["DEMO_PASSWORD"],
        }
        host = {"Host": told["IDENTITY_URL"].removeprefix("http://")}
        answer = http.post(f"{issuer}/protocol/openid-connect/token", data=form, headers=host)
        answer.raise_for_status()
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return http.get(f"{told['PUBLIC_URL']}/api/catalog/offers", headers=bearer).status_code


def page(told: Mapping[str, str]) -> httpx.Response:
    """The catalogue as a visitor sees it: the portal asks identity provider and gateway for it."""
    with httpx.Client(timeout=30, trust_env=False, follow_redirects=True) as http:
        return http.get(f"{told['PUBLIC_URL']}/kurse")
