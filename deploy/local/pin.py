"""Write `artifacts.toml` anew: `python -m deploy.local.pin`. Only when a version is changed here.

Resolves the dependencies of Kafka, fetches every file for every platform and notes its sum.
"""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx

from deploy.local import fetch
from deploy.local.artifacts import LIST, Artifact

KAFKA, LOG4J, KEYCLOAK, POSTGRES = "4.3.1", "2.25.4", "26.5.5", "18.6.0"
BINARIES = {  # our platform -> the name of the build
    "linux-x86_64": "linux-amd64",
    "linux-arm64": "linux-arm64v8",
    "darwin-x86_64": "darwin-amd64",
    "darwin-arm64": "darwin-arm64v8",
}


def kafka() -> list[str]:
    """Coordinates of Kafka, all that it needs at run time, and a log binding."""
    from jgo.maven import MavenContext, PythonResolver
    from jgo.maven._core import Dependency

    context = MavenContext(timeout=60)
    component = context.project("org.apache.kafka", "kafka_2.13").at_version(KAFKA)
    inputs, rest = PythonResolver().resolve([Dependency(component.artifact())])
    found = [f"{d.groupId}:{d.artifactId}:{d.version}" for d in [*inputs, *rest]]
    return sorted([*found, f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J}"])


def measure(at: str, platform: str = "") -> str:
    """One line of the list: the file is fetched and summed."""
    url = fetch.urls()(Artifact(at, "", 0))
    digest, size = hashlib.sha256(), 0
    with httpx.stream("GET", url, verify=fetch._trust(), timeout=60) as answer:
        answer.raise_for_status()
        for piece in answer.iter_raw(1 << 20):
            digest.update(piece)
            size += len(piece)
    native = f', platform = "{platform}"' if platform else ""
    return f'  {{ at = "{at}", bytes = {size}, sha256 = "{digest.hexdigest()}"{native} }},'


def main() -> int:
    """Fetch, sum and write."""
    binaries = "io.zonky.test.postgres:embedded-postgres-binaries"
    wanted = {
        ("kafka", KAFKA): [(at, "") for at in kafka()],
        ("keycloak", KEYCLOAK): [(f"org.keycloak:keycloak-quarkus-dist:{KEYCLOAK}:tar.gz", "")],
        ("postgres", POSTGRES): [
            (f"{binaries}-{name}:{POSTGRES}", platform) for platform, name in BINARIES.items()
        ],
    }
    blocks = ["# What deploy/local fetches. Written by `python -m deploy.local.pin`."]
    with ThreadPoolExecutor(8) as pool:
        for (name, version), files in wanted.items():
            lines = list(pool.map(lambda pair: measure(*pair), files))
            head = f'\n[{name}]\nversion = "{version}"\nfiles = ['
            blocks.append("\n".join([head, *lines, "]"]))
    LIST.write_text("\n".join(blocks) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
