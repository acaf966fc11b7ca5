"""Controls: what is planted in pages is found; the people of a campaign are who they should be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from chassis.testing_issuer import Issuer
from portal.door import Door
from portal.settings import Settings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.fuzz.campaign import Campaign, Report
from tests.fuzz.mutator import Mutator
from tests.fuzz.tokens import Tokens
from tests.fuzz.web import pages, work
from tests.fuzz.web.kit import PORTAL
from tests.fuzz.web.sending import brought, seen, sent
from tests.fuzz.web.test_pages import TEXT
from tests.fuzz.web.work import SETTINGS, Visitor

SEEDS = [
    seen("GET /dinge", "employee", "q=@@canary@@&seite=1"),
    sent("POST /dinge", "office", {"name": "@@canary@@", "zahl": "1"}),
    brought("POST /dinge", "office", {"name": "a"}, ("a.csv", b"a;b")),
]
Answers = Callable[[Request], Awaitable[Response]]


def page(inside: str, status: int = 200) -> Response:
    """A page that is as it should be."""
    return HTMLResponse(TEXT.replace("{}", inside), status)


async def keeps(_request: Request) -> Response:
    """Nothing is wrong."""
    return page("")


async def breaks(request: Request) -> Response:
    """Takes for a number what is none."""
    int(request.query_params.get("seite", "1"))
    return page("")


async def breaks_on_a_form(request: Request) -> Response:
    """Takes every field for a text."""
    form: Any = await request.form()
    form.get("name", "").strip()
    return page("")


async def echoes(request: Request) -> Response:
    """Shows as markup what came in the query."""
    return page(request.query_params.get("q", ""), 422)


async def leads_away(request: Request) -> Response:
    """Goes wherever it is told to."""
    return RedirectResponse(request.query_params.get("q") or "/", 303)


async def shrugs(_request: Request) -> Response:
    """An error that is no page."""
    return PlainTextResponse("no", 404)


async def tarries(_request: Request) -> Response:
    """Answers too late."""
    await asyncio.sleep(0.04)
    return page("")


async def lost(_request: Request, error: Exception) -> Response:
    """A page for what is not there."""
    return page("", getattr(error, "status_code", 404))


class NoSessions:
    """There is no database here: everybody is a visitor."""

    def cookie(self, _name: str) -> bytes:
        return b""

    def csrf(self, _name: str) -> bytes:
        return b"secret"

    async def sign_in(self, *_names: str) -> None:
        """Nobody does."""


async def found_in(answer: Answers, monkeypatch: pytest.MonkeyPatch) -> Report:
    """What a short campaign finds in a program with the portal's door and this behind it."""
    if answer is tarries:
        monkeypatch.setattr(work, "LONGEST_SECONDS", 0.03)
    issuer, report = Issuer(), Report()
    told = {**SETTINGS, "database_url": "postgresql+asyncpg://p@127.0.0.1/p", "jwks_url": ""}
    settings = Settings(**told, issuer=issuer.url)
    app = Starlette(
        routes=[Route("/{path:path}", answer, methods=["GET", "POST"])],
        middleware=[Middleware(Door, settings=settings)],
        exception_handlers={HTTPException: lost},
    )
    people: Any = NoSessions()

    async def nothing() -> None:
        """There is no world."""

    send = Visitor(app, Tokens(issuer), lambda text: text, people)
    campaign = Campaign(send, pages.judge, nothing, report)
    await campaign.run(Mutator(SEEDS, 1, PORTAL), 100 if answer is tarries else 1500)
    issuer.close()
    return report


PLANTED: list[tuple[Answers, str]] = [
    (breaks, "raised ValueError"),
    (breaks_on_a_form, "raised AttributeError"),
    (echoes, "as markup"),
    (leads_away, "leads elsewhere"),
    (shrugs, "an error as text/plain"),
    (tarries, "took longer than"),
]


@pytest.mark.parametrize(("answer", "said"), PLANTED)
async def test_control_a_planted_bug_is_found(
    answer: Answers, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = await found_in(answer, monkeypatch)
    assert any(said in name for name in report.counts), report.counts


async def test_where_nothing_is_planted_only_english_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planted page knows one language; nothing else is complained about."""
    report = await found_in(keeps, monkeypatch)
    assert {name.partition(": ")[2] for name in report.counts} <= {
        "page: in another language than its address"
    }
