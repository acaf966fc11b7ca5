"""`python -m deploy.local <command>`: what the Makefile calls."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from deploy.local import progress
from deploy.local.client import RefusedError
from deploy.local.environment import ToolError
from deploy.local.environment import clean as clean_environment
from deploy.local.fetch import FetchError
from deploy.local.seed import seed
from deploy.local.settings import Settings
from deploy.local.stack import NotReadyError, Stack
from deploy.local.token import TokenError

# modules with a command line of their own: `main(words) -> exit code`
OTHERS = {
    "token": "deploy.local.token",
    "demo": "deploy.local.demo.__main__",
    "replay": "deploy.local.replay",
    "dead-letters": "deploy.local.dead_letters",
    "seed": "deploy.local.seed",
    "sql": "deploy.local.sql",
}

# what a person can mend: its text says how
EXPECTED = (
    NotReadyError,
    FetchError,
    ToolError,
    TokenError,
    RefusedError,
    LookupError,
    ValueError,
    RuntimeError,
    OSError,
)


def main(words: Sequence[str]) -> int:
    """Run one command; 0 if all is well. Mistakes of the user and of the world get one sentence."""
    try:
        if words and words[0] in OTHERS:
            return int(import_module(OTHERS[words[0]]).main(words[1:]))
        arguments = _parser().parse_args(words)
        return int(arguments.command(Settings.from_env(), arguments))
    except httpx.TransportError as error:
        text = f"The gateway does not answer: {error} (`make status` tells more)."
        progress.CONSOLE.print(text, markup=False, style="red")
        return 1
    except EXPECTED as error:
        progress.CONSOLE.print(str(error), markup=False, style="red")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deploy.local", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, function in {
        "up": up, "down": down, "restart": restart, "status": status, "clean": clean, "logs": logs
    }.items():  # fmt: skip
        command = commands.add_parser(name, help=function.__doc__)
        command.set_defaults(command=function)
        if name == "up":
            command.add_argument("parts", nargs="*", help="only these parts")
        if name == "restart":
            command.add_argument("parts", nargs="+", help="these parts, one after the other")
        if name == "logs":
            command.add_argument("parts", nargs="*", help="only these parts")
            command.add_argument("-n", type=int, default=40, help="lines of each")
    return parser


def up(settings: Settings, arguments: argparse.Namespace) -> int:
    """Start what does not run, heal what is broken, return when all is ready."""
    began = time.monotonic()
    stack = Stack(settings, arguments.parts or None)
    with progress.bars():
        stack.up(lambda name, seconds: progress.say(f"  {name:<14} ready {seconds:5.1f} s"))
        if not arguments.parts:
            seed(settings)
    progress.say(f"All is ready after {time.monotonic() - began:.1f} s.")
    shown = {label: at for part in stack.parts.values() for label, at in part.addresses.items()}
    for label, address in sorted(shown.items(), key=lambda item: item[0] != "gateway"):
        print(f"  {label:<18} {address}")
    return 0


def down(settings: Settings, arguments: argparse.Namespace) -> int:
    """Stop everything; the state stays."""
    del arguments
    began = time.monotonic()
    Stack(settings).down()
    progress.say(f"Stopped after {time.monotonic() - began:.1f} s. The state is kept.")
    return 0


def restart(settings: Settings, arguments: argparse.Namespace) -> int:
    """Stop these parts and start them again; all others go on."""
    stack = Stack(settings, arguments.parts)
    for name in arguments.parts:
        if name not in stack.states():
            raise LookupError(f"{name} was not started yet: `make up`.")
        began = time.monotonic()
        stack.stop(name)
        stack.start(name)
        progress.say(f"  {name:<14} ready again after {time.monotonic() - began:.1f} s")
    return 0


def clean(settings: Settings, arguments: argparse.Namespace) -> int:
    """Stop everything and forget all state."""
    del arguments
    Stack(settings).clean()
    progress.say("Stopped; the state is gone. Downloads are kept.")
    return 0


def status(settings: Settings, arguments: argparse.Namespace) -> int:
    """What runs, where, since when. 0 only if everything runs and is ready."""
    del arguments
    stack = Stack(settings)
    states = stack.states()
    table = Table("part", "state", "pid", "address", "memory", "up since", box=None)
    healthy = True
    for part in stack.parts.values():
        state = states.get(part.name)
        alive = state is not None and state.runs
        ready = alive and part.ready()
        healthy = healthy and ready
        word = "ready" if ready else ("not ready" if alive else _word(state.word if state else ""))
        pid = state.pid if state and state.pid else 0
        table.add_row(
            part.name,
            word,
            str(pid or ""),
            " ".join(part.addresses.values()),
            _memory(pid),
            _duration(time.time() - state.since) if state and pid else "",
            style=None if ready else "red",
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 0 if healthy else 1


def logs(settings: Settings, arguments: argparse.Namespace) -> int:
    """The last lines of the logs; on a terminal it goes on until Ctrl-C."""
    present = sorted(settings.logs.glob("*.log")) if settings.logs.is_dir() else []
    wanted = [p for p in present if not arguments.parts or p.stem in arguments.parts]
    if not wanted:
        names = ", ".join(path.stem for path in present) or "none yet"
        progress.say(f"There is no such log. There are: {names}.")
        return 1
    follow = ["-F"] if sys.stdout.isatty() else []
    lines = ["-n", str(arguments.n)]
    command = ["tail", *lines, *follow, *(str(path) for path in wanted)]
    return subprocess.call(command, env=clean_environment(settings))


def _word(word: str) -> str:
    return {"": "stopped", "BACKOFF": "failing", "FATAL": "failed"}.get(word, word.lower())


def _memory(pid: int) -> str:
    try:
        process = psutil.Process(pid) if pid else None
        if process is None:
            return ""
        family = [process, *process.children(recursive=True)]
        return f"{sum(member.memory_info().rss for member in family) / 1e6:.0f} MB"
    except psutil.Error:
        return ""


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
