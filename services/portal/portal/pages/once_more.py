"""What was sent while nobody was signed in: once more, by a button."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import again, areas, door
from portal.page import Flash, Page
from portal.pages import screen
from portal.words import N_

GONE = N_("Was Sie zuletzt gesendet haben, ist nicht mehr gespeichert. Es wurde nichts geändert.")


async def show(page: Page) -> Response:
    """The form as it was sent. Who else signs in meanwhile does not see it."""
    sent = await again.kept(page, page.request.path_params["ref"])
    if sent is None:
        return page.go("/", Flash("warning", page.say(GONE)))
    place = areas.around(door.language(sent.action)[1].partition("?")[0])
    return await page.render("errors/again.html", resend=sent, place=place)


def routes() -> list[BaseRoute]:
    """The address."""
    return [screen("/noch-einmal/{ref:uuid}", show)]
