"""How a good request to the portal is written down: a look at a page, or a form of one.

`@@service.name@@` is filled with an id of that service's world; `@@csrf@@` with the secret of the
session of who asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote_plus

from tests.fuzz.bodies import NEW
from tests.fuzz.fields import BOUNDARY, MULTIPART, URLENCODED, Field, written
from tests.fuzz.good import good
from tests.fuzz.inputs import Input

Fields = Mapping[str, str | list[str]]
EN = "/en"
KEY = {"schluessel": NEW}


def seen(route: str, who: str = "", query: str = "", lang: str = "", **more: str) -> Input:
    """Somebody looks at a page."""
    made = good(route, who=who, query=query, **more)
    return replace(made, path=f"{lang}{made.path}")


def sent(route: str, who: str, form: Fields, lang: str = "", **more: str) -> Input:
    """Somebody sends a form."""
    made = seen(route, who, lang=lang, **more)
    text = [Field(name, quote_plus(value, safe="@").encode()) for name, value in _pairs(form)]
    headers = (*made.headers, (b"content-type", URLENCODED))
    return replace(made, headers=headers, body=written(text, URLENCODED))


def brought(
    route: str, who: str, form: Fields, file: tuple[str, bytes], lang: str = "", **more: str
) -> Input:
    """The same with a file in the field `datei`."""
    made = seen(route, who, lang=lang, **more)
    parts = [Field(name, value.encode()) for name, value in _pairs(form)]
    parts.append(Field(b"datei", file[1], file[0].encode()))
    kind = MULTIPART + b"; boundary=" + BOUNDARY
    return replace(
        made, headers=(*made.headers, (b"content-type", kind)), body=written(parts, MULTIPART)
    )


def _pairs(form: Fields) -> Iterable[tuple[bytes, str]]:
    yield b"_csrf", "@@csrf@@"
    for name, value in form.items():
        for each in [value] if isinstance(value, str) else value:
            yield name.encode(), each
