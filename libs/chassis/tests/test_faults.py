"""The places where a process dies for a test: once, only there, and only the one that was meant."""

import os
import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = "import sys; from chassis import faults; [faults.point(name) for name in sys.argv[1:]]"


def passes(folder: Path, *places: str, service: str = "enrolment", fault: str = "") -> int:
    """How a process ends that passes these places (negative: by this signal)."""
    env = {**os.environ, "KC_FAULTS_DIR": str(folder), "KC_SERVICE": service, "KC_FAULT": fault}
    done = subprocess.run([sys.executable, "-c", PROGRAM, *places], env=env, check=False)
    return done.returncode


def left(folder: Path) -> list[str]:
    """What stands in the folder, without pids."""
    return sorted(path.name.rstrip("0123456789") for path in folder.iterdir())


def test_an_armed_place_kills_the_first_who_comes_by_and_nobody_after(tmp_path: Path) -> None:
    (tmp_path / "enrolment.relay.after_publish").touch()
    assert passes(tmp_path, "relay.after_publish") == -signal.SIGKILL
    assert left(tmp_path) == ["enrolment.relay.after_publish."]
    assert passes(tmp_path, "relay.after_publish") == 0


def test_neither_another_service_nor_another_place_is_hit(tmp_path: Path) -> None:
    (tmp_path / "enrolment.relay.after_publish").touch()
    assert passes(tmp_path, "relay.after_publish", service="catalog") == 0
    assert passes(tmp_path, "delivery.after_handle") == 0
    assert left(tmp_path) == ["enrolment.relay.after_publish"]


def test_the_signal_stands_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "enrolment.delivery.before_mark").write_text(str(int(signal.SIGTERM)))
    assert passes(tmp_path, "delivery.before_mark") == -signal.SIGTERM


def test_a_place_can_be_named_with_a_count(tmp_path: Path) -> None:
    twice = "mail.after_answer:2"
    assert passes(tmp_path, "mail.after_answer", fault=twice) == 0
    assert passes(tmp_path, "mail.after_answer", "mail.after_answer", fault=twice) == 137
