"""Secrets by file: a folder of files called like variables, as engines and clusters mount them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from chassis import safety
from chassis.settings import ServiceSettings
from pydantic_settings import SettingsError

URL = "postgresql+asyncpg://catalog:%s@127.0.0.1/catalog"
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Makes the folder as Kubernetes does, names behind a link, and names it."""
    for name in ("ISSUER", "JWKS_URL"):
        monkeypatch.setenv(f"KC_{name}", "http://127.0.0.1:8164")

    def made(**files: str) -> Path:
        (tmp_path / "..data").mkdir()
        for name, text in files.items():
            (tmp_path / "..data" / name).write_text(text, "utf-8")
            (tmp_path / name).symlink_to(Path("..data") / name)
        monkeypatch.setenv("KC_SECRETS_DIR", str(tmp_path))
        return tmp_path

    return made


def test_what_is_secret_comes_from_a_file_and_is_not_shown(folder: Folder) -> None:
    folder(KC_DATABASE_URL=f"{URL % 'of-the-file'}\n", KC_KAFKA_PASSWORD="k4fka")
    settings = ServiceSettings()
    assert settings.database_url == URL % "of-the-file"
    assert settings.kafka_password == "k4fka"
    assert "of-the-file" not in repr(settings)


def test_a_variable_counts_more_than_a_file(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(KC_DATABASE_URL=URL % "of-the-file")
    monkeypatch.setenv("KC_DATABASE_URL", URL % "of-the-variable")
    assert ServiceSettings().database_url == URL % "of-the-variable"


def test_a_file_is_judged_like_a_variable(folder: Folder) -> None:
    folder(KC_DATABASE_URL="postgresql+asyncpg://catalog:catalog@db.example/catalog?ssl=require")
    with pytest.raises(SystemExit, match="has a password that everybody knows"):
        safety.checked(ServiceSettings)


def test_a_folder_that_is_not_there_is_told(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KC_SECRETS_DIR", str(folder() / "none"))
    with pytest.raises(SettingsError):
        ServiceSettings()
    with pytest.raises(SystemExit, match=r"KC_SECRETS_DIR is .*none, and there is no such folder"):
        safety.checked(ServiceSettings)
