"""Finding offers by words on the real PostgreSQL: spellings, what is similar, rude questions."""

import json
from urllib.parse import quote
from uuid import uuid4

import pytest
from catalog.domain import words
from chassis.testing import TestApp

from services.catalog.tests.builders import an_offer
from services.catalog.tests.conftest import find, ids, publish


@pytest.mark.parametrize(
    "question",
    [
        "Vergaberecht {tag}",
        "vergaberecht see-{tag}",
        "SEE-{tag} Einsteiger",
        "Einsteigern {tag}",
        "Vergabe {tag}",
        "recht {tag}",
        "für {tag}",
        "{tag}",
        "EAkte {tag}",
        "E-Akte {tag}",
        "e akten {tag}",
        "Ueberblick {tag}",
        "überblicks {tag}",
        "UVgO {tag}",
        "Heppenheim {tag}",
        "„Vergaberecht“ ({tag})",
    ],
)
async def test_words_are_found_in_every_form(
    app: TestApp, vergaberecht: tuple[str, str], question: str
) -> None:
    offer_id, tag = vergaberecht
    found = await find(app, q=question.format(tag=tag))
    assert ids(found) == [offer_id]
    assert found["similar"] is False


@pytest.fixture(scope="module")
async def vergaberecht(app: TestApp) -> tuple[str, str]:
    """One offer, and the word that only it has."""
    tag = uuid4().hex[:6]
    offer = an_offer(
        offer_ref=f"SEE-{tag}",
        title=f"Vergaberecht für Einsteiger SEE-{tag}",
        description_html="<p>Ein Überblick: Grundlagen <b>UVgO</b></p>",
        keywords=["E-Akte"],
    )
    (offer_id,) = await publish(app, offer)
    return offer_id, tag


async def test_all_words_have_to_be_there(app: TestApp, vergaberecht: tuple[str, str]) -> None:
    found = await find(app, q=f"Vergaberecht Gartenbau{uuid4().hex} {vergaberecht[1]}")
    assert found["items"] == []


async def test_a_typing_error_finds_what_is_similar(app: TestApp) -> None:
    (offer_id,) = await publish(app, an_offer(title="Katastrophenschutzplanung im Landkreis"))
    found = await find(app, q="Katastrofenschuzplanung")
    assert ids(found) == [offer_id]
    assert found["similar"] is True


async def test_the_title_counts_more_than_the_description(app: TestApp) -> None:
    tag = f"wort{uuid4().hex[:8]}"
    below, above = await publish(
        app,
        an_offer(title="Etwas anderes", description_html=f"<p>{tag}</p>"),
        an_offer(title=f"Das ist {tag}"),
    )
    assert ids(await find(app, q=tag)) == [above, below]


@pytest.mark.parametrize(
    "q",
    [
        "'",
        '"unclosed',
        "a & | ! <-> :* ()",
        "\\",
        "%_",
        "der die das",
        "x" * 10_000,
        "wort " * 2_000,
        "🙂",
        "a\x00b",
        "-1e999 1e5x 12e45x",
        "ﷺ ǅ ß İ",
        "'); DROP TABLE offer; --",
        "\u202e\u0301",
    ],
)
async def test_no_question_is_too_rude(app: TestApp, q: str) -> None:
    async with app.http("employee") as http:
        answer = await http.get(f"/api/catalog/offers?q={quote(q)}")
    assert answer.status_code == 200


@pytest.mark.parametrize("q", ["%", "🙂", "&|!()", "_", " - ", "\u200b", "%" * 3_000])
async def test_a_question_without_a_word_finds_nothing(app: TestApp, q: str) -> None:
    await publish(app, an_offer())
    found = await find(app, q=q)
    assert (found["items"], found["total"], found["similar"]) == ([], 0, False)
    assert found["facets"] == {"format": [], "provider": [], "skill": [], "free_only": 0}
    assert found["suggestion"] is None
    assert found["next_cursor"] is None


async def test_a_question_of_blanks_is_no_filter(app: TestApp) -> None:
    await publish(app, an_offer())
    everything = await find(app, limit=1)
    assert everything["total"] > 0
    for q in ("", " ", "\t \n", "\u00a0"):
        assert (await find(app, q=q, limit=1))["total"] == everything["total"]
    blanks = " " * 2_500
    assert (await find(app, q=f"{blanks}Akte", limit=1))["total"] > 0


async def test_small_words_alone_are_taken_literally(app: TestApp) -> None:
    mine = f"akademie-{uuid4().hex[:8]}"
    with_it, _ = await publish(
        app,
        an_offer(provider_id=mine, title="Vergaberecht für alle"),
        an_offer(provider_id=mine, title="Haushaltsrecht"),
    )
    assert ids(await find(app, q="für", provider=mine)) == [with_it]
    assert ids(await find(app, q="für Vergaberecht", provider=mine)) == [with_it]
    assert (await find(app, q="der", provider=mine))["items"] == []


def test_words_are_folded_the_same_way_everywhere() -> None:
    assert words.question("Überblick: E-Akte, STRASSE/Straße") == [
        "uberblick",
        "e",
        "akte",
        "strasse",
    ]
    assert words.document("Überblick SEE-12e4").split() == [
        "uberblick",
        "see",
        "12e4",
        "see12e4",
        "ueberblick",
    ]
    json.dumps(words.question("a" * 100_000))
