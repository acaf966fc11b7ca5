"""Downloads against a real HTTP server of our own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from deploy.local import artifacts, fetch
from deploy.local.artifacts import Artifact

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@dataclass
class Repository:
    """A small repository that can break off, change bytes, or know nothing of ranges."""

    content: bytes = CONTENT
    break_after: int = 0
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def repository() -> Iterator[Repository]:
    state = Repository()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            state.asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            body = state.content[start:] if state.ranges else state.content
            self.send_response(206 if wanted and state.ranges else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if state.break_after:
                body, state.break_after = body[: state.break_after], 0
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}/file"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield state
        server.shutdown()
        thread.join()


def a_file(content: bytes = CONTENT) -> Artifact:
    return Artifact("org.example:thing:1.0", hashlib.sha256(content).hexdigest(), len(content))


def get(repository: Repository, into: Path, file: Artifact) -> Path:
    with httpx.Client() as client:
        return fetch.get(client, repository.url, file, into, lambda _: None)


def test_a_file_comes_and_is_what_was_promised(repository: Repository, tmp_path: Path) -> None:
    assert get(repository, tmp_path, a_file()).read_bytes() == CONTENT


def test_a_broken_connection_is_taken_up_where_it_broke(
    repository: Repository, tmp_path: Path
) -> None:
    repository.break_after = 700_000
    assert get(repository, tmp_path, a_file()).read_bytes() == CONTENT
    assert len(repository.asked) == 2
    assert 0 < int(repository.asked[1].removeprefix("bytes=").rstrip("-")) <= 700_000


def test_what_an_earlier_run_left_is_gone_on_with(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "thing-1.0.jar.part").write_bytes(CONTENT[:300_000])
    assert get(repository, tmp_path, a_file()).read_bytes() == CONTENT
    assert repository.asked == ["bytes=300000-"]


def test_a_damaged_leftover_is_thrown_away_and_fetched_anew(
    repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "thing-1.0.jar.part").write_bytes(b"x" * 300_000)
    assert get(repository, tmp_path, a_file()).read_bytes() == CONTENT
    assert repository.asked == ["bytes=300000-", ""]


def test_a_server_without_ranges_serves_too(repository: Repository, tmp_path: Path) -> None:
    repository.ranges = False
    (tmp_path / "thing-1.0.jar.part").write_bytes(CONTENT[:300_000])
    assert get(repository, tmp_path, a_file()).read_bytes() == CONTENT


def test_a_file_with_another_sum_is_refused_and_leaves_nothing(
    repository: Repository, tmp_path: Path
) -> None:
    repository.content = CONTENT[:-1] + b"!"
    with pytest.raises(fetch.FetchError, match=r"SHA-256 sum .* expected was"):
        get(repository, tmp_path, a_file())
    assert list(tmp_path.iterdir()) == []


def test_nobody_answering_is_said_and_what_came_is_kept(tmp_path: Path) -> None:
    nobody = Repository(url="http://127.0.0.1:9/file")
    (tmp_path / "thing-1.0.jar.part").write_bytes(CONTENT[:300_000])
    with pytest.raises(fetch.FetchError, match=r"could not be fetched .* Is there a network"):
        get(nobody, tmp_path, a_file())
    assert (tmp_path / "thing-1.0.jar.part").stat().st_size == 300_000


@pytest.mark.parametrize(
    "platform", ["linux-x86_64", "linux-arm64", "darwin-x86_64", "darwin-arm64"]
)
def test_every_supported_platform_has_all_files(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "this_platform", lambda: platform)
    artifacts.group.cache_clear()
    counts = {name: len(artifacts.group(name).files) for name in ("kafka", "keycloak", "postgres")}
    artifacts.group.cache_clear()
    assert counts == {"kafka": 46, "keycloak": 1, "postgres": 1}


def test_an_address_follows_from_the_coordinates() -> None:
    url = fetch.urls()(Artifact("org.example.tools:thing:1.0:tar.gz", "", 0))
    assert url.endswith("/org/example/tools/thing/1.0/thing-1.0.tar.gz")
