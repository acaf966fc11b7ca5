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
