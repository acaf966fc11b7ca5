"""Places of a JSON text by their lines, and what people are told about text that is no JSON."""

import json
from time import monotonic

import pytest
from portal import pointers

OFFER = """{
  "title": "Vergaberecht: {nicht} [zählen]",
  "price": {"standard_cents": 29000,
            "member_cents": 29900},
  "runs": [{
    "run_ref": "2027-03",
    "capacity": 16
  }, {
    "run_ref": "2027-04", "a/b": [1,
      2]
  }]
}"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("/title", 2),
        ("/price", 3),
        ("/price/standard_cents", 3),
        ("/price/member_cents", 4),
        ("/runs/0", 5),
        ("/runs/0/capacity", 7),
        ("/runs/1", 8),
        ("/runs/1/run_ref", 9),
        ("/runs/1/a~1b/1", 10),
    ],
)
def test_each_place_of_a_text_has_its_line(pointer: str, line: int) -> None:
    assert pointers.lines(OFFER)[pointer] == line


def test_what_is_missing_stands_where_it_would_be_and_the_whole_nowhere() -> None:
    found = pointers.lines(OFFER)
    assert pointers.line_of("/runs/1/capacity", found) == 8
    assert pointers.line_of("/keywords", found) is None
    assert pointers.line_of("", found) is None


def test_lines_at_fault_are_marked_and_all_others_are_not() -> None:
    shown = pointers.marked(OFFER, ["/price/member_cents", "/nowhere"])
    assert [line for line, bad in shown if bad] == ['            "member_cents": 29900},']
    assert "\n".join(line for line, _ in shown) == OFFER


@pytest.mark.parametrize("text", ["", "{", "[1, {", '{"a"', "}}]],,", '{"a": "b\\', "null", "\x00"])
def test_text_that_is_no_json_is_read_without_harm(text: str) -> None:
    assert all(line >= 1 for line in pointers.lines(text).values())
    assert pointers.pretty(text) in (text, "null")


def test_a_compact_text_gets_a_line_for_each_member_and_keeps_its_content() -> None:
    compact = json.dumps(json.loads(OFFER), ensure_ascii=False)
    shown = pointers.pretty(compact)
    assert pointers.lines(shown)["/runs/0/capacity"] > 1
    assert json.loads(shown) == json.loads(OFFER)


@pytest.mark.parametrize(
    ("text", "line", "column", "why"),
    [
        ('{\n  "a": 1\n  "b": 2\n}', 3, 3, "Komma"),
        ('{\n  "a": 1,\n}', 3, 1, "Name"),
        ('{"a" 1}', 1, 6, "Doppelpunkt"),
        ('{"a": }', 1, 7, "Wert"),
        ('{"a": 1} x', 1, 10, "Ende des Angebots"),
        ("[1]", 1, 1, "geschweiften Klammern"),
        ("[" * 100_000, 1, 1, "verschachtelt"),
    ],
)
def test_a_fault_is_told_with_line_column_and_reason(
    text: str, line: int, column: int, why: str
) -> None:
    value, fault = pointers.parsed(text)
    assert value is None
    assert fault is not None
    assert (fault.line, fault.column) == (line, column)
    assert why in fault.why


def test_an_object_is_parsed() -> None:
    assert pointers.parsed('{"a": [1]}') == ({"a": [1]}, None)


@pytest.mark.parametrize(
    "text", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"a": ' + "9" * 5000 + "}"]
)
def test_what_no_service_can_be_sent_is_a_fault(text: str) -> None:
    offer, fault = pointers.parsed(text)
    assert offer is None
    assert fault is not None
    assert fault.why == pointers.NOT_SENT


def test_a_text_that_no_page_can_show_indented_is_shown_as_it_came() -> None:
    half = '{"title":"\\ud800"}'
    assert pointers.pretty(half) == half
    steep = "[" * 500 + "1," * 5000 + "1" + "]" * 500
    assert pointers.pretty(steep) == steep
    assert pointers.pretty("[1,1,1]") == "[\n  1,\n  1,\n  1\n]"


def test_a_text_that_is_never_closed_and_one_without_a_bottom_are_read_at_once() -> None:
    began = monotonic()
    assert pointers.lines('"' + '\\"' * 100_000) == {"": 1}
    assert len(pointers.lines("[" * 100_000)) == pointers.DEEPEST + 1
    assert monotonic() - began < 5
