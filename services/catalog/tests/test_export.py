"""MOOChub records as they go out: every one fits the official schemas."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from catalog.domain.bridge import Exported, course, links, takes_version_3
from jsonschema import Draft202012Validator, FormatChecker

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMAS = ["moochub-schema.v3.0.1.json", "moochub-schema.main-2025-07-18.json"]


def exported(**more: Any) -> Exported:
    base: dict[str, Any] = {
        "offer_id": UUID(int=1),
        "offer_ref": "DIG-101",
        "provider_name": "VWA",
        "title": "E-Akte",
        "description_html": "",
        "language": "de",
        "format": "hybrid",
        "workload_hours": 8,
        "url": "https://example.org/eakte",
        "keywords": ["a", "a"],
        "skills": [],
        "standard_cents": 44_150,
        "changed_at": NOW,
        "dates": [(NOW, NOW)],
    }
    return Exported(**(base | more))


SKILLS = [
    {"framework": "DigComp", "version": None, "code": "1.3", "level": 3},
    {"framework": "ESCO", "version": "1.2", "code": "http://data.europa.eu/esco/skill/x"},
    {"framework": "GRETA", "version": None, "code": "g"},
    {"framework": "E-Kompetenz", "version": None, "code": "unknown outside"},
]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize(
    "offer",
    [
        exported(),
        exported(format="presence", skills=SKILLS),
        exported(format="on_demand", dates=[], workload_hours=None),
        exported(format="live_online", standard_cents=0, keywords=[]),
    ],
    ids=lambda offer: offer.format,
)
def test_every_export_fits_both_schemas(schema: str, offer: Exported) -> None:
    page = {"links": links("https://kc.example/c", 2, 3), "data": [course(offer, "eG")]}
    rules = json.loads((DATA / schema).read_text("utf-8"))
    errors = Draft202012Validator(rules, format_checker=FormatChecker()).iter_errors(page)
    assert [error.message for error in errors] == []


def test_only_competences_that_moochub_knows_are_exported() -> None:
    teaches = course(exported(skills=SKILLS), "eG")["attributes"]["teaches"]
    assert [skill["educationalFramework"] for skill in teaches] == ["DigComp", "ESCO", "GRETA"]


@pytest.mark.parametrize(
    ("accept", "fits"),
    [
        (None, True),
        ("*/*", True),
        ("application/vnd.api+json", True),
        ("application/vnd.api+json; moochub-version=3", True),
        ("application/vnd.api+json;moochub-version=3.0", True),
        ("application/vnd.api+json; moochub-version=2", False),
        ("application/vnd.api+json; moochub-version=2, */*;q=0.1", True),
        ("application/vnd.api+json; moochub-version=33", False),
        ("text/html", False),
    ],
)
def test_clients_choose_the_version(accept: str | None, fits: bool) -> None:
    assert takes_version_3(accept) is fits
