"""Stand-ins for the official images of `compose.yaml`, out of what the local run has fetched.

For a proof on a machine that reaches no image registry: the same servers in the same versions
(Prometheus: Debian's; Mailpit: a mail sink of aiosmtpd), under the names of the official images and
with as much of their entry points as `compose.yaml` relies on. Nothing else uses them.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploy.containers import broker
from deploy.containers.engine import BASE, Engine
from deploy.local import fetch
from deploy.local.artifacts import group
from deploy.local.environment import java
from deploy.local.settings import Settings

HERE = Path(__file__).parent / "images"
IDENTITY = "keycloak/keycloak"
LEFT_OUT = frozenset({"grafana"})
"""What cannot be had here in any way."""


def make(engine: Engine, settings: Settings, compose: Path) -> list[str]:
    """Build what is not there yet; the names of the images."""
    sources = _sources(engine, settings)
    services = yaml.safe_load(compose.read_text("utf-8"))["services"]
    wanted = {name: one["image"] for name, one in services.items() if name in sources}
    wanted["keycloak"] = f"{IDENTITY}:{group('keycloak').version}"
    wanted["traefik"] = services["gateway"]["image"]
    for name, image in wanted.items():
        if not engine.has(image):
            _build(engine, name, image, sources[name])
    return sorted(wanted.values())


def _sources(engine: Engine, settings: Settings) -> Mapping[str, Mapping[str, Path]]:
    """What each image copies, by the name in its Dockerfile."""
    runtime = Path(java()).parents[1]
    packages = Path(sysconfig.get_paths()["purelib"])
    return {
        "postgres": {"server": fetch.unpack(settings, "postgres")},
        "kafka": {
            "java": runtime,
            "libs": fetch.unpack(settings, "kafka"),
            "bin": broker.scripts(engine.folder),
        },
        "keycloak": {"java": runtime, "server": fetch.unpack(settings, "keycloak")},
        "traefik": {"traefik": Path(sys.executable).parent / "traefik"},
        "prometheus": {},
        "mailpit": {name: packages / name for name in ("aiosmtpd", "public", "attr")},
    }


def _build(engine: Engine, name: str, image: str, sources: Mapping[str, Path]) -> None:
    context = engine.folder / f"context-{name}"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir()
    try:
        for script in (f"{name}.sh", name):
            if (HERE / script).is_file():
                shutil.copy(HERE / script, context)
        for target, source in sources.items():
            copy = shutil.copytree if source.is_dir() else shutil.copyfile
            copy(source, context / target)
        engine.call(
            *("build", "--quiet", "--network", "host", "--build-arg", f"BASE={BASE}"),
            *("--tag", image, "--file", str(HERE / f"{name}.Dockerfile"), str(context)),
        )
    finally:
        shutil.rmtree(context)
