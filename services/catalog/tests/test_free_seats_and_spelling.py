"""Only what has free seats, only in one town, and what a question may have meant."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from catalog.domain import words
from chassis.testing import TestApp
from contracts.catalog import OfferAccepted

from services.catalog.tests.builders import a_run, an_offer
from services.catalog.tests.conftest import find, ids, publish
from services.catalog.tests.test_seats import held, now

SPRING, SUMMER = "2027-03-01T08:00:00Z", "2027-06-01T08:00:00Z"


def summer(**more: Any) -> dict[str, Any]:
    """A second date of the same offer."""
    ends, closes = "2027-06-02T15:00:00Z", "2027-05-20T22:59:59Z"
    whens = {"starts_at": SUMMER, "ends_at": ends, "booking_closes_at": closes}
    return a_run(run_ref="b", **whens, **more)


def closed() -> dict[str, Any]:
    """A date that still comes, and can no longer be booked."""
    return a_run(booking_closes_at="2026-01-01T00:00:00Z")


async def fill(app: TestApp, offer: dict[str, Any], ref: str, taken: int = 20) -> None:
    """Let enrolment tell that so many seats of a run are taken."""
    (verdict,) = await app.heard(OfferAccepted, lambda e: e.offer_ref == offer["offer_ref"])
    await app.send(held(UUID(str(verdict.run_ids[ref])), now(1, taken)))
    await app.settled()


async def test_only_offers_with_a_bookable_run_and_a_free_seat_count(app: TestApp) -> None:
    tag = f"frei{uuid4().hex[:8]}"
    full = an_offer(title=tag)
    half = an_offer(title=tag, runs=[a_run(), summer()])
    free, late, none = (
        an_offer(title=tag),
        an_offer(title=tag, runs=[closed()]),
        an_offer(title=tag, runs=[]),
    )
    published = await publish(app, full, half, free, late, none)
    await fill(app, full, "a")
    await fill(app, half, "a")
    await fill(app, free, "a", taken=19)
    everything = await find(app, q=tag)
    assert set(ids(everything)) == set(published)
    assert (everything["total"], everything["facets"]["free_only"]) == (5, 2)
    found = await find(app, q=tag, free_only="true", sort="start")
    assert ids(found) == [published[2], published[1]]
    assert [item["free_seats"] for item in found["items"]] == [1, 20]
    assert found["items"][1]["next_run"]["starts_at"] == SUMMER
    assert (found["total"], found["facets"]["free_only"]) == (2, 2)
    assert found["facets"]["format"] == [{"value": "hybrid", "count": 2, "label": None}]


async def test_free_seats_dates_and_place_have_to_fit_the_same_run(app: TestApp) -> None:
    tag = f"zugleich{uuid4().hex[:8]}"
    offer = an_offer(title=tag, runs=[a_run(location="Köln, Rathaus"), summer(location="Mainz")])
    (offer_id,) = await publish(app, offer)
    await fill(app, offer, "a")
    spring = {"starts_before": "2027-04-01"}
    assert ids(await find(app, q=tag, **spring)) == [offer_id]
    assert ids(await find(app, q=tag, free_only="true", **spring)) == []
    assert ids(await find(app, q=tag, free_only="true", place="Köln")) == []
    assert ids(await find(app, q=tag, free_only="true", place="mainz")) == [offer_id]
    assert (await find(app, q=tag, place="Köln"))["facets"]["free_only"] == 0


@pytest.mark.parametrize("place", ["köln", "KOELN", " Köln,  Rathaus ", "rathaus", "Straße 5"])
async def test_a_place_is_a_part_of_the_location_however_it_is_written(
    app: TestApp, place: str
) -> None:
    tag = f"ort{uuid4().hex[:8]}"
    here, _, _ = await publish(
        app,
        an_offer(title=tag, runs=[a_run(location="Köln, Rathaus, Hohe STRASSE 5")]),
        an_offer(title=tag, runs=[a_run(location="Mainz")]),
        an_offer(title=tag, runs=[a_run(location=None)]),
    )
    found = await find(app, q=tag, place=place)
    assert ids(found) == [here]
    assert found["items"][0]["next_run"]["location"] == "Köln, Rathaus, Hohe STRASSE 5"


@pytest.mark.parametrize("query", ["free_only=vielleicht", f"place={'x' * 101}", "place=%00"])
async def test_a_wish_that_cannot_be_read_has_a_pointer(app: TestApp, query: str) -> None:
    async with app.http("employee") as http:
        answer = await http.get(f"/api/catalog/offers?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"]


@pytest.mark.parametrize("place", ["%", "_", "'", "\\", "🙂", "%ln"])
async def test_signs_in_a_place_are_only_signs(app: TestApp, place: str) -> None:
    tag = f"zeichen{uuid4().hex[:8]}"
    await publish(app, an_offer(title=tag, runs=[a_run(location="Köln")]))
    assert ids(await find(app, q=tag, place=place)) == []


@pytest.mark.parametrize(
    ("title", "keywords", "asked", "meant"),
    [
        ("Bevölkerungswarnsysteme im Ernstfall", [], "Bevoelkerungswarnsisteme", None),
        ("Niederschlagswasserabgabe berechnen", [], "niederschlagswaserabgabe", None),
        ("Archivpflege", ["Zwiebelfischdokumentation"], "Zwibelfischdokumentation", None),
        ("Tabellen mit LibreCalc", [], "Librecalk im Amt", "LibreCalc im Amt"),
    ],
)
async def test_a_word_that_nobody_offers_is_spelt_as_offers_spell_it(
    app: TestApp, title: str, keywords: list[str], asked: str, meant: str | None
) -> None:
    offer = an_offer(title=title, keywords=keywords, description_html="<p>Im Amt</p>")
    (offer_id,) = await publish(app, offer)
    found = await find(app, q=asked)
    expected = meant or (keywords[0] if keywords else title.partition(" ")[0])
    assert found["suggestion"] == expected
    again = await find(app, q=found["suggestion"])
    assert (ids(again), again["similar"], again["suggestion"]) == ([offer_id], False, None)


async def test_what_is_spelt_well_or_like_nothing_gets_no_suggestion(app: TestApp) -> None:
    tag = f"gut{uuid4().hex[:8]}"
    await publish(app, an_offer(title=f"Forstbetriebsplanung {tag}"))
    for question in (
        f"Forstbetriebsplanung {tag}",
        f"forstbetrieb {tag}",
        tag,
        "qqxxyyzz",
        "für über oder",
        "a b c",
        "",
        "Forstbetriebsplanug " * 30,
        "Forstbetriebsplanug qqxxyyzz wwvvuu jjkkzzy",
    ):
        assert (await find(app, q=question))["suggestion"] is None, question


async def test_words_that_are_offered_stay_as_they_are(app: TestApp) -> None:
    await publish(
        app,
        an_offer(title="Marktplatzordnung und Seilbahnwesen"),
        an_offer(title="Marktplatzortung und Seilbahnwesen"),
    )
    for typed, meant in (
        ("Marktplatzortung Seilbanwesen", "Marktplatzortung Seilbahnwesen"),
        ("Die Marktplatzordnung & Seilbanwesen?", "Die Marktplatzordnung & Seilbahnwesen?"),
    ):
        assert (await find(app, q=typed))["suggestion"] == meant


async def test_a_short_word_with_a_letter_missing_is_found(app: TestApp) -> None:
    (offer_id,) = await publish(app, an_offer(title="Zwölf Tabellen in Gnumrik"))
    found = await find(app, q="gnumik")
    assert (found["items"], found["suggestion"]) == ([], "Gnumrik")
    assert ids(await find(app, q=found["suggestion"])) == [offer_id]


async def test_words_are_looked_for_in_titles_and_keywords_of_published_offers_only(
    app: TestApp,
) -> None:
    hidden = an_offer(
        title="Etwas anderes",
        keywords=[],
        description_html="<p>Referentin: Theodora Kesselschmitt</p>",
        runs=[a_run(location="Kesselschmittshausen")],
    )
    await publish(app, hidden)
    assert (await find(app, q="Theodora Keselschmitt"))["suggestion"] is None
    assert (await find(app, q="Keselschmittshausn"))["suggestion"] is None


async def test_a_suggestion_finds_something_with_the_same_filters(app: TestApp) -> None:
    await publish(app, an_offer(title="Gewässerrandstreifen", format="presence"))
    typo = "Gewaesserrandstreifn"
    assert (await find(app, q=typo, format="presence"))["suggestion"] == "Gewässerrandstreifen"
    assert (await find(app, q=typo, format="on_demand"))["suggestion"] is None


async def test_a_rare_spelling_gives_way_only_to_a_much_more_frequent_one(app: TestApp) -> None:
    rare, often = "Brandshutzbedarf", "Brandschutzbedarf"
    (mistyped,) = await publish(app, an_offer(title=rare))
    await publish(app, *(an_offer(title=often) for _ in range(4)))
    assert (await find(app, q=rare))["suggestion"] is None
    await publish(app, an_offer(title=often))
    found = await find(app, q=rare)
    assert (ids(found), found["similar"]) == ([mistyped], False)
    assert found["suggestion"] == often
    assert (await find(app, q=often))["suggestion"] is None


async def test_the_next_page_says_nothing_of_spelling(app: TestApp) -> None:
    title = f"Straßenbaubeitragssatzung {uuid4().hex[:4]}"
    await publish(app, *(an_offer(title=title) for _ in range(3)))
    first = await find(app, q="Strassenbaubeitragssazung", limit=1)
    assert (first["similar"], first["suggestion"]) == (True, "Straßenbaubeitragssatzung")
    page = await find(app, q="Strassenbaubeitragssazung", limit=1, cursor=first["next_cursor"])
    assert (len(page["items"]), page["similar"], page["suggestion"]) == (1, True, None)


def test_places_are_compared_with_umlauts_spelt_out() -> None:
    assert words.spelt_out("  Köln,\tHohe  STRAẞE ") == "koeln, hohe strasse"
