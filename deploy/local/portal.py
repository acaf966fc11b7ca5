"""The portal: the web client, one process for each replica, and the assets that it serves."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from deploy.local.credentials import credential
from deploy.local.parts import Part, answers
from deploy.local.ports import PORTAL, REPLICA_STEP
from deploy.local.progress import say
from deploy.local.services import environment
from deploy.local.settings import LOOPBACK, Settings


def parts(settings: Settings) -> list[Part]:
    """One part for each replica."""
    return [_part(settings, replica) for replica in range(settings.replicas)]


def _part(settings: Settings, replica: int) -> Part:
    port = settings.ports[PORTAL] + replica * REPLICA_STEP
    url = f"http://{LOOPBACK}:{port}"
    return Part(
        name=PORTAL if replica == 0 else f"{PORTAL}-{replica + 1}",
        command=[sys.executable, "-m", PORTAL],
        env={
            **environment(settings, PORTAL, port),
            "KC_CLIENT_SECRET": credential(settings, "keycloak.portal"),
            "KC_SESSION_KEY": credential(settings, "portal.sessions"),
            "KC_ASSETS": str(assets(settings)),
            "KC_PROMETHEUS_URL": _prometheus(settings),
        },
        ready=lambda: answers(f"{url}/health/ready"),
        needs=frozenset({"postgres"}),
        prepare=lambda: build(settings),
        stop_seconds=20,
        addresses={PORTAL: url} if replica else {PORTAL: url, "pages": settings.url("gateway")},
    )


def _prometheus(settings: Settings) -> str:
    """Ours where it runs, else the one that the environment names."""
    if settings.dashboards:
        return settings.url("prometheus")
    return settings.extra.get("KC_PROMETHEUS_URL", "")


def assets(settings: Settings) -> Path:
    """Where the built assets of this state of the code lie, shared by all copies."""
    from portal.assets import source

    return settings.cache / f"portal-assets-{source()}"


def build(settings: Settings) -> None:
    """Make the assets if they are not there yet. RuntimeError with npm's words if that fails."""
    target = assets(settings)
    settings.cache.mkdir(parents=True, exist_ok=True)
    with (settings.cache / ".portal-assets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            return
        say("  building the portal's style sheet and script")
        done = subprocess.run(
            [sys.executable, "-m", "portal.assets", str(target)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"The portal's assets could not be built:\n{done.stdout[-2000:]}")
