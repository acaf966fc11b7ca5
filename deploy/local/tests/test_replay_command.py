"""`make replay`: what it needs to be told, and in which parts it asks a service."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import httpx
import pytest

from deploy.local import environment, replay, testports
from deploy.local.client import RefusedError
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


class Service:
    """Stands for the gateway: enrolment has set messages of some keys aside."""

    def __init__(self, keys: int, *answers: Any) -> None:
        one = {"reason": "invalid", "detail": "", "topic": "catalog.runs"}
        self.items = [{**one, "id": f"id-{n}", "key": f"key-{n}"} for n in range(keys)]
        self.items.append({**one, "id": "parked", "key": "key-0"})
        self.asked: list[list[str]] = []
        self._answers = list(answers)
        """What it says first: an outcome for all that it is asked, or an error."""

    def __call__(self, *_: object) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""

    def get(self, path: str) -> dict[str, Any]:
        """A list of messages, all on one page."""
        mine = path.startswith("/api/enrolment/")
        return {"items": self.items if mine else [], "next_cursor": None}

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Put some back."""
        assert path == "/api/enrolment/dead-letters/replay"
        self.asked.append(body["ids"])
        answer = self._answers.pop(0) if self._answers else ("handled", None)
        if isinstance(answer, Exception):
            raise answer
        outcome, error = answer
        results = [{"ids": [id_], "outcome": outcome, "error": error} for id_ in body["ids"]]
        return {"dry_run": False, "results": results}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it waited, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr(replay, "time", SimpleNamespace(sleep=waited.append))
    return waited


def run(service: Service, monkeypatch: pytest.MonkeyPatch, **more: Any) -> int:
    """Put a topic back."""
    monkeypatch.setattr(replay, "Client", service)
    return replay.replay(Settings.from_env({}), replay.Wish("catalog.runs", "fixed", **more))


def test_many_keys_go_in_parts_at_the_pace_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service(120)
    assert run(service, monkeypatch, per_minute=6000) == 0
    assert [len(ids) for ids in service.asked] == [50, 50, 20]
    assert "parked" not in {id_ for ids in service.asked for id_ in ids}
    assert sum(pauses) == pytest.approx(1.2)
    assert capsys.readouterr().out.count(": handled") == 120
    slow = Service(3)
    assert run(slow, monkeypatch, per_minute=60) == 0
    assert [len(ids) for ids in slow.asked] == [1, 1, 1]


def test_what_was_not_tried_is_asked_for_again_and_what_fails_is_not(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    fast = RefusedError(httpx.Response(429, json={"code": "too-many-replays"}))
    service = Service(2, fast, ("not-tried", None), ("failed", "KeyError"))
    assert run(service, monkeypatch) == 1
    assert service.asked == [["id-0", "id-1"]] * 3
    assert pauses[:2] == [replay.PAUSE, replay.PAUSE]
    said = capsys.readouterr().out
    assert said.count("not handled (invalid: ; KeyError)") == 2
    assert "2 keys are still set aside." in said
    never = Service(1, *[("not-tried", None)] * 100)
    with pytest.raises(TimeoutError):
        run(never, monkeypatch)
