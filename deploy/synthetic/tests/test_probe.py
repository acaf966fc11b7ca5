"""Whatever it is answered: the probe tells that it failed and goes on; and it is started safely."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from chassis import safety
from prometheus_client import REGISTRY
from pydantic import ValidationError

from deploy.local.settings import ROOT
from deploy.synthetic.probe import Probe, ProbeSettings

TOKEN = json.dumps({"access_token": "a-token"})
AWAY: dict[str, Any] = {
    "gateway_url": "https://campus.example",
    "issuer": "https://id.example/realms/kommunalcampus",
    "synthetic_secret": "n3vEr-t0ld",
}


@contextmanager
def answering(*texts: str) -> Iterator[str]:
    """A server that answers 200 with these texts, one after the other, the last for ever."""
    left = list(texts)

    class Odd(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            text = (left.pop(0) if len(left) > 1 else left[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def failed(step: str) -> float:
    """How often a step failed so far."""
    return REGISTRY.get_sample_value("kc_synthetic_failed_steps_total", {"step": step}) or 0.0


@pytest.mark.parametrize(
    ("answers", "step", "said"),
    [
        (["<html>down for maintenance</html>"], "sign-in", "JSONDecodeError"),
        (["{}"], "sign-in", "KeyError"),
        (["[]"], "sign-in", "TypeError"),
        (['{"access_token": "a\\nb"}'], "sign-in", ""),
        ([TOKEN, "[]"], "offer", "TypeError"),
        ([TOKEN, '{"records": []}'], "offer", "IndexError"),
        ([TOKEN, '{"records": [{"result": "rejected", "errors": ["no"]}]}'], "offer", "StepError"),
    ],
)
def test_an_answer_that_makes_no_sense_is_a_failure_and_not_the_end(
    answers: list[str], step: str, said: str
) -> None:
    with answering(*answers) as url, httpx.Client(base_url=url) as http:
        probe = Probe(ProbeSettings(gateway_url=url, issuer=url, synthetic_secret="s"), http)
        before = failed(step) if said else 0.0
        told = probe.once()
        assert said in told
        assert "a-token" not in told
        assert "a\nb" not in told
        if said:
            assert told.startswith(f"{step}: ")
            assert failed(step) == before + 1
        assert REGISTRY.get_sample_value("kc_synthetic_success") == 0


def test_a_start_is_no_success() -> None:
    settings = ProbeSettings(
        gateway_url="http://127.0.0.1:1", issuer="http://127.0.0.1:1", synthetic_secret="s"
    )
    with httpx.Client(base_url=settings.gateway_url) as http:
        assert "ConnectError" in Probe(settings, http).once()
    assert REGISTRY.get_sample_value("kc_synthetic_last_success_timestamp_seconds") == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gateway_url": "http://campus.example"}, "KC_GATEWAY_URL leads to campus.example"),
        ({"issuer": "http://id.example/realms/x"}, "KC_ISSUER begins with http"),
        ({"synthetic_secret": "synthetic"}, "KC_SYNTHETIC_SECRET is one that everybody knows"),
        ({"plaintext": "kafka"}, "KC_PLAINTEXT names 'kafka'"),
    ],
)
def test_what_would_go_in_the_open_is_refused(change: dict[str, Any], said: str) -> None:
    assert ProbeSettings(**AWAY).gateway_url == AWAY["gateway_url"]
    with pytest.raises(ValidationError) as refused:
        ProbeSettings(**{**AWAY, **change})
    (sentence,) = safety.sentences(refused.value)
    assert said in sentence


def test_a_gateway_in_a_trusted_network_may_be_named() -> None:
    inside = {**AWAY, "gateway_url": "http://gateway:8080", "plaintext": "gateway_url"}
    assert ProbeSettings(**inside).gateway_url == "http://gateway:8080"


def test_a_variable_that_is_missing_is_told_in_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.synthetic"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("KC_")}
        | {"KC_ISSUER": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("KC_SYNTHETIC_SECRET is not set")
    assert "Traceback" not in done.stderr
