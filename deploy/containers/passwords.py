"""`python3 -m deploy.containers.passwords`: what `deploy/compose.yaml` has to be told, made once.

Every password is random and stands in `deploy/compose.env` alone, readable for its owner only and
never committed. What the file holds already stays; what is missing is added.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "compose.env"
HEAD = """\
# Made by `make compose`; the passwords of this installation. Never commit it.
# PUBLIC_URL and IDENTITY_URL are what people's browsers call the gateway and the identity provider;
# beyond this machine both begin with https. DEMO=true lets the demo users sign in.
"""


def random() -> str:
    """A password without signs that mean something in an address."""
    return secrets.token_urlsafe(32)


MADE: dict[str, Callable[[], str]] = {
    "PUBLIC_URL": lambda: "http://127.0.0.1:8080",
    "IDENTITY_URL": lambda: "http://id.localhost:8164",
    "GATEWAY_PORT": lambda: "8080",
    "IDENTITY_PORT": lambda: "8164",
    "MAIL_PORT": lambda: "8025",
    "GRAFANA_PORT": lambda: "3000",
    "PROMETHEUS_PORT": lambda: "9090",
    "DEMO": lambda: "false",
    "DEMO_PASSWORD": random,
    "POSTGRES_PASSWORD": random,
    "CATALOG_PASSWORD": random,
    "ENROLMENT_PASSWORD": random,
    "MEMBERSHIP_PASSWORD": random,
    "NOTIFICATIONS_PASSWORD": random,
    "PORTAL_PASSWORD": random,
    "KEYCLOAK_PASSWORD": random,
    "KEYCLOAK_ADMIN_PASSWORD": random,
    "PORTAL_CLIENT_SECRET": random,
    "PORTAL_SESSION_KEY": random,
    "SYNTHETIC_SECRET": random,
    "GRAFANA_PASSWORD": random,
}


def completed(text: str) -> str:
    """The content of the file with everything that it lacks."""
    there = set(re.findall(r"(?m)^([A-Z_]+)=", text))
    missing = [f"{name}={make()}" for name, make in MADE.items() if name not in there]
    if not missing:
        return text
    before = text or HEAD
    return before + ("" if before.endswith("\n") else "\n") + "\n".join(missing) + "\n"


def main() -> None:
    """Make the file, or add to it."""
    old = FILE.read_text("utf-8") if FILE.exists() else ""
    text = completed(old)
    if text == old:
        return
    new = FILE.with_suffix(".env.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(FILE)
    sys.stderr.write(f"  {'completed' if old else 'made'} {FILE}\n")


if __name__ == "__main__":
    main()
