"""How words are compared in the search: folded the same way in offers and in questions.

Small letters, no accents (`Überblick` is `uberblick`), parts of `E-Akte` and `SEE-12e4` by
themselves and joined. Stemming is done by PostgreSQL afterwards, on both sides.
"""

import re
import unicodedata

MAX_QUESTION_WORDS = 12
MAX_WORD = 60

_WORD = re.compile(r"[^\W_]+")
_COMPOUND = re.compile(r"[^\W_]+(?:[-–/._][^\W_]+)+")
_MARK = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff\ufe20-\ufe2f]")
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "ae", "Ö": "oe", "Ü": "ue"})


def fold(text: str) -> str:
    """Small letters without accents; `ß` becomes `ss`."""
    if text.isascii():
        return text.lower()
    return _MARK.sub("", unicodedata.normalize("NFKD", text.casefold())).casefold()


def spelt_out(text: str) -> str:
    """Small letters, umlauts spelt out, one blank between words: how places are compared."""
    return " ".join(text.casefold().translate(_SPELT_OUT).split())


def words(text: str) -> list[str]:
    """The folded words of a text, in their order."""
    return [word[:MAX_WORD] for word in _WORD.findall(fold(text))]


def document(*texts: str) -> str:
    """What an offer can be found by: its words, compounds joined, umlauts also spelt out."""
    text = " ".join(texts)
    found = words(text)
    joined = [re.sub(r"[\W_]", "", fold(compound)) for compound in _COMPOUND.findall(text)]
    known, spelt = set(found), text.translate(_SPELT_OUT)
    other = [word for word in words(spelt) if word not in known] if spelt != text else []
    return " ".join([*found, *joined, *other])


def question(text: str) -> list[str]:
    """The different words that somebody asks for; all of them are wanted."""
    found = dict.fromkeys(words(text[:2000]))
    return list(found)[:MAX_QUESTION_WORDS]
