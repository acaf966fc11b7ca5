"""Help, accessibility, plain language, privacy, imprint."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal.page import Page, Screen
from portal.pages import screen

NAMES = {
    "/hilfe": "help",
    "/barrierefreiheit": "accessibility",
    "/leichte-sprache": "plain",
    "/datenschutz": "privacy",
    "/impressum": "imprint",
    "/mitgliedschaft": "membership",
}


def _text(name: str) -> Screen:
    async def show(page: Page) -> Response:
        return await page.render(f"texts/{name}.html")

    return show


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [screen(path, _text(name), public=True) for path, name in NAMES.items()]
