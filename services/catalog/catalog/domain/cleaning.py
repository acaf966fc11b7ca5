"""Text from others: what may be shown, and what can be searched.

HTML is cleaned by an allow-list, so that nothing in a description can run or load anything.
"""

import html
import re

import nh3

_TAGS = """
    a abbr b blockquote br code dd del div dl dt em h2 h3 h4 h5 h6 hr i ins li ol p pre s small
    span strong sub sup table tbody td th thead tr u ul
"""
TAGS = set(_TAGS.split())
ATTRIBUTES = {"a": {"href", "title"}, "abbr": {"title"}, "td": {"colspan", "rowspan"}}
SCHEMES = {"http", "https", "mailto"}

_BLOCK = re.compile(r"<(?:/?(?:p|div|li|ul|ol|h[1-6]|tr|table|dd|dt|blockquote)|br|hr)\b[^>]*>")


def clean_html(raw: str) -> str:
    """The harmless part of a description: no scripts, handlers, styles, images or frames."""
    return nh3.clean(
        raw,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    ).strip()


def plain_text(cleaned: str) -> str:
    """The words of a cleaned description, without any markup."""
    spaced = _BLOCK.sub(" ", cleaned)
    return " ".join(html.unescape(nh3.clean(spaced, tags=set())).split())


def one_line(text: str) -> str:
    """A title or place in one line: no line breaks, single spaces."""
    return " ".join(text.split())
