"""A real Prometheus with a week behind it: the figures are told by this process (`history`)."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.local import prometheus
from deploy.local.client import until
from deploy.local.environment import MARK
from deploy.local.settings import LOOPBACK, ROOT, Settings
from tests.browser import history

EVERY = 120.0  # seconds between two values of the week: rates over 5 minutes need two of them
SWITCH = "kc_switch"
FIRING = {"ConsumerLagging": "notifications", "PricesPending": ""}
"""Alerts that can be made to fire, and the service that they are about."""


@dataclass
class Measured:
    """The running Prometheus."""

    url: str
    stories: Sequence[history.Story]
    alarmed: list[bool] = field(default_factory=lambda: [False])

    def exposed(self, at: float) -> str:
        """What is scraped."""
        lines = [story.line(at) for story in self.stories]
        return "\n".join([*lines, f"{SWITCH} {int(self.alarmed[0])}", ""])

    def alarm(self, wanted: bool) -> None:
        """Let the alerts fire, or be over."""
        self.alarmed[0] = wanted
        count = len(FIRING) if wanted else 0
        until(lambda: len(self._alerts()) == count, 60, f"{count} alerts")

    def _alerts(self) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/alerts", timeout=10, trust_env=False)
        return answer.json()["data"]["alerts"]


@contextmanager
def running(settings: Settings) -> Iterator[Measured]:
    """Prometheus with a week of figures, in a folder of its own."""
    prometheus.obtain(settings)
    home = ROOT / ".run" / f"test-measured-{os.getpid()}"  # swept if this process is killed
    home.mkdir(parents=True)
    address, now = f"{LOOPBACK}:{_free_port()}", time.time()
    found = Measured(f"http://{address}", history.week(now))
    _remember(settings, home, found, now)
    try:
        with _told(found) as target:
            _configure(home, target)
            command = [
                str(prometheus.tool(settings, "prometheus")),
                f"--config.file={home / 'prometheus.yml'}",
                f"--storage.tsdb.path={home / 'data'}",
                f"--web.listen-address={address}",
            ]
            with _process(home, command):
                until(lambda: _settled(found), 60, "the figures")
                yield found
    finally:
        shutil.rmtree(home)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _remember(settings: Settings, home: Path, found: Measured, now: float) -> None:
    """Write the week up to now into the data that Prometheus will find."""
    times = [now - 7 * history.DAY + n * EVERY for n in range(int(7 * history.DAY / EVERY) + 1)]
    text = home / "week.txt"
    with text.open("w", encoding="utf-8") as file:
        for story in sorted(found.stories, key=lambda each: each.name):
            file.writelines(f"{story.line(at)} {at:.3f}\n" for at in times)
        file.write("# EOF\n")
    tool = [str(prometheus.tool(settings, "promtool")), "tsdb", "create-blocks-from", "-q"]
    wide = ["--max-block-duration=48h", "openmetrics", str(text), str(home / "data")]
    subprocess.run([*tool, *wide], check=True, capture_output=True, timeout=120)


@contextmanager
def _told(found: Measured) -> Iterator[str]:
    """The address where the figures of now are."""

    class Told(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(found.exposed(time.time()).encode())

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Told)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _configure(home: Path, target: str) -> None:
    """One target that tells for all; figures that rules record have no job and no instance."""
    bare = [
        {"source_labels": ["__name__"], "regex": "kc.*", "target_label": label, "replacement": ""}
        for label in ("job", "instance")
    ]
    scraped = {
        "job_name": "prometheus",
        "honor_labels": True,
        "static_configs": [{"targets": [target]}],
        "metric_relabel_configs": bare,
    }
    every = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"}
    rules = {"groups": [{"name": "switched", "rules": _rules()}]}
    (home / "rules.yml").write_text(json.dumps(rules), "utf-8")  # is YAML, too
    whole = {"global": every, "rule_files": ["rules.yml"], "scrape_configs": [scraped]}
    (home / "prometheus.yml").write_text(json.dumps(whole), "utf-8")


def _rules() -> list[dict[str, Any]]:
    """The committed alerts with their words; that they fire is decided here."""
    text = (prometheus.SOURCE / "rules" / "alerts.yml").read_text("utf-8")
    known = {rule["alert"]: rule for g in yaml.safe_load(text)["groups"] for rule in g["rules"]}
    return [
        {
            "alert": name,
            "expr": f"{SWITCH} == 1",
            "labels": {**known[name]["labels"], **({"service": service} if service else {})},
            "annotations": {**known[name]["annotations"], "summary": name},
        }
        for name, service in FIRING.items()
    ]


@contextmanager
def _process(home: Path, command: Sequence[str]) -> Iterator[None]:
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={"PATH": "", MARK: str(home), "GOGC": "50"}
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _settled(found: Measured) -> bool:
    """Whether it answers, with what is told now."""
    try:
        asked = {"query": SWITCH}
        answer = httpx.get(f"{found.url}/api/v1/query", params=asked, timeout=5, trust_env=False)
        return bool(answer.is_success and answer.json()["data"]["result"])
    except httpx.HTTPError:
        return False
