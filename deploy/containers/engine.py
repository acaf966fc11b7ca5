"""A Docker engine of our own and a base image out of Debian packages: no registry is needed.

The engine is Debian's, started by hand in a folder of the checkout and ended with it. Nothing of
the machine's own Docker (if it has one) is touched: the engine has its own socket.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BASE = "local/debian-python:12"
INCLUDE = "python3,python3-venv,ca-certificates"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# what a build on this machine has to know about its package index; never part of an image of ours
HANDED_ON = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "NPM_CONFIG_REGISTRY")
NEEDED = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
}
ENGINE_SECONDS = 60


class ContainerError(Exception):
    """A command of the engine failed. The text is for users."""


def problems() -> list[str]:
    """What stands against it on this machine, each with what to do."""
    found = []
    if sys.platform != "linux":
        found.append("containers are proved on Linux only; `make test` needs none of them.")
    if os.geteuid() != 0:
        found.append("an engine of our own needs root: call it with sudo.")
    missing = {package for program, package in NEEDED.items() if shutil.which(program) is None}
    if missing:
        found.append(f"programs are missing; on Debian: apt install {' '.join(sorted(missing))}")
    return found


@dataclass(frozen=True)
class Engine:
    """A running Docker engine."""

    folder: Path

    @property
    def address(self) -> str:
        """What `DOCKER_HOST` is set to."""
        return f"unix://{self.folder / 'd.sock'}"

    @property
    def environment(self) -> dict[str, str]:
        """Of every command, and of libraries that look for an engine."""
        return {**os.environ, "DOCKER_HOST": self.address, "DOCKER_BUILDKIT": "0"}

    def call(self, *words: str, given: str | None = None, check: bool = True) -> str:
        """Run a `docker` command; what it wrote. ContainerError if it fails."""
        return self.run(["docker", *words], given=given, check=check)

    def run(self, command: Sequence[str], given: str | None = None, check: bool = True) -> str:
        """Run a program that speaks to this engine."""
        done = subprocess.run(
            command,
            env=self.environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and done.returncode:
            tail = "\n".join(done.stdout.splitlines()[-25:])
            raise ContainerError(f"{' '.join(command[:4])} ended with {done.returncode}:\n{tail}")
        return done.stdout

    def has(self, image: str) -> bool:
        """Whether an image is there."""
        return bool(self.call("images", "--quiet", image).strip())


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Engine]:
    """An engine with its state in `folder`; ended at the end, the state (images) stays."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = Engine(folder)
    with (folder / "dockerd.log").open("a") as log:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ContainerError(f"an engine runs in {folder} already.") from None
        daemon = subprocess.Popen(
            [
                *("dockerd", "--iptables=false", "--ip6tables=false"),
                *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
                *("--pidfile", str(folder / "pid"), "--host", engine.address),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(engine, daemon)
        yield engine
    finally:
        daemon.terminate()
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _await(engine: Engine, daemon: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + ENGINE_SECONDS
    while "Server Version" not in engine.call("info", check=False):
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise ContainerError(f"the engine does not start: {engine.folder / 'dockerd.log'}")
        time.sleep(0.2)


def make_base(engine: Engine) -> None:
    """A Debian with Python, from the package archive that this machine uses."""
    if engine.has(BASE):
        return
    certificates = os.environ.get("SSL_CERT_FILE", CERTIFICATES)
    copied = f"copy-in {certificates} /etc/ssl/certs"
    archive = engine.folder / "base.tar"
    try:
        engine.run(
            [
                *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={INCLUDE}"),
                *("--customize-hook", copied, "bookworm", str(archive)),
            ]
        )
        engine.call("import", *_settings(), str(archive), BASE)
    finally:
        archive.unlink(missing_ok=True)


def _settings() -> list[str]:
    known: Mapping[str, str] = {
        **{name: os.environ[name] for name in HANDED_ON if os.environ.get(name)},
        "PIP_CERT": CERTIFICATES,
        "SSL_CERT_FILE": CERTIFICATES,
        "NODE_EXTRA_CA_CERTS": CERTIFICATES,
    }
    return [word for name, value in known.items() for word in ("--change", f"ENV {name}={value}")]


def build(engine: Engine, root: Path, service: str, base: str = BASE) -> str:
    """Build the image of a service; its name."""
    image = f"kommunalcampus/{service}:0.1.0"
    arguments = [f"BASE={base}", f"SERVICE={service}"]
    engine.call(
        *("build", "--quiet", "--network", "host", "--tag", image),
        *(word for argument in arguments for word in ("--build-arg", argument)),
        *("--file", str(root / "deploy" / "service.Dockerfile"), str(root)),
    )
    return image
