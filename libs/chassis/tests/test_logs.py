"""Logs tell where an error came from and never what was in it."""

import json
import subprocess
import sys

FORGOTTEN = """
import asyncio, gc
from chassis import logs

logs.configure("test", "INFO")

async def fail():
    raise ValueError("no Wörtherr")

async def main():
    asyncio.create_task(fail())
    await asyncio.sleep(0.1)
    gc.collect()

asyncio.run(main())
"""
PROGRAM = """
import structlog
from chassis import logs

logs.configure("test", "INFO")

def handle(name):
    raise ValueError(f"no {name}")

try:
    handle("Wörtherr")
except ValueError:
    structlog.get_logger("test").error("a bug", exc_info=True)
"""


def test_an_error_is_logged_with_its_place_but_without_text_and_variables() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=30
    )
    line = json.loads(run.stdout)
    assert "Wörtherr" not in run.stdout + run.stderr
    assert (line["msg"], line["exception"][0]["exc_type"]) == ("a bug", "ValueError")
    assert line["exception"][0]["frames"][-1]["name"] == "handle"


def test_an_error_that_nobody_fetched_is_logged_without_its_text() -> None:
    run = subprocess.run(
        [sys.executable, "-c", FORGOTTEN], capture_output=True, text=True, check=True, timeout=30
    )
    line = json.loads(run.stdout)
    assert "Wörtherr" not in run.stdout + run.stderr
    assert line["msg"] == "Task exception was never retrieved"
    assert line["exception"][0]["exc_type"] == "ValueError"
