"""The rules do what their tests say, and every alert has a test and a page that helps."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from portal.pages import operations

from deploy.local.prometheus import SOURCE, configuration, obtain, tool
from deploy.local.settings import ROOT, Settings

TESTS = sorted((SOURCE / "tests").glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
CHAPTERS = (
    "## What it means",
    "## Look at first",
    "## What to do",
    "## How to see that it is over",
)


@pytest.fixture(scope="module")
def promtool() -> Path:
    """The checker of Prometheus; fetched where the machine has none (needs Debian or Ubuntu)."""
    settings = Settings.from_env()
    settings.run.mkdir(parents=True, exist_ok=True)
    obtain(settings)
    return tool(settings, "promtool")


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    groups = yaml.safe_load((SOURCE / "rules" / "alerts.yml").read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def run(promtool: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the checker says."""
    return subprocess.run(
        [str(promtool), *words], capture_output=True, text=True, check=False, cwd=SOURCE
    )


def test_configuration_and_rules_are_valid(promtool: Path) -> None:
    said = run(promtool, "check", "config", "prometheus.yml")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "alerts.yml" in said.stdout


def test_every_job_has_an_address_in_a_local_copy() -> None:
    here = configuration(Settings.from_env({"KC_DASHBOARDS": "1"}))
    targets = {j["job_name"]: j["static_configs"][0]["targets"] for j in here["scrape_configs"]}
    assert targets["enrolment"] == ["127.0.0.1:8123"]
    assert all(targets.values())


@pytest.mark.parametrize("file", TESTS, ids=lambda path: str(path.stem))
def test_the_rules_pass_their_tests(promtool: Path, file: Path) -> None:
    said = run(promtool, "test", "rules", f"tests/{file.name}")
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_rule_that_is_wrong_fails_its_test(promtool: Path, tmp_path: Path) -> None:
    for folder in ("rules", "tests"):
        (tmp_path / folder).mkdir()
        for path in (SOURCE / folder).glob("*.yml"):
            text = path.read_text("utf-8").replace(
                "success:ratio_rate2m < 0.82", "success:ratio_rate2m < 0.5"
            )
            (tmp_path / folder / path.name).write_text(text, "utf-8")
    said = run(promtool, "test", "rules", str(tmp_path / "tests" / "people.yml"))
    assert said.returncode != 0
    assert "BookingsFailing" in said.stdout + said.stderr


def test_every_alert_is_seen_firing_and_seen_silent() -> None:
    firing: set[str] = set()
    silent: set[str] = set()
    for path in TESTS:
        for test in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            for case in test.get("alert_rule_test", []):
                (firing if case["exp_alerts"] else silent).add(case["alertname"])
    assert firing == silent == set(alerts())


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == set(alerts())
    for name, rule in alerts().items():
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{name}.md"
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_dashboards_and_the_page_of_operations_ask_only_for_what_is_recorded() -> None:
    recorded = re.findall(r"record: (kc:\S+)", (SOURCE / "rules" / "recording.yml").read_text())
    places = (ROOT / "deploy" / "grafana", ROOT / "services" / "portal" / "portal", SOURCE)
    asked: set[str] = set()
    for path in (path for place in places for path in place.rglob("*.*")):
        if path.suffix in {".py", ".yml"} and "tests" not in path.parts:
            text = re.sub(r"record: \S+", "", path.read_text("utf-8"))
            asked |= set(re.findall(r"kc:[a-z0-9_]+:[a-z0-9_]+", text))
    assert len(set(recorded)) == len(recorded) > 20
    assert asked == set(recorded), "asked for and not recorded, or recorded for nobody"


def test_the_page_of_operations_has_words_for_every_alert() -> None:
    assert set(operations.ALERTS) == set(alerts())


def test_the_pages_name_only_commands_that_there_are() -> None:
    known = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    for path in RUNBOOKS.glob("*.md"):
        asked = set(re.findall(r"(?m)(?:^|`)make ([a-z-]+)", path.read_text("utf-8")))
        assert asked <= known, path.name


@pytest.mark.parametrize("name", sorted(alerts()))
def test_a_page_says_what_it_means_what_to_look_at_what_to_do_and_when_it_is_over(
    name: str,
) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text("utf-8")
    assert text.startswith(f"# {name}\n")
    places = [text.index(chapter) for chapter in CHAPTERS]
    assert places == sorted(places)
    assert "(README.md)" in text[: places[0]], "where the commands are found for other places"
    looking = text[places[1] : places[2]]
    assert "```sh" in looking, "what to look at first is a command"
