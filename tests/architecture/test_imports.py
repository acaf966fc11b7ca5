"""Who may import whom: the contracts of import-linter are kept, and each is seen red."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("catalog", "enrolment", "membership", "notifications")
MEMBERS = (*SERVICES, "portal")
PACKAGES = {
    "contracts": "libs/contracts",
    "chassis": "libs/chassis",
    **{name: f"services/{name}" for name in MEMBERS},
}
BROKEN = [
    ("catalog/domain/planted.py", "import sqlalchemy", "The domain is pure"),
    ("enrolment/domain/planted.py", "from fastapi import APIRouter", "The domain is pure"),
    ("membership/domain/planted.py", "import faststream.kafka", "The domain is pure"),
    ("notifications/domain/planted.py", "import asyncio", "The domain is pure"),
    ("enrolment/domain/planted.py", "from chassis import planted", "The domain is pure"),
    ("contracts/planted.py", "import chassis", "Contracts import nobody"),
    ("contracts/planted.py", "import enrolment", "Contracts import nobody"),
    ("catalog/planted.py", "import enrolment.domain", "Services are independent"),
    ("notifications/planted.py", "from membership import domain", "Services are independent"),
    ("portal/planted.py", "from enrolment.domain import seats", "Services are independent"),
    ("chassis/planted.py", "import catalog", "The chassis knows no service"),
    ("chassis/planted.py", "from contracts.enrolment import SeatHeld", "The chassis knows no word"),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all packages side by side."""
    copy = tmp_path_factory.mktemp("imports")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name, home in PACKAGES.items():
        if (source := ROOT / home / name).exists():
            ignored = shutil.ignore_patterns("__pycache__", "*.html", "*.txt")
            shutil.copytree(source, copy / name, ignore=ignored)
        for package in (copy / name, *([copy / name / "domain"] if name in SERVICES else [])):
            package.mkdir(exist_ok=True)
            (package / "__init__.py").touch()
    return copy


def lint(tree: Path) -> tuple[int, str]:
    """Run import-linter on a copy; its status and what it says."""
    program = "from importlinter.cli import lint_imports_command as run; run()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_nobody_imports_what_it_must_not(tree: Path) -> None:
    status, said = lint(tree)
    assert status == 0, said


@pytest.mark.parametrize(("path", "code", "contract"), BROKEN)
def test_a_planted_import_is_seen(path: str, code: str, contract: str, tree: Path) -> None:
    planted = tree / path
    planted.write_text(code + "\n", "utf-8")
    try:
        status, said = lint(tree)
    finally:
        planted.unlink()
    broken = [line for line in said.splitlines() if line.endswith("BROKEN")]
    assert status == 1, said
    assert any(line.startswith(contract) for line in broken), said
