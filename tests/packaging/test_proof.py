"""The proof in containers needs an engine; that it says so, and what it starts, needs none."""

import os
import shutil
import subprocess
import sys

import pytest
import yaml

from deploy import variables
from deploy.containers import composed, engine, prove, substitutes
from deploy.local.artifacts import group


def test_what_is_missing_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "platform", "linux")
    root, programs = engine.problems()
    assert "needs root" in root
    assert "apt install docker.io iptables mmdebstrap" in programs


def test_a_service_that_does_not_exist_is_named() -> None:
    command = [sys.executable, "-m", "deploy.containers.prove", "catalogue"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "There is no service called catalogue." in done.stderr


def test_a_check_that_does_not_hold_ends_the_proof(capsys: pytest.CaptureFixture[str]) -> None:
    prove.expect(True, "it holds")
    assert "it holds" in capsys.readouterr().out
    with pytest.raises(engine.ContainerError, match="NOT: it holds\nthe last words"):
        prove.expect(False, "it holds", lambda: "the last words")


def test_every_official_image_has_a_stand_in_or_is_left_out() -> None:
    services = yaml.safe_load(composed.FILE.read_text("utf-8"))["services"]
    official = {name for name, one in services.items() if "kommunalcampus/" not in one["image"]}
    described = {path.stem for path in substitutes.HERE.glob("*.Dockerfile")}
    assert official - {"gateway"} - substitutes.LEFT_OUT == described - {"traefik", "keycloak"}
    identity = (variables.ROOT / "deploy/identity/Dockerfile").read_text("utf-8")
    assert f"FROM {substitutes.IDENTITY}:{group('keycloak').version}" in identity


def test_the_limits_of_the_proof_are_those_of_the_file() -> None:
    catalog = yaml.safe_load(composed.FILE.read_text("utf-8"))["services"]["catalog"]
    limits = " ".join(prove.LIMITS)
    assert catalog["read_only"] is True
    assert "--read-only" in limits
    assert f"--memory {catalog['mem_limit']} --pids-limit {catalog['pids_limit']}" in limits
    assert f"--tmpfs {catalog['tmpfs'][0]}" in limits
    assert f"--cap-drop {catalog['cap_drop'][0]}" in limits
    assert "--security-opt no-new-privileges" in limits
