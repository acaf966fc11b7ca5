"""What the user sees while something long runs: bars on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

CONSOLE = Console(stderr=True, highlight=False, soft_wrap=True)
LINE_EVERY = 5.0  # seconds between two lines where there is no terminal

_lock = threading.Lock()
_bars: list[Progress] = []


def say(text: str) -> None:
    """One line for the user (standard error: standard output belongs to results)."""
    with _lock:
        console = _bars[0].console if _bars else CONSOLE
        console.print(text)


@contextmanager
def bars() -> Iterator[None]:
    """Draw progress bars while the block runs, if somebody looks at a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=CONSOLE, transient=True) as progress:
        _bars.append(progress)
        try:
            yield
        finally:
            _bars.remove(progress)


@contextmanager
def download(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Tell how far a download of `total` bytes is. Yields what is called with each piece's size."""
    if _bars:
        task = _bars[0].add_task(label, total=total)
        yield lambda size: _bars[0].advance(task, size) if _bars else None
        if _bars:
            _bars[0].remove_task(task)
    else:
        say(f"  fetching {label} ({total / 1e6:.0f} MB)")
        yield _Lines(label, total).advance


class _Lines:
    """Progress as lines of text: one in a few seconds, none for what is quick."""

    def __init__(self, label: str, total: int) -> None:
        self._label, self._total = label, total
        self._done, self._told_at = 0, time.monotonic()
        self._guard = threading.Lock()

    def advance(self, size: int) -> None:
        with self._guard:
            self._done += size
            now = time.monotonic()
            if now - self._told_at < LINE_EVERY:
                return
            self._told_at = now
        say(f"  fetching {self._label}: {self._done / 1e6:.0f} of {self._total / 1e6:.0f} MB")
