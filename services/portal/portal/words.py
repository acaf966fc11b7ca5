"""The languages of the portal: German is written in the pages, English stands in its catalogue.

The panels of the dashboards are the other way round: written in English where Grafana has them,
`locale/de/LC_MESSAGES/panels.po` says them in German.

`locale/en/LC_MESSAGES/portal.po` is kept by `python -m portal.words` (it collects what is new; a
test holds that nothing is missing). A page in English has the same path under `/en`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import Translations

PACKAGE = Path(__file__).parent
LANGUAGES = ("de", "en")
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.do", "newstyle_gettext": "true"}}
CREATED = datetime(2026, 11, 25, tzinfo=UTC)
KEYWORDS = {"N_": None, "NN_": (1, 2), "_": None, "gettext": None, "ngettext": (1, 2)}


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translated later"
    """Mark a text for the catalogue; it is translated where it is shown."""
    return text


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 - like `N_`
    """Mark a text with its plural; `%(num)s` is the number."""
    return (one, many)


def path_of(lang: str, of: str = "portal") -> Path:
    """The catalogue of a language, for the pages or for the panels (`of`)."""
    return PACKAGE / "locale" / lang / "LC_MESSAGES" / f"{of}.po"


@cache
def translations(lang: str, of: str = "portal") -> NullTranslations:
    """How a language says it; German is what the pages say, English what the panels say."""
    if lang == {"portal": "de", "panels": "en"}[of]:
        return NullTranslations()
    with path_of(lang, of).open("rb") as file:
        catalog = read_po(file, locale=lang)
    packed = io.BytesIO()
    write_mo(packed, catalog)
    packed.seek(0)
    return Translations(packed)


def collected() -> Catalog:
    """Every text of the pages and the code."""
    catalog = Catalog(project="KommunalCampus portal", version="1")
    found = extract_from_dir(
        PACKAGE, METHODS, OPTIONS, KEYWORDS, comment_tags=("Note:",), strip_comment_tags=True
    )
    for file, _line, message, comments, context in found:
        catalog.add(message, None, [(file, 0)], auto_comments=comments, context=context)
    return catalog


def update(lang: str) -> Catalog:
    """Bring a catalogue up to date, keeping what is translated."""
    with path_of(lang).open("rb") as file:
        catalog = read_po(file, locale=lang)
    catalog.update(collected(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.creation_date = catalog.revision_date = CREATED  # what changes is the texts
    with path_of(lang).open("wb") as file:
        write_po(
            file, catalog, width=100, omit_header=False, sort_output=True, include_lineno=False
        )
    return catalog


def untranslated(catalog: Catalog) -> list[str]:
    """Texts without a translation."""
    return [str(message.id) for message in catalog if message.id and not _said(message.string)]


def _said(string: str | Sequence[str] | None) -> bool:
    return bool(string) if isinstance(string, str) or string is None else all(string)


if __name__ == "__main__":
    missing = [text for lang in LANGUAGES[1:] for text in untranslated(update(lang))]
    for text in missing:
        print(text)  # noqa: T201
    sys.exit(1 if missing else 0)
