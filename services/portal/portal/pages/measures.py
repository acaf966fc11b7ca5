"""Every panel of the dashboards, of operations and of the business, one row of them at a time."""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import drawn, panels
from portal.drawn import SPANS
from portal.figures import Figures
from portal.page import Page
from portal.pages import screen

HERE = "/betrieb/kennzahlen"
LONG = "now-7d"
"""How a dashboard says that it looks a week back."""


async def show(page: Page) -> Response:
    """One section. Only its panels are asked for; the script fetches it every ten seconds."""
    sections = panels.sections()
    wanted = page.query.get("bereich", "")
    section = next((each for each in sections if each.name == wanted), sections[0])
    span = drawn.span_of(page, "7t" if section.since == LONG else "1h")
    frame = drawn.frame_of(page, span)
    source: Figures | None = page.request.app.state.figures
    asked = [drawn.ask(page, source, panel, frame) for panel in section.panels] if source else []
    answers = await asyncio.gather(*asked)
    pictures = [
        drawn.draw(page, panel, each, frame)
        for panel, each in zip(section.panels, answers, strict=False)
    ]
    return await page.render(
        "operations/measures.html",
        tabs=[(each.name, panels.say(page.lang, each.title)) for each in sections],
        section=section.name,
        title=panels.say(page.lang, section.title),
        span=span,
        spans=SPANS,
        chosen=page.query.get("zeitraum", ""),
        link=partial(drawn.address, HERE, bereich=section.name, zeitraum=span),
        pictures=[] if all(each.kind == "down" for each in pictures) else pictures,
        asked=source is not None,
        table=page.query.get("tabelle", ""),
    )


def routes() -> list[BaseRoute]:
    """The address."""
    return [screen(HERE, show, roles=("ops",))]
