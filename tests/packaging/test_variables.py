"""`deploy/env.example` tells every variable of every service, and is not old."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy import variables


class Sample(BaseSettings):
    """Settings of a service that does not exist."""

    model_config = SettingsConfigDict(env_prefix="KC_")

    address: str = Field(description="Where it is")
    wait_ms: int = Field(20, ge=1, le=200, description="How long it waits.")
    places: list[str] = Field([], description="Places")
    loud: bool = Field(False, description="Whether it is loud")


def test_the_committed_file_is_what_the_classes_say() -> None:
    assert variables.FILE.read_text("utf-8") == variables.everything(), "run `make specs`"


def test_a_variable_is_told_with_meaning_unit_bounds_and_default() -> None:
    written = variables.document({"sample": Sample})
    assert "\n# Where it is.\n# (text)\nKC_ADDRESS=\n" in written
    assert "# How long it waits.\n# (milliseconds, at least 1, at most 200)\n#KC_WAIT_MS=20\n" in (
        written
    )
    assert "# (JSON)\n#KC_PLACES=[]\n" in written
    assert "# (true or false)\n#KC_LOUD=false\n" in written


def test_every_variable_of_every_service_has_a_meaning() -> None:
    for service, settings in variables.settings_classes().items():
        for variable in variables.variables(settings).values():
            assert len(variable.meaning) > 8, f"{service}: {variable.name}"


def test_every_service_is_there() -> None:
    there = {path.parent.name for path in Path(variables.ROOT).glob("services/*/pyproject.toml")}
    assert set(variables.settings_classes()) == there
