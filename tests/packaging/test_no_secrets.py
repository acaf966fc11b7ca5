"""No committed file holds what looks like a secret: keys, tokens, long random passwords."""

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest

from deploy import variables

ROOT = variables.ROOT
KNOWN = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "key of a cloud": r"\bA(?:KIA|SIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{35}",
    "token of a forge": r"\bgh[pousr]_[A-Za-z0-9]{30,}|\bglpat-[A-Za-z0-9_-]{20,}",
    "token of a chat": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "password in an address": r"://[^\s:/@\"'{}$%]+:[A-Za-z0-9_-]{20,}@",
}
NAMED = re.compile(
    r"""(?i)(?:password|passwd|secret|token|api_?key|session_?key)\w*["']?\s*[:=]\s*["']?"""
    r"""([A-Za-z0-9+/_=-]{20,})"""
)
RANDOM_BITS = 3.5  # per character, from where on a word was not made by a person


def _bits(word: str) -> float:
    return -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())


def secrets_in(text: str) -> Iterator[str]:
    """What looks like one: its kind and how it begins."""
    for kind, pattern in KNOWN.items():
        for found in re.finditer(pattern, text):
            yield f"{kind}: {found[0][:16]}..."
    for found in NAMED.finditer(text):
        word = found[1]
        if re.search(r"[0-9]", word) and _bits(word) > RANDOM_BITS:
            yield f"named: {word[:8]}..."


def test_no_committed_file_holds_a_secret() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert len(paths) > 500
    found = [
        f"{path.relative_to(ROOT)}: {said}"
        for path in paths
        if path.is_file()
        for said in secrets_in(path.read_text("utf-8", "replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        "-----BEGIN EC " + "PRIVATE KEY-----",
        "aws = AK" + "IAABCDEFGHIJKLMNOP",
        "gh" + "p_" + "a1B2" * 9,
        "xox" + "b-123456789012",
        "ey" + "JhbGciOiJSUzI1NiJ9.ey" + "JzdWIiOiJ4In0.c2lnbmF0dXJl",
        "postgresql://catalog:" + "Zk2u8Pq0Wn5Rt7Yx3Lm1" + "@db/catalog",
        "KC_SMTP_PASS" + "WORD=q7Rk2Zp9Xw4Tn8Vb3Lm6",
        '"client_sec' + 'ret": "h3Jd8Kq1Lz5Wm9Rt2Yv7"',
    ],
)
def test_a_planted_secret_is_seen(planted: str) -> None:
    assert len(list(secrets_in(planted))) == 1


@pytest.mark.parametrize(
    "harmless",
    [
        "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?}",
        "KC_SMTP_PASSWORD: {name: kommunalcampus-notifications, key: smtp-password}",
        "token = await self._fresh_token_of_the_person()",
        "sha256:" + "0f3a" * 16,
    ],
)
def test_what_only_speaks_of_secrets_is_none(harmless: str) -> None:
    assert list(secrets_in(harmless)) == []
