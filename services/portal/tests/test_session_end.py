"""A page knows how long its session still lives, and says so in time."""

from datetime import timedelta

import pytest
from portal.sessions import End, Sealer, csrf_of, marked

from services.portal.tests.stand_in import KEY, NOW, PERSON, Browser, Services

SOON = End(NOW + timedelta(minutes=42), final=False)


async def test_a_page_carries_what_is_left_and_the_words_of_the_warning() -> None:
    page = await Browser(Services(), "employee", end=SOON).get("/hilfe")
    who = marked(Sealer(KEY).key, PERSON)
    main = page.text.partition("<main")[2].partition("</main>")[0]
    assert f'<div role="alert" data-session="2520" data-final="0" data-who="{who}"></div>' in main
    assert str(PERSON) not in page.text
    for part in ("soon", "final", "over", "stays"):
        assert f'<template data-session-part="{part}">' in page.text
    assert '<b class="kc-strong" data-session-time></b>' in page.text


async def test_the_warning_speaks_english_too() -> None:
    page = await Browser(Services(), "employee", end=SOON).get("/en/hilfe")
    assert "Stay signed in" in page.text
    assert 'action="/en/sitzung"' in page.text


@pytest.mark.parametrize(("minutes", "left"), [(300, 18_000), (0, 0), (-5, 0)])
async def test_a_final_end_is_told_as_one_and_never_as_less_than_nothing(
    minutes: int, left: int
) -> None:
    end = End(NOW + timedelta(minutes=minutes), final=True)
    page = await Browser(Services(), "employee", end=end).get("/hilfe")
    assert f'data-session="{left}" data-final="1"' in page.text


async def test_who_stays_hears_the_new_end_and_the_secret_of_the_forms() -> None:
    answer = await Browser(Services(), "employee", end=SOON).post("/sitzung")
    key = Sealer(KEY).key
    assert answer.json() == {
        "left": 2520,
        "final": False,
        "who": marked(key, PERSON),
        "csrf": csrf_of("s", marked(key, PERSON), key),
    }


async def test_staying_needs_the_secret_of_the_session() -> None:
    answer = await Browser(Services(), "employee", end=SOON).post("/sitzung", _csrf="x")
    assert answer.status_code == 403


async def test_without_a_script_the_foot_of_the_page_says_when_it_ends() -> None:
    for path, said in (
        ("", "endet Ihre Sitzung um 10:42\xa0Uhr."),
        ("/en", "ends at 10:42\xa0am."),
    ):
        page = await Browser(Services(), "employee", end=SOON).get(f"{path}/hilfe")
        assert said in page.text.split("<noscript>")[1].split("</noscript>")[0]
    assert "<noscript>" not in (await Browser(Services(), "employee").get("/hilfe")).text
