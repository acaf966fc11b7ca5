"""A browser, people with windows, and something to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.browser import HOW, find
from tests.browser.person import Person
from tests.browser.world import World, build
from tests.platform import Platform

Seat = Callable[..., Person]


@pytest.fixture(scope="package")
def world(platform: Platform) -> World:
    """Courses, requests and lines, so that every page has something to show."""
    return build(platform)


@pytest.fixture(scope="package")
def browser(platform: Platform, world: World) -> Iterator[Browser]:
    """Chromium. It ends with this package: while it lives, nobody else can have an event loop."""
    path = find()
    assert path is not None, HOW
    port = platform.stack.settings.ports["gateway"]
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--explicitly-allowed-ports={port}",  # whichever port this copy was given
            ],
        )


@pytest.fixture(scope="package")
def signed_in() -> dict[str | None, Any]:
    """The cookies of people who have signed in already."""
    return {}


@pytest.fixture
def seat(browser: Browser, platform: Platform, signed_in: dict[str | None, Any]) -> Iterator[Seat]:
    """`seat("anna.employee")` is Anna at her screen; without a name it is a visitor."""
    base = platform.stack.url("gateway")
    with ExitStack() as windows:

        def sit_down(user: str | None = None, **options: Any) -> Person:
            person = Person.sit_down(browser, base, storage_state=signed_in.get(user), **options)
            windows.callback(person.leave)
            if user is not None and user not in signed_in:
                person.sign_in(user)
                signed_in[user] = person.context.storage_state()
            return person

        yield sit_down
