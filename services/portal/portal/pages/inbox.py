"""What I was told."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import longer
from portal.page import Page
from portal.pages import action, screen

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
    inside = target.startswith("/") and not target.startswith(("//", "/\\"))
    return page.go(target.removeprefix("/en") if inside else "/posteingang")


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [
        screen("/posteingang", inbox),
        screen("/posteingang/anzahl", count),
        action("/posteingang/{notice_id:uuid}/gelesen", read),
    ]
