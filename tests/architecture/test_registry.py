"""`contracts.topics` is the list of who tells and who hears, and the services agree, both ways.

What a service really hears and tells is in its generated AsyncAPI document, `docs/api`.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from contracts.topics import TOPICS

ROOT = Path(__file__).resolve().parents[2]


def services(root: Path) -> list[str]:
    """The services that can be started."""
    return sorted(path.parent.name for path in (root / "services").glob("*/*/app.py"))


def disagreements(root: Path) -> list[str]:
    """Where the list of topics and what the services do are not the same."""
    found = []
    for service in services(root):
        if service == "portal":  # reads topics without a group, owns none
            continue
        path = root / "docs" / "api" / f"{service}.asyncapi.json"
        if not path.exists():
            found.append(f"{service}: {path.name} is missing, run `make specs`")
            continue
        document = json.loads(path.read_text("utf-8"))
        listed = {
            "receive": {topic.name for topic in TOPICS if service in topic.consumers},
            "send": {topic.name for topic in TOPICS if topic.owner == service},
        }
        for action, topics in listed.items():
            real = _addresses(document, action)
            found += [f"{service}: does not {action} {name}" for name in sorted(topics - real)]
            found += [f"{service}: may not {action} {name}" for name in sorted(real - topics)]
    return found


def _addresses(document: dict[str, Any], action: str) -> set[str]:
    channels = document.get("channels", {})
    return {
        channels[operation["channel"]["$ref"].rsplit("/", 1)[1]]["address"]
        for operation in document.get("operations", {}).values()
        if operation["action"] == action
    }


def test_services_hear_and_tell_what_the_list_says() -> None:
    assert disagreements(ROOT) == []


def test_a_topic_is_heard_by_services_that_exist() -> None:
    known = {"catalog", "enrolment", "membership", "notifications"}
    assert {name for topic in TOPICS for name in topic.consumers} <= known
    assert {topic.owner for topic in TOPICS} <= known | {"provider"}
    assert not [topic.name for topic in TOPICS if topic.owner in topic.consumers]


def a_service(root: Path, name: str, hears: list[str], tells: list[str]) -> None:
    """A service with its document."""
    app = root / "services" / name / name / "app.py"
    app.parent.mkdir(parents=True)
    app.touch()
    folder = root / "docs" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    operations = {
        f"{topic}:{action}": {"action": action, "channel": {"$ref": f"#/channels/{topic}:x"}}
        for action, topics in (("receive", hears), ("send", tells))
        for topic in topics
    }
    channels = {f"{topic}:x": {"address": topic} for topic in hears + tells}
    document = {"channels": channels, "operations": operations}
    (folder / f"{name}.asyncapi.json").write_text(json.dumps(document), "utf-8")


MEMBERSHIP_HEARS = ["enrolment.enrolments", "enrolment.seats"]
MEMBERSHIP_TELLS = ["membership.organisations", "membership.quotes"]


def test_a_service_that_keeps_to_the_list_is_fine(tmp_path: Path) -> None:
    a_service(tmp_path, "membership", MEMBERSHIP_HEARS, MEMBERSHIP_TELLS)
    assert disagreements(tmp_path) == []


@pytest.mark.parametrize(
    ("hears", "tells", "told"),
    [
        (MEMBERSHIP_HEARS[:1], MEMBERSHIP_TELLS, "does not receive enrolment.seats"),
        ([*MEMBERSHIP_HEARS, "catalog.runs"], MEMBERSHIP_TELLS, "may not receive catalog.runs"),
        (MEMBERSHIP_HEARS, MEMBERSHIP_TELLS[:1], "does not send membership.quotes"),
        (MEMBERSHIP_HEARS, [*MEMBERSHIP_TELLS, "catalog.runs"], "may not send catalog.runs"),
    ],
)
def test_a_difference_is_told_either_way(
    hears: list[str], tells: list[str], told: str, tmp_path: Path
) -> None:
    a_service(tmp_path, "membership", hears, tells)
    assert disagreements(tmp_path) == [f"membership: {told}"]


def test_a_service_without_its_document_is_told(tmp_path: Path) -> None:
    a_service(tmp_path, "membership", [], [])
    (tmp_path / "docs/api/membership.asyncapi.json").unlink()
    assert "is missing" in disagreements(tmp_path)[0]
