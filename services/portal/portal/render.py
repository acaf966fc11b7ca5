"""Templates: Jinja with the formats and texts of one language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from portal import areas, assets, formats, states, words
from portal.backend import Down

if TYPE_CHECKING:
    from portal.page import Page

TEMPLATES = Path(__file__).parent / "templates"
FORMATS = (
    formats.euros, formats.number, formats.counted, formats.decimal, formats.percent,
    formats.measured, formats.tick,
    formats.day, formats.on_day, formats.short_day, formats.moment, formats.short_moment,
    formats.period, formats.short_period, formats.hours_of_day, formats.date_block,
)  # fmt: skip
INSTANTS = (formats.moment, formats.short_moment, formats.on_day)


def translate(lang: str, text: str) -> str:
    """A text of the catalogue."""
    return words.translations(lang).gettext(text)


def counted(lang: str, texts: tuple[str, str], number: int) -> str:
    """A text of the catalogue that depends on a number."""
    return words.translations(lang).ngettext(*texts, number)


@cache
def environment(lang: str) -> Environment:
    """The templates of one language."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    said: Any = env
    said.install_gettext_translations(words.translations(lang), newstyle=True)
    for function in FORMATS:
        env.filters[function.__name__] = _local(function, lang)
    env.filters["utc"] = formats.utc
    env.filters["instant"] = formats.instant
    env.globals |= {
        "remaining": formats.remaining,
        "states": states,
        "asset": assets.url,
        "structured": structured,
    }
    env.tests["down"] = lambda value: isinstance(value, Down)
    return env


def _local(function: Any, lang: str) -> Any:
    """A format bound to its language, whatever stands before `lang` in its arguments."""
    if function in (formats.period, formats.short_period, formats.hours_of_day):
        return lambda start, end: function(start, end, lang)
    if function in INSTANTS:
        return lambda value, *more, **named: timed(value, function(value, lang, *more, **named))
    return lambda value, *more, **named: partial(function, value, lang)(*more, **named)


def timed(instant: str, words: str) -> Markup:
    """Words for an instant that a machine can read, too."""
    return Markup('<time datetime="{}">{}</time>').format(formats.utc(instant), words)


def structured(data: Mapping[str, Any]) -> Markup:
    """JSON-LD as the content of its element: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False)
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(safe)  # noqa: S704 - escaped above, and it is data, not script


def page(page: Page, template: str, context: Mapping[str, Any]) -> str:
    """The text of a page."""
    session = page.session
    other = "en" if page.lang == "de" else "de"
    path = page.request.state.path
    frame = {
        "page": page,
        "lang": page.lang,
        "at": page.at,
        "now": page.now,
        "me": page.me,
        "nav": areas.navigation(page),
        "elsewhere": areas.elsewhere(page),
        "other_lang": other,
        "other_url": _other(page, path),
        "theme": page.request.cookies.get("kc_ansicht", "light"),
        "session": session.news(page.sealer.key, page.now) if session else None,
        "session_until": _until(page),
        "csrf": session.csrf(page.sealer.key) if session else "",
        "back": page.here,
    }
    return environment(page.lang).get_template(template).render({**frame, **context})


def _until(page: Page) -> str:
    """The hour at which the session ends, for a page whose script does not warn of it."""
    if page.session is None or page.session.end is None:
        return ""
    return formats.clock(page.session.end.until.astimezone(formats.BERLIN), page.lang)


def _other(page: Page, path: str) -> str:
    query = page.query_text
    prefix = "/en" if page.lang == "de" else ""
    return f"{prefix}{path}".removesuffix("/") + (f"?{query}" if query else "") or "/"
