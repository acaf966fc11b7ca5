"""A form that was sent and not carried out: what it said, and where it stood.

Nothing is sent again by itself. A page shows a button with what was entered behind it; the key of
the form is the same, so what did arrive has its effect once.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID, uuid4

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.routing import Match

from portal import door
from portal.page import Page
from portal.sessions import marked, whose

NAME = "gesendet"
DAYS = 1
"""So long what was sent without a session waits for who signs in again."""
MOST_FIELDS, MOST_CHARACTERS = 500, 100_000

Fields = list[tuple[str, str]]


class NotOurs(Exception):  # noqa: N818
    """A form that no page of ours made for this person."""


class TooOld(Exception):  # noqa: N818
    """A form of this person, from before the last sign-in."""


@dataclass(frozen=True)
class Sent:
    """A form: where it was sent to, the page on which it stood, and what it said."""

    action: str
    stood: str
    fields: Fields

    @property
    def has_key(self) -> bool:
        """Whether it can be sent again without a second effect, even if it did arrive."""
        return any(name == "schluessel" and value for name, value in self.fields)


def of(page: Page) -> Sent | None:
    """The form that was sent to this page; None without one, or if it cannot be repeated."""
    fields = None if page.posted is None else _fields(page.posted)
    return None if fields is None else Sent(page.here, stood(page), fields)


def _fields(form: FormData) -> Fields | None:
    """What was entered; None if a file is part of it, or too much to be repeated in a page."""
    fields: Fields = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                return None
        elif name != "_csrf":
            fields.append((name, value))
    characters = sum(len(name) + len(value) for name, value in fields)
    return fields if len(fields) <= MOST_FIELDS and characters <= MOST_CHARACTERS else None


def stood(page: Page) -> str:
    """This page, or the one on which the form stood: the browser names it, else the nearest one.

    Many addresses take forms only. Who is sent there to look would find nothing.
    """
    request, path = page.request, page.request.state.path
    if request.method != "POST" and _shows(request, path):
        return page.here
    before = _split(request.headers.get("referer", ""))
    from_us = f"{before.scheme}://{before.netloc}" == page.settings.public_url.rstrip("/")
    if from_us and _shows(request, door.language(before.path)[1]):
        return before.path + (f"?{before.query}" if before.query else "")
    if _shows(request, path):
        return page.here
    while path and not _shows(request, path):
        path = path.rpartition("/")[0]
    return page.at(path or "/")


def _split(address: str) -> SplitResult:
    """The parts of an address; none of one that cannot be read."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _shows(request: Request, path: str) -> bool:
    scope = {"type": "http", "method": "GET", "path": path, "root_path": ""}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)


# -- over a sign-in


async def way_back(page: Page) -> str:
    """Where somebody goes on who had to sign in: to what was sent, or to where the form stood."""
    who = await _whose(page)
    sent = of(page)
    if not who or sent is None or not sent.fields:
        return stood(page)
    ref = uuid4()
    await page.sessions.keep_draft(ref, NAME, {"who": who, **asdict(sent)}, DAYS)
    return page.at(f"/noch-einmal/{ref}")


async def _whose(page: Page) -> str:
    """Who had the form; "" unless it is one of ours, from this browser."""
    request = page.request
    session_id = request.cookies.get(door.cookie_name(page.settings.secure), "")
    if not session_id or not door.comes_from_here(request, page.settings.public_url):
        return ""
    given = (await page.form()).get("_csrf")
    return whose(given, session_id, page.sealer.key) if isinstance(given, str) else ""


async def kept(page: Page, ref: UUID) -> Sent | None:
    """What was kept under that reference, if it is of the person who asks."""
    found: Mapping[str, Any] | None = await page.sessions.draft(ref, NAME)
    if not found or not _is_of(page, found["who"]):
        return None
    return Sent(found["action"], found["stood"], [(each[0], each[1]) for each in found["fields"]])


def was_of_this_person(page: Page) -> bool:
    """Whether an earlier session of the same person made the form."""
    given = page.posted.get("_csrf") if page.posted else None
    return isinstance(given, str) and _is_of(page, given)


def _is_of(page: Page, who: str) -> bool:
    mark = marked(page.sealer.key, page.actor.person_ref)
    return hmac.compare_digest(who.encode()[: len(mark)], mark.encode())
