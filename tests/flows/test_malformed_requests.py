"""Bytes that are no HTTP, or half of it, at the gateway: refused there, and nobody else is hurt."""

from __future__ import annotations

import socket

import pytest

from tests.platform import Platform

HEAD = b"POST /api/enrolment/enrolments HTTP/1.1\r\nHost: x\r\n"
MALFORMED = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32) + b"\r\n\r\n",
    "a request line of one word": b"HELLO\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "no host": b"GET /api/catalog/offers HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /api/catalog/offers HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a NUL in the path": b"GET /api/catalog/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without a name": HEAD + b": nobody\r\n\r\n",
    "a header that is folded with a NUL": HEAD + b"X-Odd: a\x00b\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 7\r\n\r\n{}",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "a length and chunks": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: cow\r\n\r\n{}",
    "a chunk of no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    "headers without an end": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * 2_000_000,
}

SAID = {
    "a length and chunks": 501,  # RFC 9112 6.1: a transfer coding that it does not know
    "another version": 505,
    "a chunk of no size": 500,  # Traefik, of a body that it cannot read; no service is asked
}
"""What the gateway says that is no 4xx."""


def answered(platform: Platform, raw: bytes, hang_up: bool = True) -> bytes:
    """What comes back until the gateway hangs up, or falls silent because it waits for more."""
    host, port = platform.stack.settings.address("gateway").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.settimeout(20)
        got = b""
        try:
            client.sendall(raw)
            if hang_up:  # half of a request would be waited for
                client.shutdown(socket.SHUT_WR)
            while part := client.recv(65536):
                got += part
        except (ConnectionError, TimeoutError):  # refused in the middle of what we sent
            pass
        return got


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_request_is_refused_and_others_are_answered(
    platform: Platform, name: str
) -> None:
    got = answered(platform, MALFORMED[name])
    status = int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/1") else 0
    assert status in (0, SAID.get(name)) or 400 <= status < 500, got[:200]
    assert b"Traceback" not in got
    with platform.as_user("anna.employee") as anna:
        assert anna.get("/api/catalog/offers?limit=1")["items"] is not None


def test_control_a_good_request_sent_by_hand_is_answered(platform: Platform) -> None:
    raw = b"GET /bridges/moochub/courses HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert answered(platform, raw, hang_up=False).startswith(b"HTTP/1.1 200")
