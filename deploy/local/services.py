"""The services of this project: each its own process, with its own database and nothing else."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from deploy.local.parts import Part, answers
from deploy.local.ports import REPLICA_STEP, SERVICES
from deploy.local.postgres import database_url
from deploy.local.settings import LOOPBACK, Settings

OUR_OWN = (
    "KC_RUN", "KC_CACHE", "KC_PORT_OFFSET", "KC_REPLICAS", "KC_DURABLE", "KC_RUN_ID",
    "KC_DASHBOARDS", "KC_SCRAPE_SECONDS", "KC_SYNTHETIC_SECONDS", "KC_GATEWAY_URL", "KC_TOKEN",
    "KC_PROMETHEUS_URL",  # the portal alone is told
)  # fmt: skip


def parts(settings: Settings) -> list[Part]:
    """One part per service that exists, and one more per further replica."""
    present = [
        name
        for name in SERVICES
        if (settings.root / "services" / name / name / "__main__.py").exists()
    ]
    return [
        _part(settings, service, replica)
        for replica in range(settings.replicas)
        for service in present
    ]


def _part(settings: Settings, service: str, replica: int) -> Part:
    port = settings.ports[service] + replica * REPLICA_STEP
    url = f"http://{LOOPBACK}:{port}"
    return Part(
        name=service if replica == 0 else f"{service}-{replica + 1}",
        command=[sys.executable, "-m", service],
        env=environment(settings, service, port),
        ready=lambda: answers(f"{url}/health/ready"),
        needs=frozenset({"postgres", "kafka"}),
        stop_seconds=20,
        addresses={service: url},
    )


def environment(settings: Settings, service: str, port: int) -> dict[str, str]:
    """What a process of ours is told."""
    inherited = {
        name: value
        for name, value in settings.extra.items()
        if name not in OUR_OWN and not name.endswith("_PORT")
    }
    return {
        "KC_LOG_LEVEL": "INFO",
        "KC_LEAVING_MS": "2000" if settings.replicas > 1 else "0",  # nobody else takes them: end
        **inherited,
        "KC_SERVICE": service,
        "KC_DATABASE_URL": database_url(settings, service),
        "KC_KAFKA": settings.address("kafka"),
        "KC_ISSUER": settings.issuer,
        "KC_AUDIENCE": "kommunalcampus",
        "KC_JWKS_URL": f"{settings.issuer}/protocol/openid-connect/certs",
        "KC_HOST": LOOPBACK,
        "KC_PORT": str(port),
        "KC_SMTP": settings.address("smtp"),
        "KC_PUBLIC_URL": settings.url("gateway"),
        "KC_SOURCE": _fingerprint(settings.root, service),
        "PYTHONUNBUFFERED": "1",
    }


def _fingerprint(root: Path, service: str) -> str:
    """Changes with the code: `make up` then starts the service anew."""
    digest = hashlib.sha256()
    for folder in (root / "services" / service, root / "libs" / "chassis", root / "libs/contracts"):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".html", ".txt", ".json", ".toml", ".po"} and path.is_file():
                stat = path.stat()
                digest.update(f"{path}{stat.st_mtime_ns}{stat.st_size}".encode())
    return digest.hexdigest()[:16]
