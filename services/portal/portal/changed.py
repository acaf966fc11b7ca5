"""What has changed since a page was shown: each figure as it is now, and as it was.

A form carries the figures that stood on its page. When they are others by the time the form is
sent, the page asks again and shows both (design: section 7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from portal import formats
from portal.page import Page
from portal.words import N_

Figures = Sequence[tuple[str, int | None, Callable[[int, str], str]]]
"""Each with its label (a text of the catalogue), its value (None: nobody knows it yet), and how it
is written in a language."""

UNKNOWN = "?"
DIGITS = 15
INSTEAD = N_("%(now)s statt %(before)s")

euros = partial(formats.euros, exact=True)
"""Amounts stand beside each other: always with cents."""


def shown(figures: Figures) -> str:
    """What a form carries of them."""
    return "/".join(_kept(value) for _, value, _ in figures)


def since(page: Page, before: str, figures: Figures) -> list[tuple[str, str]]:
    """The figures that have changed: their labels, and "353,00 € statt 340,00 €".

    `before` is what the form carried. What it says of figures that this page does not have is left
    out: it is another page's form, or nobody's.
    """
    then = before.split("/")
    if len(then) != len(figures):
        return []
    changes = []
    for (label, value, write), old in zip(figures, then, strict=True):
        if old == _kept(value) or not (old == UNKNOWN or _is_figure(old)):
            continue
        was = None if old == UNKNOWN else int(old)
        now, then_ = (_said(page, each, write) for each in (value, was))
        changes.append((page.say(label), page.say(INSTEAD, now=now, before=then_)))
    return changes


def _is_figure(text: str) -> bool:
    """Whether it can have stood on a page of ours: no figure there has so many digits."""
    return text.isascii() and text.isdecimal() and len(text) <= DIGITS


def _kept(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)


def _said(page: Page, value: int | None, write: Callable[[int, str], str]) -> str:
    return page.say(N_("noch offen")) if value is None else write(value, page.lang)
