"""MOOChub records as they go out, and the public feed: all fits the official schemas."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from catalog.domain.bridge import Exported, course, links, takes_version_3
from catalog.views import export
from chassis.testing import TestApp
from jsonschema import Draft202012Validator, FormatChecker

from services.catalog.tests.builders import an_offer
from services.catalog.tests.conftest import publish
from services.catalog.tests.test_imports import post

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


def test_runs_that_begin_or_end_together_stand_once() -> None:
    later = NOW + timedelta(days=1)
    dates = [(NOW, NOW), (NOW, NOW), (NOW, later), (later, later)]
    attributes = course(exported(dates=dates), "eG")["attributes"]
    once = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]
    assert (attributes["startDate"], attributes["endDate"]) == (once, once)


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


async def test_the_public_feed_fits_both_schemas_and_can_be_imported_again(app: TestApp) -> None:
    await publish(app, an_offer(title="Ausgang"))
    async with app.client() as http:
        answer = await http.get("/bridges/moochub/courses")
        page = answer.json()
        pages = [page]
        while "next" in pages[-1]["links"]:
            number = pages[-1]["links"]["next"].partition("?")[2]
            pages.append((await http.get(f"/bridges/moochub/courses?{number}")).json())
        empty = (await http.get("/bridges/moochub/courses?page=999")).json()
    assert answer.headers["content-type"] == "application/vnd.api+json; moochub-version=3"
    for name in SCHEMAS:
        check = Draft202012Validator(
            json.loads((DATA / name).read_text("utf-8")), format_checker=FormatChecker()
        )
        for page in (*pages, empty):
            assert [error.message for error in check.iter_errors(page)] == []
    titles = [entry["attributes"]["name"] for page in pages for entry in page["data"]]
    assert "Ausgang" in titles
    report = await post(app, {"source": f"feed-{uuid4().hex[:8]}", "feed": pages[0]})
    assert report["counts"]["rejected"] == 0, report


async def test_an_offer_without_an_address_of_its_own_has_that_of_its_page_here(
    app: TestApp,
) -> None:
    offer = an_offer()
    del offer["url"]
    (offer_id,) = await publish(app, offer)
    async with app.db.reading() as tx:
        _, last = await export.page(tx, 1, "https://campus.example/")
        pages = [await export.page(tx, n, "https://campus.example/") for n in range(1, last + 1)]
    urls = [one.url for offers, _ in pages for one in offers]
    assert f"https://campus.example/kurse/{offer_id}" in urls


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("", "application/vnd.api+json; moochub-version=3", 200),
        ("", "application/vnd.api+json; moochub-version=2", 406),
        ("", "text/html", 406),
        ("?page=0", "*/*", 422),
        ("?page=x", "*/*", 422),
        ("?page=99999999999999999999", "*/*", 422),
    ],
)
async def test_the_public_feed_answers_every_client(
    app: TestApp, path: str, accept: str, status: int
) -> None:
    async with app.client() as http:
        answer = await http.get(f"/bridges/moochub/courses{path}", headers={"Accept": accept})
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"].startswith("application/problem+json")
