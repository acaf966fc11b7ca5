"""What every answer of the portal has to keep, whatever was sent: from an answer to complaints.

`judge` gives all complaints about one answer; `test_pages.py` shows every one of them failing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_to_bytes

from portal.door import language

from tests.fuzz import people
from tests.fuzz.checks import correlation
from tests.fuzz.inputs import Answer, Input

HTML = "text/html"
FINE = frozenset({200, 303})
REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 413, 414, 422})
BODY_OF_A_FILE = frozenset({206, 304, 416})
OTHERWISE = {
    "/live": "",
    "/abmelden/rueckkanal": "",
    "/sitzung": "application/json",
    "/health/ready": "text/plain",
    "/health/serving": "text/plain",
    "/static": "text/plain",
}
"""Where an error may be something else than a page: what no person looks at."""
MARKUP = re.compile(rb"<kc[0-9a-f]{14}", re.IGNORECASE)
TRACE = re.compile(
    rb"Traceback|\.py\b|File \"|site-packages|sqlalchemy|asyncpg|psycopg|pydantic|starlette|httpx|"
    rb"jinja2|UploadFile\(|set_int_max_str_digits|postgresql|0x[0-9a-f]{8,}|/home/|/usr/|"
    rb"\b[A-Z][A-Za-z]*(?:Error|Exception)\b",
)
FIRST_WORDS = {"de": b"Zum Inhalt springen", "en": b"Skip to content"}
"""With these every page begins."""
OURS = re.compile(rb"/(?![/\\])|http://127\.0\.0\.1(:[0-9]+)?(/|$)")
SHOWS_ERRORS = "/betrieb/nachrichten/"
"""There operations read by which error a message failed."""
KNOW_NOBODY = ("", "ended", "provider", "ops")
"""Who is never shown the name of anybody."""


def judge(given: Input, answer: Answer) -> list[str]:
    """Everything that is wrong with an answer of the portal."""
    if answer.error:
        return [f"no-answer: {answer.error}"]
    found = [*status(given, answer), *correlation(answer), *headers(answer)]
    found += secrets(given, answer)
    if answer.kind == HTML:
        found += [*page(given, answer), *markup(answer), *trace(given, answer)]
    elif answer.status >= 400 and not _is_otherwise(given, answer):
        found.append(f"page: an error as {answer.kind or 'nothing'}")
    return found


def _path(given: Input) -> str:
    return language(unquote(given.path))[1]


def _is_otherwise(given: Input, answer: Answer) -> bool:
    path = _path(given)
    return any(
        answer.kind == kind and (path == place or path.startswith(f"{place}/"))
        for place, kind in OTHERWISE.items()
    )


def status(given: Input, answer: Answer) -> Iterator[str]:
    """Only statuses that people are told of; no 5xx but 503 with the seconds until a new try."""
    if answer.status == 503:
        if not re.fullmatch(rb"[0-9]{1,5}", answer.header(b"retry-after") or b""):
            yield "status: 503 without Retry-After"
        return
    if answer.status in BODY_OF_A_FILE and _path(given).startswith("/static/"):
        return
    if answer.status not in FINE | REFUSALS:
        yield f"status: {answer.status}"


def headers(answer: Answer) -> Iterator[str]:
    """Nobody is sent elsewhere, nothing breaks out of a header, and every answer is guarded."""
    where = answer.header(b"location")
    if where is not None and not OURS.match(where):
        yield "headers: it leads elsewhere"
    if any(b"\r" in value or b"\n" in value for _, value in answer.headers):
        yield "headers: a line break"
    for name in (b"content-security-policy", b"x-content-type-options"):
        if not answer.header(name):
            yield f"headers: no {name.decode()}"


def page(given: Input, answer: Answer) -> Iterator[str]:
    """A whole page in the language of its address; a piece of one only where nothing failed."""
    whole = b"<!doctype html>" in answer.body and b"</html>" in answer.body
    if answer.status >= 400 and not (whole and b"<h1" in answer.body):
        yield "page: an error that is no whole page"
    if not whole:
        return
    lang = language(unquote(given.path))[0]
    if f'<html lang="{lang}"'.encode() not in answer.body:
        yield "page: in another language than its address"
    elif FIRST_WORDS[lang] not in answer.body:
        yield "page: with words of another language"


def markup(answer: Answer) -> Iterator[str]:
    """What was sent, now or before, is shown as text and never as markup."""
    if MARKUP.search(answer.body):
        yield "echo: what was sent stands there as markup"


def secrets(given: Input, answer: Answer) -> Iterator[str]:
    """Whoever has nothing to do with people sees no name of anybody."""
    if given.token not in KNOW_NOBODY:
        return
    if any(s.encode() in answer.body for s in (people.SECRET_NAME, people.SECRET_MAIL)):
        yield "echo: personal data"


def trace(given: Input, answer: Answer) -> Iterator[str]:
    """Nothing of the inside: no stack, no path, no library; unless somebody typed just that."""
    sent = b" ".join((given.body, given.query, given.path.encode(), *(v for _, v in given.headers)))
    typed = unquote_to_bytes(sent.replace(b"+", b" "))
    if answer.status in (200, 422) and _path(given).startswith(SHOWS_ERRORS):
        return
    for found in TRACE.finditer(answer.body):
        if found[0] not in typed:
            yield f"trace: {found[0].decode('latin-1')[:40]}"
            return
