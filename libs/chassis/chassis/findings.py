"""What is wrong with a request, in our words: pydantic's own messages repeat parts of the input."""

import re
from collections.abc import Mapping
from typing import Any

UUID = ("must be a UUID", "muss eine UUID sein")
WHOLE = ("must be a whole number", "muss eine ganze Zahl sein")
BOOLEAN = ("must be true or false", "muss true oder false sein")
OBJECT = ("must be an object", "muss ein Objekt sein")
INSTANT = ("must be an instant (RFC 3339)", "muss ein Zeitpunkt sein (RFC 3339)")
DAY = ("must be a day (YYYY-MM-DD)", "muss ein Tag sein (JJJJ-MM-TT)")
TEXT = ("must be a text", "muss ein Text sein")
LIST = ("must be a list", "muss eine Liste sein")
OTHERWISE = ("does not fit", "passt nicht")

WORDS = {
    "missing": ("is missing", "fehlt"),
    "extra_forbidden": ("is not known here", "ist hier nicht bekannt"),
    "uuid_parsing": UUID,
    "uuid_type": UUID,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": WHOLE,
    "int_from_float": WHOLE,
    "bool_type": BOOLEAN,
    "bool_parsing": BOOLEAN,
    "string_type": TEXT,
    "list_type": LIST,
    "dict_type": OBJECT,
    "model_attributes_type": OBJECT,
    "model_type": OBJECT,
    "datetime_type": INSTANT,
    "datetime_parsing": INSTANT,
    "datetime_from_date_parsing": INSTANT,
    "timezone_aware": ("needs a UTC offset", "braucht einen UTC-Abstand"),
    "date_type": DAY,
    "date_parsing": DAY,
    "date_from_datetime_parsing": DAY,
    "date_from_datetime_inexact": DAY,
    "string_pattern_mismatch": (
        "does not have the form that is asked for",
        "hat nicht die verlangte Form",
    ),
}

LIMITS = {
    "ge": ("must be at least {}", "muss mindestens {} sein"),
    "gt": ("must be more than {}", "muss größer als {} sein"),
    "le": ("must be at most {}", "darf höchstens {} sein"),
    "lt": ("must be less than {}", "muss kleiner als {} sein"),
    "min_length": ("is shorter than {}", "ist kürzer als {}"),
    "max_length": ("is longer than {}", "ist länger als {}"),
    "expected": ("must be one of: {}", "muss eines sein von: {}"),
}


def found(entry: Mapping[str, Any], language: str = "en") -> dict[str, str]:
    """One finding of pydantic as pointer, code and detail (`de` or `en`), without the input."""
    kind = str(entry["type"])
    place = [str(part) for part in entry["loc"]]
    if place and place[0] == "body":
        place = place[1:]
    steps = [part if re.fullmatch(r"@?[A-Za-z0-9_.-]{1,60}", part) else "…" for part in place]
    return {
        "pointer": "".join(f"/{step}" for step in steps),
        "code": kind.replace("_", "-"),
        "detail": _detail(kind, entry.get("ctx", {}), 1 if language == "de" else 0),
    }


def _detail(kind: str, context: Mapping[str, Any], which: int) -> str:
    if kind in WORDS:
        return WORDS[kind][which]
    told = [words[which].format(context[name]) for name, words in LIMITS.items() if name in context]
    return ", ".join(told) or OTHERWISE[which]
