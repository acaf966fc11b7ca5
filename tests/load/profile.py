"""`make profile service=enrolment`: where a service (or all) spends its time under the HTTP load.

py-spy looks into the processes from outside, 200 times a second, while the HTTP load runs.
For each service: `.run/profile/NAME.txt` (stacks, `--format raw`), `NAME.svg` (a flame graph), and
a summary on the screen. `statements.txt` holds what PostgreSQL was asked, per enrolment.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from deploy.local.ports import SERVICES
from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from tests.load import copy, statements
from tests.load.bench import Bench
from tests.load.clients import closed_loop

OUT = ROOT / ".run" / "profile"
COUNT, RATE, TOP = 6000, "200", 45


def watch(stack: Stack, service: str, kind: str) -> subprocess.Popen[bytes]:
    """py-spy at the process of a service until it is told to end."""
    suffix = "svg" if kind == "flamegraph" else "txt"
    program = str(Path(sys.executable).parent / "py-spy")
    words = [program, "record", "--pid", str(stack.pid(service)), "--rate", RATE, "--nonblocking"]
    target = ["--format", kind, "--output", str(OUT / f"{service}.{suffix}"), "--duration", "600"]
    return subprocess.Popen(
        [*words, *target], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0
    )


def stop(watcher: subprocess.Popen[bytes]) -> None:
    """End it as Ctrl-C would: it then writes what it has."""
    watcher.send_signal(2)
    _, said = watcher.communicate(timeout=60)
    if watcher.returncode:
        raise RuntimeError(f"py-spy failed: {said.decode(errors='replace')[-300:]}")


def summary(stacks: str, most: int = TOP) -> list[str]:
    """From raw stacks: share of the samples in which a function was on top, and anywhere."""
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    total = 0
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        if not stack or not count.isdecimal():
            continue
        frames = [_plain(frame) for frame in stack.split(";")]
        total += int(count)
        own[frames[-1]] += int(count)
        for frame in set(frames):
            within[frame] += int(count)
    if not total:
        return ["no samples"]
    rows = [f"{total:,} samples (at {RATE}/s, only while the process was at work)"]
    rows += ["  own %  within %  function, by own time"]
    rows += [_row(name, own, within, total) for name, _ in own.most_common(most)]
    rows += ["  own %  within %  function, by time within"]
    rows += [_row(name, own, within, total) for name, _ in within.most_common(most)]
    return rows


def _plain(frame: str) -> str:
    """`name (file:line)` without the line."""
    head, _, line = frame.rpartition(":")
    return f"{head})" if line.rstrip(")").isdecimal() else frame


def _row(name: str, own: Counter[str], within: Counter[str], total: int) -> str:
    return f"  {own[name] / total * 100:5.1f}  {within[name] / total * 100:8.1f}  {name}"


def profile(bench: Bench, services: Sequence[str], kind: str) -> None:
    """Run the load under the eyes of py-spy."""
    OUT.mkdir(parents=True, exist_ok=True)
    bench.warm_up()
    count = bench.size(COUNT)
    requests = bench.requests(count)
    bench.wait(statements.reset(bench.databases))
    watchers = [watch(bench.stack, service, kind) for service in services]
    try:
        cost = bench.cost(count, closed_loop(bench.address, requests, 64))
    finally:
        for watcher in watchers:
            stop(watcher)
    asked = statements.lines(bench.wait(statements.read(bench.databases)), count)
    (OUT / "statements.txt").write_text("\n".join(asked) + "\n", encoding="utf-8")
    print(f"{cost.cpu_ms:.2f} ms CPU for each enrolment (py-spy itself not counted)")
    print({part: round(ms, 3) for part, ms in cost.used.each(count).items()})
    for service in services if kind == "raw" else ():
        told = summary((OUT / f"{service}.txt").read_text(encoding="utf-8"))
        (OUT / f"{service}.summary.txt").write_text("\n".join(told) + "\n", encoding="utf-8")
        print(f"\n{service}", *told, sep="\n")
    print("\nPostgreSQL", *asked, sep="\n")
    print(f"\nAll of it stands in {OUT.relative_to(ROOT)}/.")


def main(arguments: Sequence[str]) -> int:
    """Profile on the kept copy; it stays."""
    options = argparse.ArgumentParser(description="Where the services spend their time.")
    options.add_argument("--service", default="", help="one of them; all by default")
    options.add_argument("--kind", default="", help="raw (default) or flamegraph")
    options.add_argument("--scale", default="", help="0.1: a tenth of the load")
    chosen = options.parse_args(arguments)
    stack = copy.the_copy()
    copy.start(stack)
    bench = Bench(stack, float(chosen.scale or 1))
    try:
        profile(bench, [chosen.service] if chosen.service else SERVICES, chosen.kind or "raw")
    finally:
        bench.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
