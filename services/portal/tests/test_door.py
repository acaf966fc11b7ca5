"""What passes the door, and where nobody is sent."""

import pytest
from portal.door import comes_from_here, is_our_form, language
from portal.pages.courses import day_of
from portal.pages.signing import local
from starlette.requests import Request

HOME = "https://campus.example"


def request(**headers: str) -> Request:
    packed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": packed})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/en", ("en", "/")),
        ("/en/kurse", ("en", "/kurse")),
        ("/kurse", ("de", "/kurse")),
        ("/england", ("de", "/england")),
        ("/en//evil.example", ("en", "/evil.example")),
        ("/en///", ("en", "/")),
    ],
)
def test_english_is_the_same_path_under_en(path: str, found: tuple[str, str]) -> None:
    assert language(path) == found


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "",
        "/a\\b",
        "/a\nb",
        "//[",
        "/" + "a" * 2000,
    ],
)
def test_nobody_is_sent_elsewhere_after_the_sign_in(path: str) -> None:
    assert local(path) == "/"


def test_a_path_of_ours_is_kept_with_its_query() -> None:
    assert local("/kurse?q=E-Akte&format=hybrid") == "/kurse?q=E-Akte&format=hybrid"


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
        ({"origin": HOME}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({}, True),
    ],
)
def test_only_pages_of_ours_send_forms(headers: dict[str, str], ours: bool) -> None:
    assert comes_from_here(request(**headers), f"{HOME}/") is ours


def test_a_form_needs_the_secret_of_its_session() -> None:
    assert is_our_form("a" * 40, "a" * 40)
    assert not is_our_form("a" * 40, "b" * 40)
    assert not is_our_form("", "")


@pytest.mark.parametrize(
    ("text", "found"),
    [("14.1.27", "2027-01-14"), ("14.01.2027", "2027-01-14"), ("2027-01-14", "2027-01-14")],
)
def test_days_are_understood_as_people_type_them(text: str, found: str) -> None:
    assert str(day_of(text)) == found


@pytest.mark.parametrize("text", ["31.2.2027", "morgen", "1.1", "2027-13-01", "1.1.20270"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert day_of(text) is None
