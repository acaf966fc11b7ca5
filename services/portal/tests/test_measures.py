"""The panels of the dashboards on the pages of operations: all of them, in both languages."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from babel.messages.pofile import read_po
from portal import drawn, panels, words
from portal.drawn import Drawn, Frame
from portal.figures import Figures
from portal.panels import LABEL, Panel, Query

from services.portal.tests.stand_in import NOW, Browser, Services

HERE = "/betrieb/kennzahlen"
END = NOW.timestamp()
FRAME = Frame(END - 3600, END, 60)
GERMAN: Any = type("Page", (), {"lang": "de", "say": staticmethod(lambda text, **v: text % v)})()


def result(path: str, *values: tuple[dict[str, str], float]) -> httpx.Response:
    over_time = path.endswith("query_range")
    found = [
        {"metric": labels, "values": [[END - 60, str(value)], [END, str(value)]]}
        if over_time
        else {"metric": labels, "value": [END, str(value)]}
        for labels, value in values
    ]
    return httpx.Response(200, json={"status": "success", "data": {"result": found}})


def told(request: httpx.Request) -> httpx.Response:
    return result(request.url.path, ({"service": "catalog", "step": "offer"}, 0.5))


def source(answer: Callable[..., Any] = told) -> Figures:
    return Figures("http://prometheus", httpx.MockTransport(answer))


def panel(**changes: Any) -> Panel:
    plain = {"title": "Requests", "about": "", "kind": "timeseries", "unit": "short"}
    asked = (Query("up", "{{service}}"),)
    return Panel(**{**plain, "bad": None, "good": None, "queries": asked, **changes})


def shown(of: Panel, *values: tuple[str, float]) -> Drawn:
    kinds = [(0, name, [(END - 60, value), (END, value)]) for name, value in values]
    return drawn.draw(GERMAN, of, kinds, FRAME)


@pytest.mark.parametrize("section", panels.sections(), ids=lambda section: str(section.name))
async def test_a_section_asks_for_its_own_panels_and_draws_each(section: panels.Section) -> None:
    asked: list[str] = []

    def listen(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["query"])
        return told(request)

    browser = Browser(Services(), "ops", figures=source(listen))
    for prefix, lang in (("", "de"), ("/en", "en")):
        asked.clear()
        answer = await browser.get(f"{prefix}{HERE}?bereich={section.name}")
        assert answer.status_code == 200
        for each in section.panels:
            assert panels.say(lang, each.title) in answer.text
        assert sorted(asked) == sorted(q.expr for each in section.panels for q in each.queries)


async def test_all_questions_of_a_section_are_asked_at_once() -> None:
    section = max(panels.sections(), key=lambda each: len(each.panels))
    waiting, all_there = [0], asyncio.Event()

    async def wait_for_all(request: httpx.Request) -> httpx.Response:
        waiting[0] += 1
        if waiting[0] == sum(len(each.queries) for each in section.panels):
            all_there.set()
        await asyncio.wait_for(all_there.wait(), 5)
        return told(request)

    browser = Browser(Services(), "ops", figures=source(wait_for_all))
    answer = await browser.get(f"{HERE}?bereich={section.name}")
    assert answer.text.count("<figure") == len(section.panels)


async def test_one_question_without_an_answer_takes_only_its_panel_with_it() -> None:
    def but_one(request: httpx.Request) -> httpx.Response:
        broken = request.url.params["query"] == "max(kc_notices_overdue)"
        return httpx.Response(400, json={"status": "error"}) if broken else told(request)

    browser = Browser(Services(), "ops", figures=source(but_one))
    answer = await browser.get(f"{HERE}?bereich=nachrichten")
    assert answer.text.count("Diese Werte sind gerade nicht abrufbar.") == 1
    assert answer.text.count('role="img"') == 8


async def test_without_any_answer_the_page_says_it_once() -> None:
    nothing = source(lambda _request: httpx.Response(503))
    answer = await Browser(Services(), "ops", figures=nothing).get(HERE)
    assert answer.text.count("Prometheus antwortet nicht.") == 1
    assert "<figure" not in answer.text


async def test_without_prometheus_the_page_says_how_to_start_it() -> None:
    answer = await Browser(Services(), "ops").get(HERE)
    assert "make up dashboards=1" in answer.text


async def test_where_there_are_no_values_yet_every_panel_says_it() -> None:
    browser = Browser(Services(), "ops", figures=source(lambda each: result(each.url.path)))
    answer = await browser.get(f"{HERE}?bereich=buchungen")
    assert answer.text.count("keine Werte") == 5
    assert answer.text.count("<dd>–</dd>") == 4


async def test_the_business_is_shown_for_a_week_and_operations_for_an_hour() -> None:
    browser = Browser(Services(), "ops", figures=source())
    for section, span in (("buchungen", "7t"), ("prozesse", "1h")):
        text = (await browser.get(f"{HERE}?bereich={section}")).text
        assert f'aria-current="page">{drawn.SPANS[span].title}</a>' in text
    # whoever chose a time keeps it in every section
    text = (await browser.get(f"{HERE}?bereich=buchungen&zeitraum=24h")).text
    assert "bereich=prozesse&amp;zeitraum=24h" in text


async def test_it_is_for_operations_only() -> None:
    assert (await Browser(Services(), "office", figures=source()).get(HERE)).status_code == 403


# -- how a panel is drawn


def test_of_many_lines_some_are_drawn_and_all_are_told() -> None:
    values = [(f"s{n}", float(n)) for n in range(7)]
    each = shown(panel(), *values)
    assert each.chart is not None
    assert len(each.chart.lines) == drawn.SHOWN
    assert [name for name, _ in each.lines] == ["s6", "s5", "s4", "s3", "s2", "s1", "s0"]
    assert each.heads == ["s6", "s5", "s4", "s3"]
    assert each.rows[0][1] == ["6", "5", "4", "3"]


def test_the_sentence_is_about_what_is_drawn() -> None:
    values = [(0, f"s{n}", [(END, 1.0 + n)]) for n in range(4)]
    limits = [(1, f"s{n}, limit", [(END, 64.0)]) for n in range(4)]
    each = drawn.draw(GERMAN, panel(), [*limits, *values], FRAME)
    assert each.text.startswith("Höchster Wert 4: s3")
    assert [name for name, _ in each.lines][:4] == ["s3", "s2", "s1", "s0"]
    assert len(each.lines) == 8


def test_what_is_bad_is_drawn_before_what_is_high() -> None:
    low_is_bad = panel(good=1.0)
    each = shown(low_is_bad, *((f"s{n}", 1.0) for n in range(5)), ("down", 0.0))
    assert each.lines[0] == ("down", "0")
    assert each.text.startswith("Niedrigster Wert 0: down")


@pytest.mark.parametrize(
    ("changes", "value", "bad", "text"),
    [
        ({"unit": "s", "bad": 150.0}, 40.0, False, "Grenze 2,5\xa0min."),
        ({"unit": "s", "bad": 150.0}, 150.0, True, "Über der Grenze 2,5\xa0min."),
        ({"unit": "percentunit", "good": 0.95}, 0.95, False, "Ziel 95\xa0%."),
        ({"unit": "percentunit", "good": 0.95}, 0.5, True, "Unter dem Ziel 95\xa0%."),
        ({"bad": 1.0}, 3.0, True, "Ziel 0."),
        ({}, 3.0, False, ""),
    ],
)
def test_a_figure_says_in_words_whether_it_is_bad(
    changes: dict[str, Any], value: float, bad: bool, text: str
) -> None:
    each = shown(panel(kind="stat", **changes), ("", value))
    assert (each.bad, each.text) == (bad, text)


def test_bars_stand_by_size_and_the_smallest_of_many_are_counted() -> None:
    each = shown(panel(kind="bargauge"), *((f"p{n}", float(n)) for n in range(15)))
    assert [share for _, _, share in each.bars][:2] == [100.0, pytest.approx(92.9)]
    assert len(each.bars) == drawn.BARS
    assert each.text == "Weitere mit kleineren Werten: 3."
    assert shown(panel(kind="bargauge"), ("none", 0.0)).bars == [("none", "0", 0.0)]


def test_shares_and_bytes_stand_on_the_axis_as_percent_and_megabytes() -> None:
    for unit, value, top in (("percentunit", 0.3, 30), ("bytes", 3e6, 3)):
        chart = shown(panel(unit=unit), ("", value)).chart
        assert chart is not None
        assert chart.rows[-1][1] == top


# -- words


def texts() -> set[str]:
    """Every text of the panels that somebody reads."""
    found = set()
    for section in panels.sections():
        found.add(section.title)
        for each in section.panels:
            legends = {query.legend for query in each.queries}
            found |= {each.title, each.about} | {q for q in legends if LABEL.sub("", q).strip()}
    return found - {""}


def test_every_text_of_the_panels_is_said_in_german() -> None:
    with words.path_of("de", "panels").open("rb") as file:
        catalog = read_po(file, locale="de")
    assert words.untranslated(catalog) == []
    known = {str(message.id) for message in catalog if message.id}
    assert texts() - known == set()
    labels = known - texts()
    assert all(label == label.lower() and " " not in label for label in labels)
    assert {"requested", "member", "accepted", "capacity", "handled", "sign-in"} <= labels


def test_panels_and_sections_differ_in_their_addresses() -> None:
    names = [section.name for section in panels.sections()]
    assert len(set(names)) == len(names)
    for section in panels.sections():
        of_panels = [each.name for each in section.panels]
        assert len(set(of_panels)) == len(of_panels)


def test_a_label_is_translated_and_the_name_of_a_service_is_not() -> None:
    labels = {"service": "catalog", "outcome": "dead"}
    assert panels.label("de", "{{service}} {{outcome}}", labels) == "catalog zurückgestellt"
    assert panels.label("en", "{{service}} {{outcome}}", labels) == "catalog dead"
    assert panels.label("de", "{{service}} stalled", labels) == "catalog steht"
