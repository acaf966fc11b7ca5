"""The layout keeps its rules, and each rule is seen red on a planted offence."""

from pathlib import Path

import pytest

from tests.architecture.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
LONG = "\n".join(f"line_{n} = {n}" for n in range(20))
TEXT_TWICE = {"services/catalog/catalog/app.py": LONG, "services/enrolment/tests/test_a.py": LONG}

PLANTED: list[tuple[str, dict[str, str], str]] = [
    ("file_length", {"libs/a/a.py": "x = 1\n" * 301}, "301 lines, at most 300"),
    ("file_length", {"services/a/tests/test_a.py": "x = 1\n" * 301}, "301 lines, at most 300"),
    ("file_length", {"conftest.py": "x = 1\n" * 301}, "301 lines, at most 300"),
    ("file_length", {"services/a/a/static/a.css": "a {}\n" * 301}, "301 lines, at most 300"),
    ("line_length", {"deploy/a.py": f"x = '{'y' * 95}'\n"}, "101 columns"),
    ("line_length", {"services/a/migrations/a.py": f"x = '{'y' * 95}'\n"}, "101 columns"),
    *(
        ("functions", {path: "def f():\n" + "    x = 1\n" * 40}, "f has 41 lines")
        for path in ("libs/a.py", "services/a/tests/test_a.py", "services/a/migrations/a.py")
    ),
    ("functions", {"libs/a.py": "async def f(a, b, c, *, d, e, g, h): ..."}, "7 parameters"),
    ("functions", {"libs/a.py": "def f(a, b, c, d, e, *f, **g): ..."}, "7 parameters"),
    *(
        ("file_names", {f"services/a/a/{name}.py": ""}, "say what it is about")
        for name in ("utils", "common", "helpers", "misc", "manager", "base_service")
    ),
    ("file_names", {"libs/a/utils/dates.py": ""}, "say what it is about"),
    *(
        ("words", {"docs/a.md": f"# {first}{rest}: later\n"}, first + rest)
        for first, rest in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"))
    ),
    *(
        ("pure_domain", {"services/a/a/domain/b.py": code}, what)
        for code, what in (
            ("import random\n", "random"),
            ("import time\n", "time"),
            ("from secrets import token_hex\n", "secrets"),
            ("from uuid import UUID, uuid4\n", "uuid4"),
            ("def f():\n    return uuid.uuid4()\n", "uuid4"),
            ("def f():\n    return datetime.now(UTC)\n", "datetime.now"),
            ("def f():\n    return dt.datetime.now()\n", "datetime.now"),
            ("def f():\n    return datetime.utcnow()\n", "utcnow"),
            ("def f():\n    return date.today()\n", "date.today"),
            ("def f(clock=time.time): ...\n", "time.time"),
            ("async def f(): ...\n", "f"),
        )
    ),
    *(
        ("only_the_relay_publishes", {"services/a/a/handlers.py": code}, what)
        for code, what in (
            ("await broker.publish(event)\n", ".publish("),
            ("from aiokafka import AIOKafkaProducer\n", "AIOKafkaProducer"),
            ("await producer.send_and_wait(topic)\n", ".send_and_wait("),
        )
    ),
    ("service_files", {"services/a/a/engine.py": ""}, "not one of the agreed names"),
    ("service_files", {"services/a/a/engine/start.py": ""}, "not one of the agreed names"),
    ("no_text_twice", TEXT_TWICE, "16 lines as in services/catalog/catalog/app.py"),
    ("contracts_imports", {"libs/contracts/contracts/a.py": "import httpx\n"}, "imports httpx"),
    (
        "contracts_imports",
        {"libs/contracts/contracts/a.py": "from chassis.kafka import x\n"},
        "imports chassis.kafka",
    ),
    (
        "chassis_words",
        {"libs/chassis/chassis/a.py": "from contracts.enrolment import SeatHeld\n"},
        "imports contracts.enrolment",
    ),
    ("chassis_words", {"libs/chassis/chassis/a.py": "def f(seat_id): ...\n"}, "seat_id"),
    ("chassis_words", {"libs/chassis/chassis/a.py": "class EnrolmentSaga: ...\n"}, "Enrolment"),
]

HARMLESS = {
    "services/a/a/domain/b.py": (
        '"""A random id made by uuid4 comes in as an argument."""\n'
        "from datetime import datetime\n\n\n"
        "def later(now: datetime, timer: int) -> datetime:\n    return max(now, self.now)\n"
    ),
    "services/a/a/http/bookings.py": "x = 1\n",
    "services/a/a/handlers/hear.py": "y = 2\n",
    "services/a/tests/test_a.py": "await broker.publish(event)\n",
    "services/b/tests/test_a.py": "\n".join(f"from a import b{n}" for n in range(40)),
    "services/c/tests/test_a.py": "\n".join(f"from a import b{n}" for n in range(40)),
    "services/d/tests/test_d.py": LONG[: LONG.index("line_15")],
    "services/e/tests/test_e.py": LONG[: LONG.index("line_15")],
    "libs/chassis/chassis/outbox.py": "await producer.send_and_wait(topic)\n",
    "libs/contracts/contracts/a.py": "import json\nfrom pydantic import BaseModel\n",
    "deploy/__pycache__/utils.py": "x = 1\n" * 900,
}


def plant(root: Path, files: dict[str, str]) -> None:
    """Write a small tree."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds(rule: str) -> None:
    assert list(RULES[rule](ROOT)) == []


@pytest.mark.parametrize(("rule", "files", "reason"), PLANTED)
def test_a_planted_offence_is_seen(
    rule: str, files: dict[str, str], reason: str, tmp_path: Path
) -> None:
    plant(tmp_path, files)
    found = list(RULES[rule](tmp_path))
    assert found, f"{rule} does not see it"
    assert all(reason in line for line in found)


@pytest.mark.parametrize("rule", RULES)
def test_what_is_allowed_is_not_told(rule: str, tmp_path: Path) -> None:
    plant(tmp_path, HARMLESS)
    assert list(RULES[rule](tmp_path)) == []


def test_every_rule_was_seen_red() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)
