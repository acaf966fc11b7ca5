"""`service.Dockerfile`: what it says, and what is taken out of the lock for it."""

import re
from collections.abc import Callable, Iterator

import pytest

from deploy import variables
from deploy.containers import needed

ROOT = variables.ROOT
FILE = ROOT / "deploy" / "service.Dockerfile"
LOCK = """\
aiokafka==0.14.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
async-timeout==5.0.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:cc
pytest==9.2.0 \\
    --hash=sha256:dd
uvicorn[standard]==0.54.0 \\
    --hash=sha256:ee
"""


def _steps(text: str) -> list[str]:
    """The instructions, one line each."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", text))
    return [line for line in joined.splitlines() if line.strip()]


def _end_image(text: str) -> list[str]:
    steps = _steps(text)
    begins = [number for number, step in enumerate(steps) if step.startswith("FROM")]
    return steps[begins[-1] :]


def hashed(text: str) -> Iterator[str]:
    """Third parties come with their hash, as wheels, and without what they would like besides."""
    for command in re.findall(r"pip[^&;]*?\binstall\b[^&;]*", " ".join(_steps(text))):
        ours = "--no-index" in command and "wheels/*.whl" in command
        strict = {"--require-hashes", "--no-deps", "--only-binary :all:"}
        if not ours and not all(word in command for word in strict):
            yield command


def not_root(text: str) -> Iterator[str]:
    """The end image runs as a plain user, by number: Kubernetes has to see that it is not root."""
    users = [step.split()[1] for step in _end_image(text) if step.startswith("USER")]
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        yield f"USER {users}"


def without_tools(text: str) -> Iterator[str]:
    """Nothing is installed or compiled in the end image."""
    for step in _end_image(text):
        if re.search(r"\b(apt-get|apk|pip|npm|gcc|curl|wget)\b", step):
            yield step


def watched(text: str) -> Iterator[str]:
    """The end image says when it is healthy."""
    if not any(step.startswith("HEALTHCHECK") for step in _end_image(text)):
        yield "no HEALTHCHECK"


def pinned(text: str) -> Iterator[str]:
    """The base can be chosen; what stands there has a version. No stage is from elsewhere."""
    for step in _steps(text):
        if step.startswith("ARG BASE") and not re.search(r"=\S+:\d+\.\d+\.\d+-", step):
            yield step
        if step.startswith("FROM") and "${BASE}" not in step:
            yield step


Rule = Callable[[str], Iterator[str]]
RULES: dict[str, Rule] = {
    rule.__name__: rule for rule in (hashed, not_root, without_tools, watched, pinned)
}
PLANTED = [
    ("hashed", "--require-hashes --no-deps --only-binary :all: -r needed.lock", "-r needed.lock"),
    ("hashed", "--require-hashes --no-deps --only-binary :all: -r tools.lock", "-r tools.lock"),
    ("hashed", "--no-deps --only-binary :all: -r libraries.lock", "-r libraries.lock"),
    ("hashed", "--no-index --no-deps wheels/*.whl", "wheels/*.whl"),
    ("not_root", "USER 10001:10001", "USER root"),
    ("not_root", "USER 10001:10001", "EXPOSE 1"),
    ("without_tools", "WORKDIR /app\nUSER", "RUN apt-get install -y gcc\nUSER"),
    ("watched", "HEALTHCHECK", "LABEL"),
    ("pinned", "python:3.13.15-slim-trixie", "python:3"),
    ("pinned", "FROM ${BASE}\n", "FROM debian\n"),
]


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds(rule: str) -> None:
    assert list(RULES[rule](FILE.read_text("utf-8"))) == []


@pytest.mark.parametrize(("rule", "there", "planted"), PLANTED)
def test_a_planted_offence_is_seen(rule: str, there: str, planted: str) -> None:
    text = FILE.read_text("utf-8")
    assert there in text
    assert list(RULES[rule](text.replace(there, planted)))


def test_every_rule_was_seen_red() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)


def test_what_is_needed_is_cut_out_of_the_lock_as_it_stands() -> None:
    assert needed.cut(LOCK, ["Async_Timeout", "uvicorn"]) == (
        "async-timeout==5.0.1 ; python_full_version < '3.11.3' \\\n    --hash=sha256:cc\n"
        "uvicorn[standard]==0.54.0 \\\n    --hash=sha256:ee\n"
    )


def test_a_package_that_is_not_locked_ends_the_build() -> None:
    with pytest.raises(SystemExit, match="does not hold requests"):
        needed.cut(LOCK, ["aiokafka", "requests"])


def test_the_real_lock_holds_the_tools_of_the_build_with_hashes() -> None:
    cut = needed.cut((ROOT / "requirements.lock").read_text("utf-8"), needed.TOOLS)
    assert set(needed.blocks(cut)) == set(needed.TOOLS)
    assert all("--hash=sha256:" in block for block in needed.blocks(cut).values())


def test_no_secret_and_no_state_gets_into_a_build() -> None:
    told = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in told if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not any("compose.env" in rule for rule in rules if rule.startswith("!"))
    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", FILE.read_text("utf-8"))
    for source in " ".join(copied).split():
        root = source.split("/")[0]
        assert any(rule.startswith(f"!{root}") for rule in rules), source
