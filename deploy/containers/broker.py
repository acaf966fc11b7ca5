"""Kafka in a container without its official image: our start script, and Kafka's own jars.

The script (`deploy/kafka/start.sh`) and its settings are those of `compose.yaml`. What the image
`apache/kafka` brings (a Java, the jars, two scripts) is mounted from what the local run fetched.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from deploy.containers.engine import BASE, ContainerError, Engine
from deploy.local import fetch
from deploy.local.environment import java
from deploy.local.kafka import COMMON, living_brokers
from deploy.local.settings import LOOPBACK, Settings

SECONDS = 120
JAVA = "/opt/java"
SCRIPTS = {
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-server-start.sh": "kafka.Kafka",
}


def starts(engine: Engine, settings: Settings) -> None:
    """A broker comes up under the limits of `compose.yaml`. ContainerError if it does not."""
    jars = _readable(fetch.unpack(settings, "kafka"), engine.folder / "kafka-libs")
    started = engine.call(
        *("run", "--detach", "--read-only", "--cap-drop", "ALL", "--user", "1000:1000"),
        *("--security-opt", "no-new-privileges", "--memory", "1g", "--pids-limit", "512"),
        *("--tmpfs", "/tmp:size=64m,mode=1777"),  # noqa: S108
        *("--tmpfs", "/var/lib/kafka/data:size=512m,mode=0700,uid=1000,gid=1000"),
        *("--env", f"KAFKA_HOST={LOOPBACK}", "--env", "KAFKA_HEAP_OPTS=-Xms96m -Xmx256m"),
        *("--volume", f"{Path(java()).parents[1]}:{JAVA}:ro"),
        *("--volume", f"{jars}:/opt/kafka/libs:ro"),
        *("--volume", f"{scripts(engine.folder)}:/opt/kafka/bin:ro"),
        *("--volume", f"{COMMON}:/etc/kafka-campus:ro"),
        *("--publish", f"{LOOPBACK}:{settings.ports['kafka']}:9092"),
        *(BASE, "/bin/sh", "/etc/kafka-campus/start.sh"),
    )
    name = started.strip()
    try:
        deadline = time.monotonic() + SECONDS
        while living_brokers(settings.address("kafka")) == 0:
            ended = engine.call("inspect", "-f", "{{.State.Running}}", name).strip() != "true"
            if ended or time.monotonic() > deadline:
                raise ContainerError(engine.call("logs", "--tail", "25", name, check=False))
            time.sleep(0.2)
        probe = ("/bin/bash", "-c", f": > /dev/tcp/{LOOPBACK}/9092")
        engine.call("exec", name, *probe)
    finally:
        engine.call("rm", "--force", name, check=False)


def _readable(source: Path, target: Path) -> Path:
    """A copy that the user of the container may read; the cache is its owner's alone."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o755)
    for jar in source.glob("*.jar"):
        shutil.copyfile(jar, target / jar.name)
        (target / jar.name).chmod(0o644)
    return target


def scripts(folder: Path) -> Path:
    """The two scripts of Kafka's distribution that `start.sh` calls."""
    scripts = folder / "kafka-bin"
    scripts.mkdir(exist_ok=True)
    for script, entry in SCRIPTS.items():
        path = scripts / script
        path.write_text(
            "#!/bin/sh\n"
            f"exec {JAVA}/bin/java $KAFKA_HEAP_OPTS $KAFKA_LOG4J_OPTS "
            f"-cp '/opt/kafka/libs/*' {entry} \"$@\"\n"
        )
        path.chmod(0o755)
    return scripts
