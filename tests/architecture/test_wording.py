"""What services say to people in German: the words of the portal, nobody blamed, nobody shouted at.

The sentences are those of every refusal (`Rule`) and of every mail; technical words of providers
and operations (feed, cursor, Idempotency-Key) are theirs.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WHERE = ("libs/*/*", "services/*/*")
MAILS = "services/notifications/notifications/adapters/texts/de"
UNWANTED = re.compile(
    r"\b(durchführung|storn|konto|account|run\b|slot|event|enrolment|status\b|id\b|bildungskoord"
    r"|ungültig|falsch|ok\b)|!",
    re.IGNORECASE,
)
CODE_OF_A_MAIL = re.compile(r"\{[%#].*?[%#]\}|\{\{.*?\}\}", re.DOTALL)


def refusals(source: str) -> Iterator[str]:
    """The German sentences of the rules in a module."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Rule":
            match call.args:
                case [_, _, _, ast.Constant(value=str(german))]:
                    yield german


def unwanted(sentence: str) -> str | None:
    """The first word in it that people should not meet."""
    found = UNWANTED.search(sentence)
    return found and found.group()


def every_refusal() -> list[str]:
    """The German sentences of all rules, tests left out."""
    modules = {path for where in WHERE for path in ROOT.glob(f"{where}/**/*.py")}
    own = (path for path in sorted(modules) if "tests" not in path.relative_to(ROOT).parts)
    return [said for path in own for said in refusals(path.read_text("utf-8"))]


def test_refusals_say_no_in_the_words_of_the_portal() -> None:
    said = every_refusal()
    assert len(said) > 60
    assert [sentence for sentence in said if unwanted(sentence)] == []


@pytest.mark.parametrize("mail", sorted((ROOT / MAILS).glob("*.jinja")), ids=lambda path: path.stem)
def test_mails_speak_in_the_words_of_the_portal(mail: Path) -> None:
    words = CODE_OF_A_MAIL.sub(" ", mail.read_text("utf-8"))
    assert unwanted(words) is None


@pytest.mark.parametrize(
    "said", ["Ihr Konto fehlt.", "Eine Stornierung kostet.", "Die Bildungskoordination", "Nein!"]
)
def test_words_that_people_should_not_meet_are_found(said: str) -> None:
    [found] = refusals(f'X = Rule("a-code", 409, "No.", "{said}")')
    assert unwanted(found)
