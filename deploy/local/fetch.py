"""Downloads: Maven coordinates to checked files in the cache. (Being written.)"""

from __future__ import annotations

from pathlib import Path

from deploy.local.settings import Settings


def fetch(settings: Settings, group: str) -> list[Path]:
    """All files of a group of `artifacts.toml` (`keycloak`, `kafka`, `postgres`).

    Fetched if missing, checked against the committed SHA-256 sums, safe beside a second copy.
    """
    raise NotImplementedError


def unpack(settings: Settings, group: str) -> Path:
    """The folder into which the archive of `group` was unpacked (once, atomically)."""
    raise NotImplementedError


def unpacked(settings: Settings, group: str) -> Path:
    """Where `unpack` puts it, known without fetching: `<cache>/<group>-<version>/`."""
    raise NotImplementedError
