"""Prometheus of a copy (`make up dashboards=1`): asks every part for its figures, judges alerts.

Its configuration is `deploy/prometheus/`, the same as beside containers. Here only the addresses
are replaced. The program is that of the machine, else Debian's package, unpacked into the cache:
nothing is installed, so nobody has to be root and no second Prometheus is started.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import yaml

from deploy.local.environment import SYSTEM_PATH, ToolError, run
from deploy.local.parts import Part, answers
from deploy.local.ports import PORTAL, REPLICA_STEP, SERVICES
from deploy.local.progress import say
from deploy.local.settings import LOOPBACK, ROOT, Settings

SOURCE = ROOT / "deploy" / "prometheus"
ADDRESSES = ("dns_sd_configs", "static_configs")
KEPT = "15d"
HOW_TO_GET = (
    "Prometheus is not on this machine. Install `prometheus` and `promtool` so that both are "
    "found on PATH (macOS: brew install prometheus); on Debian and Ubuntu they come by themselves."
)


def parts(settings: Settings) -> list[Part]:
    """The one server, where dashboards are wanted."""
    return [_part(settings)] if settings.dashboards else []


def _part(settings: Settings) -> Part:
    home, url = settings.run / "prometheus", settings.url("prometheus")
    return Part(
        name="prometheus",
        command=[
            str(tool(settings, "prometheus")),
            f"--config.file={home / 'prometheus.yml'}",
            f"--storage.tsdb.path={home / 'data'}",
            f"--storage.tsdb.retention.time={KEPT}",
            f"--web.listen-address={settings.address('prometheus')}",
            f"--web.external-url={url}",
        ],
        env={"KC_SOURCE": _fingerprint(settings), "GOGC": "50"},
        ready=lambda: answers(f"{url}/-/ready"),
        prepare=lambda: _prepare(settings),
        addresses={"Prometheus": url},
    )


def _prepare(settings: Settings) -> None:
    obtain(settings)
    home = settings.run / "prometheus"
    home.mkdir(parents=True, exist_ok=True)
    new = home / "prometheus.new"
    new.write_text(json.dumps(configuration(settings), indent=1), encoding="utf-8")  # is YAML, too
    new.replace(home / "prometheus.yml")


def configuration(settings: Settings) -> dict[str, Any]:
    """The committed configuration with the addresses of this copy."""
    text = (SOURCE / "prometheus.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    here = _targets(settings)
    for job in found["scrape_configs"]:
        for name in ADDRESSES:
            job.pop(name, None)
        job["static_configs"] = [{"targets": here[job["job_name"]]}]
    found["rule_files"] = [str(SOURCE / "rules" / "*.yml")]
    if every := settings.extra.get("KC_SCRAPE_SECONDS"):
        found["global"] |= {
            "scrape_interval": f"{int(every)}s",
            "scrape_timeout": f"{min(5, int(every))}s",
            "evaluation_interval": f"{int(every)}s",
        }
    return found


def _targets(settings: Settings) -> dict[str, list[str]]:
    replicated = {
        service: [
            f"{LOOPBACK}:{settings.ports[service] + replica * REPLICA_STEP}"
            for replica in range(settings.replicas)
        ]
        for service in (*SERVICES, PORTAL)
    }
    single = {
        "gateway": [settings.address("gateway_ping")],
        "synthetic": [settings.address("synthetic")],
        "prometheus": [settings.address("prometheus")],
    }
    return replicated | single


def _fingerprint(settings: Settings) -> str:
    """Changes with rules and addresses: `make up` then starts it anew."""
    digest = hashlib.sha256(json.dumps(configuration(settings)).encode())
    for path in sorted((SOURCE / "rules").glob("*.yml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def tool(settings: Settings, name: str) -> Path:
    """`prometheus` or `promtool`: that of the machine, else where `obtain` unpacks it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")
    return Path(found) if found else _unpacked(settings) / "usr" / "bin" / name


def _unpacked(settings: Settings) -> Path:
    return settings.cache / "prometheus-debian"


def obtain(settings: Settings) -> None:
    """Make sure that both programs are there. ToolError says how to get them where they are not."""
    wanted = [tool(settings, name) for name in ("prometheus", "promtool")]
    if all(path.exists() for path in wanted):
        return
    apt, dpkg = (shutil.which(name, path=SYSTEM_PATH) for name in ("apt-get", "dpkg-deb"))
    if apt is None or dpkg is None:
        raise ToolError(HOW_TO_GET)
    folder = _unpacked(settings)
    settings.cache.mkdir(parents=True, exist_ok=True)
    with (settings.cache / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _unpack(settings, apt, dpkg, folder)


def _unpack(settings: Settings, apt: str, dpkg: str, folder: Path) -> None:
    """apt checks its own signatures; its lists and files are kept apart from the system's."""
    say("  fetching Debian's package of Prometheus")
    work, new = folder.with_name(".prometheus-apt"), folder.with_name(".prometheus-new")
    for old in (work, new):
        shutil.rmtree(old, ignore_errors=True)
    for inner in ("lists/partial", "cache/archives/partial", "deb"):
        (work / inner).mkdir(parents=True)
    options = {
        "Dir::State::lists": f"{work}/lists",
        "Dir::Cache": f"{work}/cache",
        "APT::Sandbox::User": "root",  # another one could not write here
        "Acquire::Languages": "none",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    run(settings, [apt, *words, "-qq", "update"], cwd=work)
    run(settings, [apt, *words, "-qq", "download", "prometheus"], cwd=work / "deb")
    package = next((work / "deb").glob("prometheus_*.deb"))
    run(settings, [dpkg, "-x", str(package), str(new)], cwd=work)
    new.replace(folder)
    shutil.rmtree(work)
