"""`python -m deploy.containers.prove [SERVICE ...]`: the images run, as far as can be shown.

Without an image registry: an engine of our own, a base image out of Debian packages, images built
from `service.Dockerfile`, and containers of them under the limits of `compose.yaml` beside the
project's local PostgreSQL and Kafka. Each check says what it saw; the first that fails ends it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.containers import broker, composed, engine, passwords, substitutes
from deploy.containers.engine import ContainerError, Engine
from deploy.local.parts import answers
from deploy.local.postgres import database_url
from deploy.local.settings import LOOPBACK, Settings
from deploy.local.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120
WHOLE_SECONDS = 900
LIMITS = (
    *("--read-only", "--tmpfs", "/tmp:size=32m,mode=1777", "--cap-drop", "ALL"),  # noqa: S108
    *("--security-opt", "no-new-privileges", "--memory", "384m", "--pids-limit", "512"),
)
SECRETS = {
    "KC_CLIENT_SECRET": "made-for-this-proof-only",
    "KC_SESSION_KEY": "made-for-this-proof-only-and-long-enough",
}


@dataclass(frozen=True)
class Proof:
    """What the checks work with."""

    engine: Engine
    settings: Settings

    def environment(self, service: str, **changes: str) -> list[str]:
        """What a service is told, as `docker run` takes it."""
        told = {
            "KC_DATABASE_URL": database_url(self.settings, service),
            "KC_KAFKA": self.settings.address("kafka"),
            "KC_ISSUER": self.settings.issuer,
            "KC_JWKS_URL": f"{self.settings.issuer}/protocol/openid-connect/certs",
            "KC_HOST": LOOPBACK,
            "KC_PORT": str(self.settings.ports[service]),
            **SECRETS,
            **changes,
        }
        return [word for name, value in told.items() for word in ("--env", f"{name}={value}")]

    @contextmanager
    def container(self, image: str, *words: str) -> Iterator[str]:
        """A container under our limits, removed at the end; its id."""
        started = self.engine.call("run", "--detach", "--network", "host", *LIMITS, *words, image)
        name = started.strip()
        try:
            yield name
        finally:
            self.engine.call("rm", "--force", name, check=False)

    def logs(self, name: str) -> str:
        """The last lines of a container."""
        return self.engine.call("logs", "--tail", "15", name, check=False)


def say(text: str) -> None:
    """One line of the protocol."""
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def expect(holds: bool, text: str, more: Callable[[], str] = str) -> None:
    """Say it, or end with it."""
    if not holds:
        raise ContainerError(f"NOT: {text}\n{more()}")
    say(text)


def until(holds: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Whether it comes true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def service_runs(proof: Proof, service: str, image: str) -> None:
    """Ready against real servers: not root, nothing to write to; it ends well."""
    migrated = proof.engine.call(
        *("run", "--rm", "--network", "host", *LIMITS, *proof.environment(service), image),
        *("python", "-m", "chassis.migrations", service),
        check=False,
    )
    expect("Traceback" not in migrated, f"{service}: its migrations run alone", lambda: migrated)
    told = proof.environment(service, KC_MIGRATE="false")
    url = f"http://{LOOPBACK}:{proof.settings.ports[service]}"
    began = time.monotonic()
    with proof.container(image, *told) as name:
        ready = until(lambda: answers(f"{url}/health/ready"))
        seconds = time.monotonic() - began
        expect(ready, f"{service}: ready after {seconds:.1f} s", lambda: proof.logs(name))
        state = "{{.State.Health.Status}}"
        healthy = until(
            lambda: proof.engine.call("inspect", "-f", state, name).strip() == "healthy"
        )
        expect(healthy, f"{service}: healthy for Docker")
        _is_confined(proof, service, name)
        proof.engine.call("stop", "--time", "20", name)
        code = proof.engine.call("inspect", "-f", "{{.State.ExitCode}}", name).strip()
        expect(code == "0", f"{service}: ended with {code} after SIGTERM", lambda: proof.logs(name))


def _is_confined(proof: Proof, service: str, name: str) -> None:
    def inside(*words: str) -> str:
        return proof.engine.call("exec", name, *words, check=False).strip()

    user = inside("id", "-u")
    expect(user == "10001", f"{service}: runs as user {user}")
    written = inside("touch", "/app/anything")
    expect("Read-only" in written, f"{service}: its root cannot be written")
    tools = inside("sh", "-c", "command -v gcc cc make pip uv node npm; echo .")
    expect(tools == ".", f"{service}: no compiler, pip, uv or node in the image", lambda: tools)
    grown = inside("python", "-c", "import importlib.util as u; print(u.find_spec('pytest'))")
    expect(grown == "None", f"{service}: nothing of the developers' packages")


def unsafe_is_refused(proof: Proof, service: str, image: str) -> None:
    """A container that listens to others and speaks in the open does not start."""
    told = proof.environment(service, KC_HOST="0.0.0.0", KC_KAFKA="kafka.example:9092")
    said = proof.engine.call("run", "--rm", *LIMITS, *told, image, check=False)
    expect(
        "KC_KAFKA leads to kafka.example without encryption" in said and "Traceback" not in said,
        f"{service}: an open line to Kafka is refused in one sentence",
        lambda: said,
    )


def testcontainers_run(proof: Proof, image: str) -> None:
    """The library that tests use finds the engine, the image and a published port."""
    script = ROOT / "deploy" / "containers" / "borrowed.py"
    command = [sys.executable, str(script), image]
    environment = {
        **proof.engine.environment,
        "TESTCONTAINERS_RYUK_DISABLED": "true",
        "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
        "TC_HOST": LOOPBACK,
    }
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    expect(done.returncode == 0, "testcontainers: alive on a published port", lambda: done.stderr)


def compose_is_understood(proof: Proof) -> None:
    """`docker-compose config` resolves the file with passwords made for it."""
    if shutil.which("docker-compose") is None:
        say("docker-compose is not here: apt install docker-compose")
        return
    told = proof.engine.folder / "compose.env"
    told.write_text(passwords.completed(""))
    file = ROOT / "deploy" / "compose.yaml"
    command = ["docker-compose", "--env-file", str(told), "-f", str(file), "config"]
    resolved = proof.engine.run(command)
    expect("kommunalcampus/catalog:0.1.0" in resolved, "docker-compose understands compose.yaml")
    told.write_text("PUBLIC_URL=http://127.0.0.1:8080\n")
    refused = proof.engine.run(command, check=False)
    expect("PASSWORD" in refused and "services:" not in refused, "and refuses it without passwords")


def whole_platform_runs(proof: Proof) -> None:
    """`compose.yaml` from nothing: everything gets healthy, and a request goes all the way."""
    began = time.monotonic()
    for image in substitutes.make(proof.engine, proof.settings, composed.FILE):
        say(f"{image}: a stand-in")
    say(f"stand-ins after {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    with composed.running(proof.engine, proof.settings) as told:

        def all_well() -> bool:
            return set(composed.states(proof.engine).values()) == {"healthy"}

        well = until(all_well, WHOLE_SECONDS)
        count, seconds = len(composed.states(proof.engine)), time.monotonic() - began
        expect(
            well,
            f"compose.yaml: {count} containers are healthy after {seconds:.0f} s",
            lambda: str(composed.states(proof.engine)),
        )
        status = composed.as_demo_user(told)
        expect(status == 200, f"compose.yaml: a demo user's search through the gateway: {status}")
        page = composed.page(told)
        shown = page.status_code == 200 and "<html" in page.text
        expect(
            shown, f"compose.yaml: the portal's catalogue: {page.status_code}", lambda: page.text
        )


def prove(services: Sequence[str], run: Path, whole: bool) -> None:
    """All checks."""
    settings = Settings.for_tests("containers", KC_DURABLE="1")
    stack = Stack(settings, {"postgres", "kafka"})
    with engine.running(run) as docker:
        proof = Proof(docker, settings)
        engine.make_base(docker)
        say(f"base image {engine.BASE} out of Debian packages")
        images = {}
        for service in services:
            began = time.monotonic()
            images[service] = engine.build(docker, ROOT, service)
            size = json.loads(docker.call("inspect", images[service]))[0]["Size"] / 1e6
            say(f"{images[service]}: {size:.0f} MB, built in {time.monotonic() - began:.0f} s")
        compose_is_understood(proof)
        if whole:
            whole_platform_runs(proof)
        broker.starts(docker, settings)
        say("kafka: deploy/kafka/start.sh makes a broker on a read-only root, not as root")
        try:
            stack.up()
            for service, image in images.items():
                service_runs(proof, service, image)
                unsafe_is_refused(proof, service, image)
            testcontainers_run(proof, images[services[0]])
        finally:
            stack.clean()


def main() -> int:
    """Prove it; 0 if all held."""
    known = sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="*", default=["catalog"], help=f"of {', '.join(known)}")
    parser.add_argument("--whole", action="store_true", help="all, and compose.yaml as a whole")
    options = parser.parse_args()
    chosen = known if options.whole else options.services
    if unknown := sorted(set(chosen) - set(known)):
        sys.stderr.write(f"There is no service called {', '.join(unknown)}.\n")
        return 1
    if problems := engine.problems():
        sys.stderr.write("".join(f"Problem: {problem}\n" for problem in problems))
        return 1
    try:
        prove(chosen, ROOT / ".run" / "containers", options.whole)
    except ContainerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
