"""The committed list of what is fetched: coordinates, sizes and SHA-256 sums."""

from __future__ import annotations

import platform
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("artifacts.toml")


@dataclass(frozen=True)
class Artifact:
    """One file of a Maven repository: `group:artifact:version[:packaging]`."""

    at: str
    sha256: str
    bytes: int
    platform: str = ""

    @property
    def packaging(self) -> str:
        parts = self.at.split(":")
        return parts[3] if len(parts) > 3 else "jar"

    @property
    def filename(self) -> str:
        _, name, version = self.at.split(":")[:3]
        return f"{name}-{version}.{self.packaging}"


@dataclass(frozen=True)
class Group:
    """What belongs together: `kafka` (many jars), `keycloak`, `postgres` (one archive each)."""

    name: str
    version: str
    files: tuple[Artifact, ...]

    @property
    def folder(self) -> str:
        """The folder in the cache: a new version or platform gets a new one."""
        native = [file.platform for file in self.files if file.platform]
        return "-".join([self.name, self.version, *native])


def this_platform() -> str:
    """`linux-x86_64`, `linux-arm64`, `darwin-x86_64` or `darwin-arm64`."""
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)
    return f"{sys.platform}-{machine}"


@cache
def group(name: str) -> Group:
    """The files of a group for this platform. LookupError if there is none for it."""
    described = tomllib.loads(LIST.read_text())[name]
    files = [Artifact(**file) for file in described["files"]]
    here = tuple(file for file in files if file.platform in {"", this_platform()})
    if not here:
        raise LookupError(f"{name} {described['version']} has no build for {this_platform()}")
    return Group(name, described["version"], here)
