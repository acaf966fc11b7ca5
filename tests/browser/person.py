"""A person at a screen: a browser window, signed in by the real sign-in page."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from deploy.local.settings import ROOT
from deploy.local.token import PASSWORD

T = TypeVar("T")
DESKTOP, PHONE = (1280, 900), (390, 844)
SCREENS = ROOT / ".run" / "screens"
PATIENCE = 60_000.0  # milliseconds; on a busy machine


def beside(do: Callable[[], T]) -> T:
    """Do something outside: the browser's own event loop holds this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(do).result()


@dataclass
class Person:
    """Somebody with a window. What the console says is remembered."""

    context: BrowserContext
    page: Page
    base: str
    said: list[str] = field(default_factory=list)

    @classmethod
    def sit_down(cls, browser: Browser, base: str, **options: Any) -> Person:
        """Open a window."""
        width, height = options.pop("size", DESKTOP)
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="de-DE", **options
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        person = cls(context, page, base)
        page.on("console", person._hear)
        page.on("pageerror", lambda error: person.said.append(f"error: {error}"))
        return person

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def sign_in(self, user: str, then: str = "/") -> None:
        """By the page of the identity provider."""
        self.page.goto(f"{self.base}/anmelden?weiter={then}")
        self.page.fill("#username", user)
        self.page.fill("#password", PASSWORD)
        self.page.click("#kc-login")
        self.page.wait_for_url(re.compile(re.escape(self.base)))

    def go(self, path: str) -> int:
        """Open a page; its status."""
        answer = self.page.goto(f"{self.base}{path}")
        assert answer is not None
        return answer.status

    def heading(self) -> str:
        """What the page is called."""
        return self.page.locator("h1").inner_text()

    def press(self, name: str) -> None:
        """Click the button or link with this name."""
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        button.or_(link).first.click()

    def reads(self, text: str) -> None:
        """Wait until the page says it."""
        self.page.get_by_text(text).first.wait_for()

    def shoot(self, name: str) -> Path:
        """Keep a picture of the whole page."""
        path = SCREENS / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, full_page=True)
        return path

    def leave(self) -> None:
        """Close the window."""
        self.context.close()
