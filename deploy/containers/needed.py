"""The part of `requirements.lock` that an image needs: `tools`, `libraries`, `service NAME`.

The lock holds what everybody needs, developers as well. `uv` says which packages a service really
stands on; their lines, with versions and hashes, are taken from the lock as they are, and a package
that the lock does not know ends the build. So what is installed is what was locked.
Run in the build stage, with the standard library and (for a service) the locked `uv` beside it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

LOCK = Path("requirements.lock")
TOOLS = ("uv", "hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers")
BEGINS = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==")


def blocks(lock: str) -> dict[str, str]:
    """The lines of each package: requirement, marker and hashes. Some come more than once."""
    found: dict[str, str] = {}
    name = ""
    for line in lock.splitlines():
        begins = BEGINS.match(line)
        if begins:
            name = canonical(begins[1])
        if name:
            found[name] = found.get(name, "") + line + "\n"
    return found


def canonical(name: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def cut(lock: str, names: Iterable[str]) -> str:
    """The lines of these packages. SystemExit if one is not in the lock."""
    known = blocks(lock)
    wanted = sorted(set(map(canonical, names)))
    if missing := [name for name in wanted if name not in known]:
        sys.exit(f"requirements.lock does not hold {', '.join(missing)}: run `make lock`.")
    return "".join(known[name] for name in wanted)


def of_members(*more: str) -> list[str]:
    """The names of all third-party packages below our libraries, and below a service."""
    members = ["libs/contracts", "libs/chassis", *more]
    own = [_name(Path(member, "pyproject.toml")) for member in members]
    command = [
        *(str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--no-header"),
        *("--no-annotate", "--no-emit-index-url", "--constraints", str(LOCK)),
        *(word for name in own for word in ("--no-emit-package", name)),
        *(f"{member}/pyproject.toml" for member in members),
    ]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [begins[1] for line in said.splitlines() if (begins := BEGINS.match(line))]


def _name(manifest: Path) -> str:
    found = re.search(r'^name = "(.*)"', manifest.read_text("utf-8"), re.MULTILINE)
    if found is None:
        sys.exit(f"{manifest} has no name.")
    return found[1]


def main(words: list[str]) -> None:
    """Print the lines."""
    what, *rest = words
    names = TOOLS if what == "tools" else of_members(*(f"services/{name}" for name in rest))
    sys.stdout.write(cut(LOCK.read_text("utf-8"), names))


if __name__ == "__main__":
    main(sys.argv[1:])
