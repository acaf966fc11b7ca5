"""A service that is told nonsense says so, and ends."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "KC_DATABASE_URL is not set; deploy/env.example says what it is.\nKC_ISSUER is not"),
        ({"KC_PORT": "high"}, "KC_PORT: Input should be a valid integer"),
        ({"KC_FEED_NETWORKS": "10.0.0.0/8"}, "KC_FEED_NETWORKS is not JSON."),
    ],
)
def test_a_service_that_is_told_nonsense_ends_with_sentences_and_no_traceback(
    variables: dict[str, str], said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "catalog"],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
