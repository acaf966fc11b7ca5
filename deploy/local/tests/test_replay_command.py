"""`make replay` before it asks anybody: what it needs to be told."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import environment, replay, testports
from deploy.local.settings import ROOT, Settings


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Which topic?"),
        (["catalog.runs"], "Why?"),
        (["catalog.runs", "--reason", ""], "Why?"),
        (["catalog.runs", "--reason", "fixed", "--per-minute", "0"], "Which topic?"),
    ],
)
def test_a_replay_without_topic_or_reason_asks_for_it(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay.main(words) == 1
    assert said in capsys.readouterr().err


def test_a_reason_or_a_dry_run_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    wishes: list[replay.Wish] = []

    def wished(_: object, wish: replay.Wish) -> int:
        wishes.append(wish)
        return 0

    monkeypatch.setattr(replay, "replay", wished)
    assert replay.main(["catalog.runs", "--dry-run"]) == 0
    assert replay.main(["catalog.runs", "--reason", "fixed in 1.4"]) == 0
    assert [(wish.reason, wish.dry_run) for wish in wishes] == [
        ("dry run", True),
        ("fixed in 1.4", False),
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["replay", "catalog.runs", "--dry-run"],
        ["dead-letters"],
        ["token", "otto.ops"],
    ],
)
def test_a_platform_that_is_down_is_told_in_one_sentence(words: list[str], tmp_path: Path) -> None:
    there = {"KC_RUN": str(tmp_path), "KC_PORT_OFFSET": str(testports.reserve())}
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.local", *words],
        env={**environment.clean(Settings.from_env()), **there},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "make up" in ended.stderr
    assert "Traceback" not in ended.stderr
