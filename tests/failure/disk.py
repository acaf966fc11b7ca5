"""A disk of a server that gets full, and free again: a small tmpfs under its data folder."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.stack import Stack

MEGABYTE = 1024 * 1024


@dataclass
class SmallDisk:
    """A mounted file system of a fixed size."""

    folder: Path

    def fill(self) -> None:
        """Leave no byte. AssertionError if that cannot be."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (MEGABYTE, 4096, 1):
                _write_until_full(file.fileno(), size)
        assert shutil.disk_usage(self.folder).free == 0

    def free(self) -> None:
        """As it was."""
        self._filler.unlink(missing_ok=True)

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


def _write_until_full(handle: int, size: int) -> None:
    while True:
        try:
            os.write(handle, b"\0" * size)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return


@contextmanager
def on_a_small_disk(stack: Stack, part: str, spare_megabytes: int) -> Iterator[SmallDisk]:
    """The data of a server on a disk of its own meanwhile; the server is restarted for it."""
    if os.geteuid() != 0:
        pytest.fail("This test mounts a small file system: run it as root.")
    data = stack.settings.run / part / "data"
    aside = data.with_name("data.aside")
    stack.stop(part)
    size = _used(data) + spare_megabytes * MEGABYTE
    data.rename(aside)
    data.mkdir(mode=0o700)
    _do("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(data))
    try:
        _copy(aside, data)
        shutil.rmtree(aside)
        stack.start(part)
        yield SmallDisk(data)
    finally:
        SmallDisk(data).free()
        stack.stop(part)
        _copy(data, aside)
        _do("umount", str(data))
        data.rmdir()
        aside.rename(data)
        stack.start(part)


def _used(folder: Path) -> int:
    told = subprocess.run(["du", "-s", "-B1", str(folder)], capture_output=True, check=True)
    return int(told.stdout.split()[0])


def _copy(source: Path, target: Path) -> None:
    _do("cp", "-a", "--sparse=always", f"{source}/.", str(target))


def _do(*command: str) -> None:
    subprocess.run(command, check=True)
