"""Every error is `application/problem+json` (RFC 9457) and never repeats what was sent."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from contracts.refusal import Refusal, Rule
from fastapi.encoders import jsonable_encoder
from starlette.requests import Request
from starlette.responses import Response

PROBLEM = "application/problem+json"
MAX_ERRORS = 20

MALFORMED = Rule("malformed", 400, "This is not readable JSON.", "Das ist kein lesbares JSON.")
INVALID = Rule("invalid", 422, "Something does not fit.", "Etwas passt nicht.")
NOT_ACCEPTABLE = Rule(
    "not-acceptable",
    406,
    "The answer cannot be given in that format.",
    "In diesem Format gibt es keine Antwort.",
)
TOO_LARGE = Rule("too-large", 413, "The request is too large.", "Die Anfrage ist zu groß.")
UNSUPPORTED = Rule(
    "unsupported-media-type",
    415,
    "Send application/json, not compressed.",
    "Bitte application/json senden, nicht komprimiert.",
)
NO_ROUTE = Rule("not-found", 404, "There is nothing here.", "Hier gibt es nichts.")
NO_METHOD = Rule("method-not-allowed", 405, "Not this method.", "Diese Methode gibt es hier nicht.")
KEY_REUSED = Rule(
    "idempotency-key-reused",
    422,
    "This Idempotency-Key was used for something else.",
    "Dieser Idempotency-Key gehört schon zu einer anderen Anfrage.",
)
KEY_INVALID = Rule(
    "idempotency-key-invalid",
    400,
    "An Idempotency-Key has 1 to 200 visible ASCII characters.",
    "Ein Idempotency-Key hat 1 bis 200 sichtbare ASCII-Zeichen.",
)
BUSY = Rule(
    "unavailable",
    503,
    "Not possible right now. Please try again soon, with the same Idempotency-Key.",
    "Gerade nicht möglich. Bitte gleich noch einmal versuchen, mit demselben Idempotency-Key.",
)
BUG = Rule("internal", 500, "This did not work. It is our fault.", "Das hat nicht geklappt.")

BY_STATUS = {
    rule.status: rule for rule in (MALFORMED, NO_ROUTE, NO_METHOD, TOO_LARGE, UNSUPPORTED, BUSY)
}


class Unavailable(Exception):  # noqa: N818 - a state of the world, not an error of anybody
    """The world is down or too busy: 503 with `Retry-After`. `code` says what is."""

    def __init__(self, code: str = "unavailable") -> None:
        super().__init__(code)
        self.code = code


def language(request: Request) -> str:
    """`de` where the client prefers German, else `en`."""
    return preferred(request.headers.get("accept-language", ""))


def preferred(accept_language: str) -> str:
    """`de` where that header prefers German, else `en`."""
    wanted = accept_language.lower()
    german, english = wanted.find("de"), wanted.find("en")
    return "de" if german >= 0 and (english < 0 or german < english) else "en"


def problem(
    request: Request,
    rule: Rule,
    errors: Sequence[Mapping[str, Any]] = (),
    more: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer for a rule that said no."""
    correlation_id = getattr(request.state, "correlation_id", "")
    written = document(rule, language(request), correlation_id, errors, more)
    return Response(written, rule.status, dict(headers or {}), media_type=PROBLEM)


def document(
    rule: Rule,
    lang: str,
    correlation_id: str,
    errors: Sequence[Mapping[str, Any]] = (),
    more: Mapping[str, Any] | None = None,
) -> bytes:
    """The body of that answer."""
    body = {
        **(more or {}),
        "type": f"urn:kommunalcampus:problem:{rule.code}",
        "title": rule.en,
        "status": rule.status,
        "detail": rule.de if lang == "de" else rule.en,
        "code": rule.code,
        "instance": f"urn:correlation:{correlation_id}",
        "errors": list(errors)[:MAX_ERRORS],
    }
    return orjson.dumps(body, default=jsonable_encoder)


def refused(request: Request, refusal: Refusal) -> Response:
    """The answer for a refusal."""
    rule = refusal.rule
    detail = rule.de if language(request) == "de" else rule.en
    entry = {"pointer": refusal.pointer, "code": rule.code, "detail": detail}
    headers = {"WWW-Authenticate": "Bearer"} if rule.status == 401 else {}
    return problem(request, rule, [entry], refusal.data, headers)


def unavailable(request: Request, why: Unavailable) -> Response:
    """503; a second later a try makes sense."""
    return problem(request, busy(why.code), headers={"Retry-After": "1"})


def busy(code: str) -> Rule:
    """The rule behind a 503."""
    return Rule(code, 503, BUSY.en, BUSY.de)
