"""Schemas, examples and the page of topics are what the classes say, and stay compatible."""

import json
from pathlib import Path

import pytest
from contracts import schemas
from contracts.base import EVENTS
from contracts.compatibility import breaks
from contracts.schemas import EXAMPLES, SCHEMAS, broken_promises, committed, schema_of, stale
from contracts.topics import TOPICS
from jsonschema import Draft202012Validator, FormatChecker

TYPES = sorted(EVENTS)


def test_every_event_has_a_schema_and_an_example_and_the_other_way_round() -> None:
    assert sorted(committed(SCHEMAS)) == TYPES
    assert sorted(committed(EXAMPLES)) == TYPES


@pytest.mark.parametrize("name", TYPES)
def test_the_example_is_right_for_the_class_and_for_the_schema(name: str) -> None:
    raw = (EXAMPLES / f"{name}.json").read_bytes()
    EVENTS[name].model_validate_json(raw)
    schema = committed(SCHEMAS)[name]
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(json.loads(raw))] == []


@pytest.mark.parametrize("name", TYPES)
def test_what_we_write_is_right_for_the_schema(name: str) -> None:
    event = EVENTS[name].model_validate_json((EXAMPLES / f"{name}.json").read_bytes())
    written = json.loads(event.model_dump_json())
    validator = Draft202012Validator(committed(SCHEMAS)[name], format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(written)] == []
    assert EVENTS[name].model_validate_json(json.dumps(written)) == event


def test_generated_files_are_up_to_date() -> None:
    assert [path.name for path in stale()] == [], "run `make specs`"


def test_no_change_breaks_a_committed_schema() -> None:
    assert broken_promises() == []


def _tampered(folder: Path, name: str, **fields: object) -> None:
    """As if the committed schema had these fields too."""
    schema = schema_of(EVENTS[name])
    schema["properties"] |= fields
    (folder / f"{name}.json").write_text(json.dumps(schema), "utf-8")


def test_an_incompatible_change_to_a_committed_schema_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _tampered(tmp_path, "enrolment.seat-held.v1", budget_cents={"type": "integer"})
    assert broken_promises(tmp_path) == ["enrolment.seat-held.v1: /budget_cents: field removed"]
    monkeypatch.setattr(schemas, "broken_promises", lambda: broken_promises(tmp_path))
    assert schemas.main(["--write"]) == 1, "nothing is written over a broken promise"
    assert "budget_cents" in capsys.readouterr().err


def test_a_removed_event_type_fails(tmp_path: Path) -> None:
    (tmp_path / "enrolment.seat-lost.v1.json").write_text("{}", "utf-8")
    assert broken_promises(tmp_path) == ["enrolment.seat-lost.v1: the event type was removed"]


def test_a_compatible_change_only_asks_to_generate_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = schema_of(EVENTS["enrolment.seat-held.v1"])
    del old["properties"]["bulk_id"]
    path = tmp_path / "enrolment.seat-held.v1.json"
    path.write_text(json.dumps(old), "utf-8")
    assert breaks(old, schema_of(EVENTS["enrolment.seat-held.v1"])) == []
    monkeypatch.setattr(schemas, "wanted", lambda: {path: "new"})
    assert schemas.main([]) == 1
    assert "make specs" in capsys.readouterr().err
    assert schemas.main(["--write"]) == 0
    assert path.read_text("utf-8") == "new"


def test_every_topic_has_events_of_its_owner_and_every_event_a_listed_topic() -> None:
    assert {event.topic for event in EVENTS.values()} == set(TOPICS)
    for event in EVENTS.values():
        assert event.type.split(".")[0] == event.topic.owner == event.topic.name.split(".")[0]
