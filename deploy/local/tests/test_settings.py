"""Folders and ports of one copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.settings import ROOT, Settings


def test_the_first_copy_has_the_published_ports() -> None:
    settings = Settings.from_env({})
    assert settings.url("gateway") == "http://127.0.0.1:8080"
    assert settings.address("kafka") == "127.0.0.1:9092"
    assert settings.address("smtp") == "127.0.0.1:1025"
    assert settings.run == ROOT / ".run"


def test_the_offset_moves_every_port_of_a_copy() -> None:
    moved = Settings.from_env({"KC_PORT_OFFSET": "1100"}).ports
    assert moved == {name: port + 1100 for name, port in ports.BASE.items()}


def test_a_single_port_can_be_set_and_is_not_moved() -> None:
    settings = Settings.from_env({"KC_PORT_OFFSET": "10", "KC_KAFKA_PORT": "19092"})
    assert settings.ports["kafka"] == 19092
    assert settings.ports["gateway"] == 8090


def test_the_state_folder_is_absolute_wherever_the_command_is_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_env({"KC_RUN": ".run/second"}).run == ROOT / ".run" / "second"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"KC_PORT_OFFSET": "ten"}, "KC_PORT_OFFSET='ten' is not a whole number"),
        ({"KC_PORT_OFFSET": "-1"}, "not a whole number"),
        ({"KC_PORT_OFFSET": "²"}, "not a whole number"),
        ({"KC_PORT_OFFSET": "60000"}, "port 68080, which does not exist"),
        ({"KC_KAFKA_PORT": "8080"}, "would both listen on port 8080"),
        ({"KC_GATEWAY_PORT": "0"}, "port 0, which does not exist"),
        ({"KC_REPLICAS": "many"}, "KC_REPLICAS='many'"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("²", ".")):
        Settings.from_env(environment)


def test_two_test_runs_do_not_share_a_port() -> None:
    one, other = Settings.for_tests("one"), Settings.for_tests("other")
    assert not set(one.ports.values()) & set(other.ports.values())
    assert one.run != other.run
