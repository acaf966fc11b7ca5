"""Every check of the portal's answers fails where it should; and every route has a good request."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import pytest
from portal import pages as portal_pages
from portal.app import PRIVATE
from starlette.routing import BaseRoute, Route

from tests.fuzz import people
from tests.fuzz.fields import MULTIPART, URLENCODED, Field, read, written
from tests.fuzz.inputs import Answer, Input
from tests.fuzz.mutator import Mutator
from tests.fuzz.web.good import MISFITS, SEEDS
from tests.fuzz.web.kit import PORTAL, WHOS
from tests.fuzz.web.pages import judge

CANARY = "kc0123456789abcd"
GIVEN = Input("GET /kurse", "/kurse", b"q=%3Ckc0123456789abcd%3E", token="ops", canary=CANARY)
ENGLISH = Input("GET /kurse", "/en/kurse", token="ops")
GUARDED = {
    "content-type": "text/html; charset=utf-8",
    "x-correlation-id": "12345678-abc",
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
}
TEXT = '<!doctype html>\n<html lang="de"><a>Zum Inhalt springen</a><h1>Das ging nicht</h1>{}</html>'


def answered(status: int = 422, inside: str = "", text: str = TEXT, **changed: str) -> Answer:
    """A good page with something in it; a header that is changed to nothing is left out."""
    headers = GUARDED | {name.replace("_", "-"): value for name, value in changed.items()}
    packed = [(name.encode(), value.encode()) for name, value in headers.items() if value]
    return Answer(status, packed, text.replace("{}", inside).encode())


@pytest.mark.parametrize("status", [200, 303, 400, 403, 404, 405, 409, 414, 422])
def test_a_page_in_its_language_is_no_finding(status: int) -> None:
    shown = f'<input value="&lt;{CANARY}&gt;"> {CANARY}'
    assert judge(GIVEN, answered(status, shown)) == []
    assert judge(GIVEN, answered(503, retry_after="5")) == []
    english = TEXT.replace('"de"', '"en"').replace("Zum Inhalt springen", "Skip to content")
    assert judge(ENGLISH, answered(status, text=english)) == []


BAD: list[tuple[Answer, str]] = [
    (Answer(error="hung for 90 s"), "no-answer"),
    (answered(500), "status: 500"),
    (answered(502), "status: 502"),
    (answered(503), "503 without Retry-After"),
    (answered(418), "status: 418"),
    (answered(302), "status: 302"),
    (answered(416), "status: 416"),
    (answered(x_correlation_id=""), "correlation"),
    (answered(content_security_policy=""), "no content-security-policy"),
    (answered(x_content_type_options=""), "no x-content-type-options"),
    (answered(303, location="//evil.example"), "leads elsewhere"),
    (answered(303, location="/\\evil.example"), "leads elsewhere"),
    (answered(303, location="https://evil.example/"), "leads elsewhere"),
    (answered(303, location="http://127.0.0.1.evil.example/"), "leads elsewhere"),
    (answered(200, x_name="a\r\nset-cookie: b"), "line break"),
    (answered(content_type="text/plain"), "an error as text/plain"),
    (answered(content_type=""), "an error as nothing"),
    (answered(content_type="application/problem+json"), "an error as application/problem+json"),
    (answered(text="<h1>Fehler</h1>"), "no whole page"),
    (answered(text="<!doctype html><html lang='de'></html>"), "no whole page"),
    (answered(text=TEXT.replace('"de"', '"en"')), "another language than its address"),
    (answered(200, text=TEXT.replace("Zum Inhalt springen", "Skip")), "words of another language"),
    (answered(inside=f"<p><{CANARY}>"), "as markup"),
    (answered(200, inside="<KC00112233445566aa>"), "as markup"),
    (answered(inside=people.SECRET_NAME), "personal data"),
    (answered(200, inside=people.SECRET_MAIL), "personal data"),
    (answered(inside="Traceback (most recent call last)"), "trace"),
    (answered(inside="in portal/page.py"), "trace"),
    (answered(200, inside="UploadFile(filename=x)"), "trace"),
    (answered(200, inside="KeyError"), "trace"),
    (answered(inside="<object at 0x7f0000001000>"), "trace"),
]


@pytest.mark.parametrize(("answer", "said"), BAD)
def test_a_bad_answer_is_found(answer: Answer, said: str) -> None:
    assert said in "; ".join(judge(GIVEN, answer))


def test_what_no_person_looks_at_may_be_refused_in_another_form() -> None:
    refused = answered(401, text="{}", content_type="application/json")
    assert judge(Input("GET /sitzung", "/en/sitzung"), refused) == []
    assert "an error as" in "; ".join(judge(GIVEN, refused))


def test_what_somebody_typed_is_no_trace() -> None:
    typed = Input("GET /kurse", "/kurse", b"q=%2Fusr%2Fbin+KeyError")
    assert judge(typed, answered(200, "/usr/bin KeyError")) == []
    assert "trace" in "; ".join(judge(typed, answered(200, "/home/x")))


def test_the_office_may_see_whose_declaration_it_is() -> None:
    office = Input("GET /kurse", "/kurse", token="office")
    assert judge(office, answered(422, people.SECRET_NAME)) == []


def routes(known: list[BaseRoute]) -> set[str]:
    """The names of routes: method and path."""
    return {
        f"{method} {re.sub(r':[a-z]+}', '}', route.path)}"
        for route in known
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_every_route_of_the_portal_has_a_good_request() -> None:
    known = routes([*PRIVATE, *portal_pages.routes()])
    assert known == {good.route for good in SEEDS} - {*MISFITS}
    assert "POST /kurse/{offer_id}" in known


def test_every_route_gets_its_share_and_every_kind_of_person_asks() -> None:
    made = list(islice(Mutator(SEEDS, 7, PORTAL), 6000))
    shares = Counter(given.route for given in made)
    assert max(shares.values()) - min(shares.values()) <= 12  # the seeds themselves
    assert {given.token for given in made} == set(WHOS)
    kinds = {how.partition(":")[0] for given in made for how in given.made_by}
    assert kinds == {"body", "bytes", "path", "query", "header", "token"}
    names = {how for given in made for how in given.made_by if how.startswith("header:")}
    wanted = ("origin", "referer", "cookie", "hx-target", "last-event-id", "content-type")
    assert names >= {f"header:{name}" for name in wanted}
    bodies = b"\n".join(given.body for given in made)
    assert not [part for part in (b"%3Ckc", b"<kc", b"9" * 5000, b"evil") if part not in bodies]


def test_a_form_is_read_as_it_was_written() -> None:
    form = [Field(b"_csrf", b"@@csrf@@"), Field(b"a", b"b+c%20"), Field(b"a", b"")]
    assert read(written(form, URLENCODED), URLENCODED) == form
    form.append(Field(b"datei", b"a;b\r\n\r\nc\r\n", b"x.csv"))
    assert read(written(form, MULTIPART), MULTIPART) == form
    form.append(Field(b"last", b"text"))
    assert read(written(form, MULTIPART), MULTIPART) == form
    assert read(b"no form", MULTIPART) == []
