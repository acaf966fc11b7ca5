"""The proxy does the faults that the other tests rely on, and nothing else."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from tests.failure.proxy import Proxy


class Echo:
    """A server that remembers what it got and answers with the same, in capitals or as it is."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.loud = True
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:{1}".format(*self._door.getsockname())
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def got(self) -> bytes:
        """Everything that arrived."""
        return b"".join(self.pieces)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                while piece := connection.recv(4096):
                    self.pieces.append(piece)
                    connection.sendall(piece.upper() if self.loud else piece)
            except OSError:
                return

    def close(self) -> None:
        """Accept nobody any more."""
        self._door.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.address) as made:
        yield made


def connect(proxy: Proxy, timeout: float = 10) -> socket.socket:
    """A client."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout)


def ask(client: socket.socket, words: bytes) -> bytes:
    """Send and read as much again."""
    client.sendall(words)
    got = b""
    while len(got) < len(words) and (piece := client.recv(4096)):
        got += piece
    return got


def test_it_passes_everything_on_in_both_directions(echo: Echo, proxy: Proxy) -> None:
    words = b"a" * 300_000
    with connect(proxy) as client:
        threading.Thread(target=client.sendall, args=[words], daemon=True).start()
        got = b""
        while len(got) < len(words):
            got += client.recv(65_536)
        assert got == words.upper()
        client.shutdown(socket.SHUT_WR)
        assert client.recv(10) == b""
    assert (echo.got, proxy.connections, proxy.dropped) == (words, 1, 0)


def test_it_delays_every_piece(proxy: Proxy) -> None:
    proxy.seconds = 0.2
    with connect(proxy) as client:
        ask(client, b"warm")
        proxy.fault("delay")
        began = time.monotonic()
        assert ask(client, b"words") == b"WORDS"
        assert time.monotonic() - began >= 2 * proxy.seconds
        assert proxy.hurt == 2  # there and back


def test_it_drops_the_answer_after_the_request_was_done(echo: Echo, proxy: Proxy) -> None:
    proxy.drop_answer_to(b"do this")
    with connect(proxy) as client:
        assert ask(client, b"do that") == b"DO THAT"
    with connect(proxy) as client, pytest.raises(ConnectionError):
        ask(client, b"please do this now")
    assert echo.got == b"do thatplease do this now"
    assert (proxy.dropped, proxy.again) == (1, 0)
    with connect(proxy) as client:
        assert ask(client, b"do this") == b"DO THIS"
        assert proxy.again == 0, "nobody said please this time"
        assert ask(client, b"now, please do this") == b"NOW, PLEASE DO THIS"
    assert proxy.again == 1


def test_it_knows_the_words_in_two_pieces(echo: Echo, proxy: Proxy) -> None:
    proxy.drop_answer_to(b"do this")
    proxy.seconds = 0.1
    proxy.fault("delay")
    with connect(proxy) as client:
        client.sendall(b"please do")
        while echo.got != b"please do":
            time.sleep(0.01)
        with pytest.raises(ConnectionError):
            ask(client, b" this now" + b"." * 100)
    assert (echo.got, proxy.dropped) == (b"please do this now" + b"." * 100, 1)


def test_it_waits_for_words_in_order_on_one_connection(proxy: Proxy) -> None:
    proxy.drop_answer_to(b"mine", b"commit")
    with connect(proxy) as mine, connect(proxy) as other:
        assert ask(mine, b"commit mine") == b"COMMIT MINE"
        assert ask(other, b"commit") == b"COMMIT"
        with pytest.raises(ConnectionError):
            ask(mine, b"commit")
    assert proxy.dropped == 1


def test_it_resets_what_is_connected_and_what_comes(proxy: Proxy) -> None:
    with connect(proxy) as client:
        ask(client, b"hello")
        proxy.fault("reset")
        with pytest.raises(ConnectionResetError):
            ask(client, b"hello")
    with pytest.raises(ConnectionResetError), connect(proxy) as client:
        ask(client, b"hello")
    assert proxy.hurt == 2  # who was connected, and who came
    proxy.fault("pass")
    with connect(proxy) as client:
        assert ask(client, b"hello") == b"HELLO"
    assert proxy.hurt == 2


def test_a_black_hole_answers_nothing_until_it_is_healed(echo: Echo, proxy: Proxy) -> None:
    with connect(proxy, 0.3) as old:
        ask(old, b"first")
        proxy.fault("blackhole")
        with connect(proxy, 0.3) as new:
            for client in (old, new):
                client.sendall(b"second")
                with pytest.raises(TimeoutError):
                    client.recv(10)
            assert echo.got == b"first"
            assert proxy.hurt == 1  # the other one is not let in yet
            proxy.fault("pass")
            for client in (old, new):
                client.settimeout(10)
                assert client.recv(10) == b"SECOND"


def test_it_cuts_into_single_bytes(echo: Echo, proxy: Proxy) -> None:
    proxy.fault("slice")
    with connect(proxy) as client:
        assert ask(client, b"x" * 500) == b"X" * 500
    assert len(echo.pieces) > 5


def test_it_names_itself_where_the_server_names_its_address(echo: Echo) -> None:
    echo.loud = False
    with Proxy(echo.address, hide=True) as proxy, connect(proxy) as client:
        port = int(echo.address.rpartition(":")[2])
        told = b"127.0.0.1" + struct.pack(">i", port)
        assert ask(client, told) == b"127.0.0.1" + struct.pack(">i", proxy.port)


def test_who_has_no_server_is_told_so() -> None:
    with Proxy("127.0.0.1:1") as nowhere:  # noqa: SIM117 - the connection itself may fail
        with pytest.raises(ConnectionError), connect(nowhere) as client:
            ask(client, b"hello")
