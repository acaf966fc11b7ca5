"""The gateway (Traefik) of a copy, and the small server of its error answers.

The configuration is `deploy/gateway/`, the same as in containers. Here only addresses, folders
and logs of the static file are replaced; the routes are read as they are and find the services
through environment variables.
"""

from __future__ import annotations

import json
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from deploy.local.parts import Part, answers
from deploy.local.ports import PORTAL, REPLICA_STEP, SERVICES
from deploy.local.settings import LOOPBACK, Settings

# limits a user may change; defaults stand in deploy/gateway/routes/middlewares.yaml
LIMITS = ("KC_RATE_AVERAGE", "KC_RATE_BURST", "KC_IN_FLIGHT")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def parts(settings: Settings) -> list[Part]:
    """Traefik, and the server of its problem answers."""
    return [_pages(settings), _traefik(settings)]


def _pages(settings: Settings) -> Part:
    url = settings.url("gateway_pages")
    return Part(
        name="gateway-pages",
        command=[
            sys.executable,
            str(settings.root / "deploy" / "gateway" / "pages.py"),
            "--port",
            str(settings.ports["gateway_pages"]),
        ],
        env={},
        ready=lambda: answers(f"{url}/health"),
        stop_seconds=5,
    )


def _traefik(settings: Settings) -> Part:
    return Part(
        name="gateway",
        command=[str(Path(sys.executable).parent / "traefik"), f"--configFile={_file(settings)}"],
        env=environment(settings),
        ready=lambda: _ready(settings),
        needs=frozenset({"gateway-pages"}),
        prepare=lambda: _prepare(settings),
        stop_seconds=10,
        addresses={"gateway": settings.url("gateway")},
    )


def environment(settings: Settings) -> dict[str, str]:
    """What the routes read: where the services and the pages are, and the limits."""
    addresses = {
        f"KC_{service.upper()}_URLS": ",".join(
            f"http://{LOOPBACK}:{settings.ports[service] + replica * REPLICA_STEP}"
            for replica in range(settings.replicas)
        )
        for service in (*SERVICES, PORTAL)
    }
    limits = {name: settings.extra[name] for name in LIMITS if settings.extra.get(name)}
    for name, value in limits.items():
        if not (value.isascii() and value.isdecimal() and int(value) > 0):
            raise ValueError(f"{name}={value!r} is not a whole number above 0.")
    return {
        "GOGC": "400",  # its heap is small: collecting less often costs memory that is there
        "GOMEMLIMIT": "320MiB",  # but not without end when very many come at once
        **addresses,
        **limits,
        "KC_GATEWAY_PAGES_URL": settings.url("gateway_pages"),
    }


def _file(settings: Settings) -> Path:
    return settings.run / "gateway" / "traefik.yaml"


def _prepare(settings: Settings) -> None:
    source = settings.root / "deploy" / "gateway"
    static: dict[str, Any] = tomllib.loads((source / "traefik.toml").read_text(encoding="utf-8"))
    static["entryPoints"]["web"]["address"] = settings.address("gateway")
    static["entryPoints"]["private"]["address"] = settings.address("gateway_ping")
    static["providers"]["file"]["directory"] = str(source / "routes")
    static["accessLog"]["filePath"] = str(settings.logs / "gateway-access.log")
    settings.logs.mkdir(parents=True, exist_ok=True)
    target = _file(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_suffix(".new")
    new.write_text(json.dumps(static, indent=1), encoding="utf-8")  # JSON is YAML
    new.replace(target)


def _ready(settings: Settings) -> bool:
    """Up, the routes are loaded, and its own problem answers come through."""
    if not answers(f"{settings.url('gateway_ping')}/ping"):
        return False
    try:
        _DIRECT.open(f"{settings.url('gateway')}/-/ready", timeout=1.0)
    except urllib.error.HTTPError as error:
        return error.headers.get("content-type", "").startswith("application/problem+json")
    except (OSError, ValueError):
        return False
    return False
