"""What is refused at the start: an open line out of this machine, a password that everybody knows.

There is no switch that says "production", so none can be forgotten: every address is judged by
itself. What stays on the loopback of this machine may be as it is; what leaves it is encrypted, or
is named in `KC_PLAINTEXT`.
"""

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

T = TypeVar("T")

PREFIX = "KC_"
KNOWN_PASSWORDS = frozenset(
    {"", "admin", "campus", "changeme", "change-me", "kafka", "password", "postgres", "secret"}
)
TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})
FAULTS = ("KC_FAULT", "KC_FAULTS_DIR")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def is_loopback(host: str) -> bool:
    """Whether what goes there stays on this machine. No host is a socket in the file system."""
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(address: str) -> str:
    """The host of a URL, or of `host:port`."""
    place = address if "://" in address else f"//{address}"
    return urlsplit(place).hostname or ""


def named(plaintext: str) -> set[str]:
    """The settings that a value of `KC_PLAINTEXT` names."""
    return {word.strip().lower() for word in plaintext.split(",") if word.strip()}


def unencrypted(
    name: str, hosts: Iterable[str], allowed: Collection[str], instead: str
) -> Iterator[str]:
    """A sentence, if an open line leaves this machine and nobody allowed it."""
    away = [host for host in hosts if not is_loopback(host)]
    if away and name not in allowed:
        yield (
            f"{variable(name)} leads to {away[0]} without encryption: {instead}, "
            f"or name it in {PREFIX}PLAINTEXT where the network between is trusted."
        )


def open_url(name: str, url: str, allowed: Collection[str]) -> Iterator[str]:
    """The same for an address that is asked over HTTP."""
    if urlsplit(url).scheme == "http":
        yield from unencrypted(name, [host_of(url)], allowed, "use https")


def public_http(name: str, url: str) -> Iterator[str]:
    """An address that people's browsers and tokens carry has no trusted network between."""
    if urlsplit(url).scheme == "http" and not is_loopback(host_of(url)):
        yield f"{variable(name)} begins with http: beyond this machine it has to be https."


def database(url: str, allowed: Collection[str]) -> Iterator[str]:
    """The address of a PostgreSQL: its password, and its line."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return
    hosts = _hosts(parsed)
    known = KNOWN_PASSWORDS | {parsed.username or ""}
    if not all(map(is_loopback, hosts)) and (parsed.password or "") in known:
        yield f"{variable('database_url')} has a password that everybody knows: choose your own."
    if parsed.query.get("ssl") not in TLS_MODES:
        instead = "add ?ssl=verify-full to it"
        yield from unencrypted("database_url", hosts, allowed, instead)


def _hosts(url: URL) -> list[str]:
    more = url.query.get("host", ())
    several = [more] if isinstance(more, str) else list(more)
    return [url.host or "", *(host_of(host) for host in several)]


def faults(host: str) -> Iterator[str]:
    """Tests let processes die at places of their code; nobody else does."""
    for name in FAULTS:
        if os.environ.get(name) and not is_loopback(host):
            yield f"{name} is for tests on one machine, and KC_HOST={host} is reached from others."


def unknown_names(allowed: Collection[str], known: Collection[str]) -> Iterator[str]:
    """Names in `KC_PLAINTEXT` that mean nothing: somebody thinks that he allowed something."""
    for name in sorted(set(allowed) - set(known)):
        yield f"KC_PLAINTEXT names {name!r}; it can name {', '.join(sorted(known))}."


def checked(build: Callable[[], T]) -> T:
    """What `build` makes. SystemExit, with one sentence for each setting that is wrong."""
    try:
        return build()
    except (ValidationError, SettingsError) as error:
        sys.exit("\n".join(sentences(error)))


def sentences(error: ValidationError | SettingsError) -> list[str]:
    """What is wrong, each with its variable. Values are not repeated: some are secret."""
    if isinstance(error, SettingsError):
        found = re.search(r'field "(\w+)"', str(error))
        return [f"{variable(found[1])} is not JSON." if found else str(error)]
    told: list[str] = []
    for entry in error.errors(include_input=False, include_url=False):
        name = ".".join(map(str, entry["loc"]))
        if not name:
            told += entry["msg"].removeprefix("Value error, ").splitlines()
        elif entry["type"] == "missing":
            told.append(f"{variable(name)} is not set; deploy/env.example says what it is.")
        else:
            told.append(f"{variable(name)}: {entry['msg']}.")
    return told
