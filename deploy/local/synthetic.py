"""The synthetic booking of a copy (`make up dashboards=1`): a process of its own."""

from __future__ import annotations

import sys

from deploy.local.credentials import credential
from deploy.local.parts import Part, answers
from deploy.local.ports import SERVICES
from deploy.local.settings import LOOPBACK, Settings


def parts(settings: Settings) -> list[Part]:
    """The one process, where dashboards are wanted."""
    return [_part(settings)] if settings.dashboards else []


def _part(settings: Settings) -> Part:
    url = settings.url("synthetic")
    return Part(
        name="synthetic",
        command=[sys.executable, "-m", "deploy.synthetic"],
        env={
            "KC_GATEWAY_URL": settings.url("gateway"),
            "KC_ISSUER": settings.issuer,
            "KC_SYNTHETIC_SECRET": credential(settings, "keycloak.synthetic"),
            "KC_SYNTHETIC_SECONDS": settings.extra.get("KC_SYNTHETIC_SECONDS") or "60",
            "KC_HOST": LOOPBACK,
            "KC_PORT": str(settings.ports["synthetic"]),
        },
        ready=lambda: answers(f"{url}/metrics"),
        needs=frozenset({"gateway", "keycloak", *SERVICES}),
        addresses={"synthetic booking": f"{url}/metrics"},
    )
