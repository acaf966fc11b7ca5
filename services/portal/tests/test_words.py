"""Both languages say everything."""

import re

from babel.messages.pofile import read_po
from portal import words

PLACES = re.compile(r"%\(\w+\)s|#")


def test_the_catalogue_holds_every_text_of_pages_and_code_and_nothing_else() -> None:
    with words.path_of("en").open("rb") as file:
        kept = {message.id for message in read_po(file, locale="en") if message.id}
    assert kept == {message.id for message in words.collected() if message.id}


def test_every_text_is_translated_with_the_same_places() -> None:
    with words.path_of("en").open("rb") as file:
        catalog = read_po(file, locale="en")
    assert words.untranslated(catalog) == []
    for message in catalog:
        if not message.id or isinstance(message.id, tuple | list):
            continue
        assert sorted(PLACES.findall(message.id)) == sorted(PLACES.findall(str(message.string)))


def test_a_text_is_said_in_the_language_of_the_page() -> None:
    assert words.translations("en").gettext("Platz anfragen") == "Request a seat"
    assert words.translations("de").gettext("Platz anfragen") == "Platz anfragen"
    assert words.translations("en").ngettext("Eine Stunde", "%(num)s Stunden", 2) == "%(num)s hours"
