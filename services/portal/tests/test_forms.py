"""What is typed into forms, what becomes of it, and where a service's no is shown."""

from collections.abc import Callable
from typing import Any

import pytest
from portal import forms
from portal.backend import Refused
from portal.forms import Field

FIELDS = (
    Field("betrag", "Betrag", "/amount_cents", "euros"),
    Field("eingang", "Eingegangen am", "/received_on", "day"),
    Field("wer", "Name", "/signatory/name", optional=True),
    Field("ja", "Bestätigt", "", "ticked"),
)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (forms.cents, "1.000,00", 100_000),
        (forms.cents, "1000", 100_000),
        (forms.cents, "1.000 €", 100_000),
        (forms.cents, "999,9", 99_990),
        (forms.cents, "1000.50", 100_050),
        (forms.cents, "0,01", 1),
        (forms.integer, "1.284", 1284),
        (forms.integer, "1 284", 1284),
        (forms.integer, "7", 7),
        (forms.day, "14.1.27", "2027-01-14"),
        (forms.instant, "14.1.2027 9:30", "2027-01-14T09:30:00+01:00"),
        (forms.instant, "2027-07-14T09:30", "2027-07-14T09:30:00+02:00"),
        (forms.begin_of, "2027-07-14", "2027-07-14T00:00:00+02:00"),
    ],
)
def test_what_people_type_is_understood(
    read: Callable[[str], Any], text: str, value: object
) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (forms.cents, "viel"),
        (forms.cents, "-5"),
        (forms.cents, "1,000.00"),
        (forms.cents, "1.00.0"),
        (forms.integer, "12.5"),
        (forms.integer, "1.28"),
        (forms.integer, "zwölf"),
        (forms.day, "31.2.2027"),
        (forms.day, "0001-01-01"),
        (forms.begin_of, "0001-01-01"),
        (forms.instant, "0001-01-01 0:00"),
        (forms.integer, "9" * 21),
        (forms.integer, "9" * 5000),
        (forms.cents, "9" * 5000),
        (forms.cents, "9" * 400 + ",00"),
        (forms.instant, "14.1.2027"),
        (forms.instant, "14.1.2027 25:00"),
        (forms.mail, "nora"),
        (forms.ticked, ""),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"\.|:"):
        read(text)


def test_what_no_list_offers_is_not_chosen() -> None:
    field = Field("art", "Art", "/kind", "choice", options=(("town", "Stadt"),))
    assert forms.read({"art": "town"}, [field]) == ({"kind": "town"}, {})
    assert forms.read({"art": "castle"}, [field]) == ({}, {"art": forms.MISSING})


def test_the_body_of_the_request_has_what_was_typed_at_its_places() -> None:
    values = {"betrag": "12,50", "eingang": "2027-01-14", "wer": "Nora", "ja": "ja"}
    body, errors = forms.read(values, FIELDS)
    assert body == {
        "amount_cents": 1250,
        "received_on": "2027-01-14",
        "signatory": {"name": "Nora"},
    }
    assert errors == {}


def test_what_is_missing_or_unreadable_is_said_at_its_field_and_optional_ones_may_be_empty() -> (
    None
):
    values = {"betrag": "viel", "eingang": "", "wer": "", "ja": ""}
    body, errors = forms.read(values, FIELDS)
    assert body == {}
    assert list(errors) == ["betrag", "eingang", "ja"]


def test_pointers_of_a_no_lead_to_fields_and_the_rest_stands_above() -> None:
    no = Refused(
        422,
        {
            "errors": [
                {"pointer": "/amount_cents", "detail": "muss größer als 0 sein"},
                {"pointer": "/received_on", "detail": "Das liegt in der Zukunft."},
                {"pointer": "/shares", "detail": "Etwas anderes."},
            ]
        },
    )
    assert forms.by_field(no, FIELDS) == {
        "betrag": "Betrag: muss größer als 0 sein",
        "eingang": "Das liegt in der Zukunft.",
        "": "Etwas anderes.",
    }


def test_a_no_without_places_is_said_as_it_is() -> None:
    assert forms.by_field(Refused(409, {"detail": "Das geht nicht."}), FIELDS) == {
        "": "Das geht nicht."
    }
