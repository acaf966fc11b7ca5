"""`borrowed.py IMAGE`: testcontainers starts an image of ours, on a port of its choice."""

import sys
import time
import urllib.request

from testcontainers.core.container import DockerContainer

TOLD = {
    "KC_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1/nothing",
    "KC_ISSUER": "https://issuer.example",
    "KC_JWKS_URL": "https://issuer.example/certs",
    "KC_CLIENT_SECRET": "made-for-this-proof-only",
    "KC_SESSION_KEY": "made-for-this-proof-only-and-long-enough",
}
SECONDS = 60


def main(image: str) -> int:
    """Whether it is alive: 0. It has no database, so it is alive and not ready."""
    made = DockerContainer(image).with_exposed_ports(8000)
    for name, value in TOLD.items():
        made = made.with_env(name, value)
    with made as container:
        place = f"{container.get_container_host_ip()}:{container.get_exposed_port(8000)}"
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://{place}/health/live", timeout=2) as answer:
                    return 0 if answer.status == 200 else 1
            except OSError:
                time.sleep(0.2)
        sys.stderr.write(repr(container.get_logs()))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
