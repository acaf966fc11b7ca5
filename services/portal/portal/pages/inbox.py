"""What I was told."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import longer
from portal.door import language
from portal.page import Page
from portal.pages import action, screen
from portal.pages.signing import local

HERE = "/posteingang"
NOTICES = "/api/notifications/notices"


async def inbox(page: Page) -> Response:
    """The newest first; unread ones stand out."""
    only_unread = page.query.get("ungelesen") == "1"
    unread = "true" if only_unread else None
    rows = await longer.read(
        page,
        lambda cursor, limit: page.api.get(NOTICES, unread=unread, cursor=cursor, limit=limit),
    )
    return await page.render("inbox.html", found=rows.found, rows=rows, only_unread=only_unread)


async def count(page: Page) -> Response:
    """The way to the inbox, with the count of unread messages as it is now."""
    found = await page.api.get(NOTICES, limit=1)
    return await page.render("inbox_link.html", unread=found["unread"])


async def read(page: Page) -> Response:
    """Mark one as read, and go where it leads."""
    form = await page.form()
    await page.api.send("POST", f"{NOTICES}/{page.part_of('notice_id')}/read")
    target = str(form.get("ziel", ""))
    return page.go(language(target)[1] if target == local(target) else HERE)


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [
        screen(HERE, inbox),
        screen("/posteingang/anzahl", count),
        action("/posteingang/{notice_id:uuid}/gelesen", read),
    ]
