"""Files that people take away."""

import csv
import io

import pytest
from portal import sheets


@pytest.mark.parametrize("cell", ["=1+1", "+49 6252", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_would_compute_gets_an_apostrophe(cell: str) -> None:
    assert sheets.safe(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "Müller", "11201", "353,00", "a=b"])
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert sheets.safe(cell) == cell


@pytest.mark.parametrize(
    ("cents", "shown"), [(35300, "353,00"), (5, "0,05"), (124000, "1240,00"), (0, "0,00")]
)
def test_an_amount_is_a_number_for_a_german_spreadsheet(cents: int, shown: str) -> None:
    assert sheets.amount(cents) == shown


def test_an_amount_that_is_not_known_is_an_empty_cell() -> None:
    assert sheets.amount(None) == ""


def test_a_file_opens_with_its_umlauts_and_columns() -> None:
    made = sheets.written([["Person", "Preis"], ["Jürgen; Müller", "353,00"], ["=cmd()", ""]])
    assert made.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(made.decode("utf-8-sig")), delimiter=";"))
    assert rows == [["Person", "Preis"], ["Jürgen; Müller", "353,00"], ["'=cmd()", ""]]


LINES = [["Name", "Dienst-E-Mail"], ["Jürgen Müller", "juergen@kreis.example"]]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_file_is_read_whatever_program_wrote_it(encoding: str, separator: str) -> None:
    text = "\r\n".join(separator.join(line) for line in LINES) + "\r\n"
    sheet = sheets.read(text.encode(encoding))
    assert sheet == sheets.Sheet(LINES, encoding, separator)


def test_the_mark_of_utf8_is_no_part_of_the_first_cell() -> None:
    assert sheets.read(b"\xef\xbb\xbfName;Mail\n").lines == [["Name", "Mail"]]


def test_a_name_with_a_comma_does_not_hide_the_semicolon() -> None:
    text = "Müller, Jürgen; juergen@kreis.example\nProbe, Gül; guel@kreis.example\n"
    assert sheets.read(text.encode()).lines == [
        ["Müller, Jürgen", "juergen@kreis.example"],
        ["Probe, Gül", "guel@kreis.example"],
    ]


def test_quoted_cells_keep_their_separator_and_empty_lines_are_left_out() -> None:
    text = '\n"Müller; Jürgen";j@kreis.example\n;\n\n'
    assert sheets.read(text.encode()).lines == [["Müller; Jürgen", "j@kreis.example"]]


def test_people_can_say_that_a_file_is_to_be_read_in_another_way() -> None:
    content = "Jürgen,j@kreis.example\n".encode()
    assert sheets.read(content, "cp1252", ";").lines == [["JÃ¼rgen,j@kreis.example"]]


def test_what_was_written_can_be_read_again() -> None:
    assert sheets.read(sheets.written(LINES)).lines == LINES


def test_a_cell_that_never_ends_makes_no_table() -> None:
    assert sheets.read(b'"' + b"a" * 140_000).lines == []
