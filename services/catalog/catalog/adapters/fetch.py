"""Reading a feed by URL, on behalf of a client that may name any address.

The host is resolved once, every address is checked, and exactly a checked address is connected
to, so that no name can lead into our own network. No redirects, no proxies, one host, limits for
time, size and pages.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx
from contracts.catalog import Finding
from contracts.refusal import Refusal, Rule

from catalog.domain.findings import finding
from catalog.domain.reading import read_object
from catalog.settings import Settings

UNREADABLE = Rule(
    "feed-unreadable",
    422,
    "The feed cannot be read from that address.",
    "Unter dieser Adresse ist kein Feed lesbar.",
)
ACCEPT = "application/vnd.api+json; moochub-version=3, application/json;q=0.5"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _FetchError(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class Fetched:
    """The pages that were read. `whole`: from the first page to the last."""

    pages: list[dict[str, Any]] = field(default_factory=list)
    whole: bool = False
    warnings: list[Finding] = field(default_factory=list)


async def fetch_feed(url: str, settings: Settings) -> Fetched:
    """Read a feed and the pages that follow it.

    A page that cannot be read ends the feed early; what was read before counts.

    Raises:
        Refusal: not even the first page can be read; `reason` says why.
    """
    fetched = Fetched()
    try:
        async with asyncio.timeout(settings.feed_seconds):
            await _follow(url, settings, fetched)
    except (TimeoutError, httpx.HTTPError, OSError, _FetchError) as error:
        why = error.why if isinstance(error, _FetchError) else "no-answer"
        if not fetched.pages:
            raise UNREADABLE.refuse("/url", reason=why) from None
        fetched.warnings.append(
            finding("/links/next", why, "the feed could not be read to its end")
        )
    return fetched


async def _follow(url: str, settings: Settings, fetched: Fetched) -> None:
    seen: set[str] = set()
    start, left, here = _checked(url), settings.feed_bytes, url
    address = await _resolve(start, settings.feed_networks)
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=10) as client:
        while here:
            if here in seen:
                raise _FetchError("links-in-a-circle")
            if len(fetched.pages) >= settings.feed_pages:
                raise _FetchError("too-many-pages")
            seen.add(here)
            raw = await _page(client, here, address, left)
            left -= len(raw)
            page = read_object(raw)
            if isinstance(page, Finding):
                raise _FetchError(page.code)
            if not isinstance(page.get("data"), list | dict):
                raise _FetchError("not-a-feed")
            fetched.pages.append(page)
            here = _next(page, here, start)
    first = fetched.pages[0].get("links")
    fetched.whole = not (isinstance(first, dict) and first.get("prev"))


def _next(page: dict[str, Any], here: str, start: SplitResult) -> str:
    links = page.get("links")
    link = links.get("next") if isinstance(links, dict) else None
    if not link:
        return ""
    if not isinstance(link, str):
        raise _FetchError("wrong-link")
    there = urljoin(here, link)
    if _place(_checked(there)) != _place(start):
        raise _FetchError("other-host")
    return there


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _FetchError("not-a-url") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise _FetchError("not-a-url")
    if parts.username is not None or any(c.isspace() or not c.isprintable() for c in url):
        raise _FetchError("not-a-url")
    return parts


def _place(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


async def _resolve(parts: SplitResult, allowed: Sequence[str]) -> str:
    """One address of the host; all of its addresses have to be public (or allowed)."""
    loop = asyncio.get_running_loop()
    _, host, port = _place(parts)
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _FetchError("unknown-host") from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    networks = [ipaddress.ip_network(network) for network in allowed]
    for text in addresses:
        if not may_connect(ipaddress.ip_address(text), networks):
            raise _FetchError("private-address")
    return addresses[0]


def may_connect(
    address: Address, allowed: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()
) -> bool:
    """Whether an address is on the public internet, also the one that is wrapped in it."""
    if any(address in network for network in allowed):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(wrapped is not None and not may_connect(wrapped) for wrapped in inner):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _page(client: httpx.AsyncClient, url: str, address: str, left: int) -> bytes:
    target = httpx.URL(url)
    host = target.netloc.decode("ascii")
    async with client.stream(
        "GET",
        target.copy_with(host=address, fragment=None),
        headers={"Host": host, "Accept": ACCEPT, "Accept-Encoding": "identity"},
        extensions={"sni_hostname": target.host},
    ) as answer:
        if answer.is_redirect:
            raise _FetchError("redirected")
        if answer.status_code != 200:
            raise _FetchError("wrong-status")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise _FetchError("compressed")
        raw = bytearray()
        async for part in answer.aiter_raw():
            raw += part
            if len(raw) > left:
                raise _FetchError("too-large")
    return bytes(raw)


__all__ = ["UNREADABLE", "Fetched", "Refusal", "fetch_feed", "may_connect"]
