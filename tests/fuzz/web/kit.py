"""What is put into requests to the portal, beside what every program gets."""

from __future__ import annotations

from tests.fuzz import nasty, nasty_headers
from tests.fuzz.mutator import Kit
from tests.fuzz.web.people import PEOPLE

WORDS = (
    *nasty.STRINGS,
    "9" * 30,
    "9" * 400,
    "9" * 5000,
    "0/0/" + "9" * 400,
    "1/2/" + "9" * 5000,
    "entfernen:" + "9" * 5000,
    "buchen:\u0663",
    "//evil.example",
    "/en//evil.example/x",
    "/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "//[",
    "http://[",
    "1.1.0001",
    "0001-01-01 00:00",
    "31.12.9999 23:59",
    "29.3.2026 02:30",
    "00:00",
    "24:00",
    "?limit=1",
    "../offers",
    "x/../../offers",
    "=1+1",
    "a;b,c\td",
    "a@b@c",
    "@",
    "\u00e4",
    " a",
    "a\nb",
    "&lt;b&gt;",
    "%(name)s %(n)s %",
    "{{ csrf }}",
)
LEFT_OUT = (b"idempotency-key", b"prefer", b"if-match", b"traceparent")
FORM = b"multipart/form-data; boundary="
HEADERS: dict[bytes, tuple[bytes, ...]] = {
    **{name: values for name, values in nasty_headers.HEADERS.items() if name not in LEFT_OUT},
    b"content-type": (
        *nasty_headers.HEADERS[b"content-type"],
        b"application/x-www-form-urlencoded; charset=utf-16",
        *(FORM + b"kc-boundary; charset=" + name for name in (
            b"undefined", b"idna", b"punycode", b"utf-7", b"unicode_escape", b"utf-16", b"hex",
        )),
        FORM,
        FORM + b'""',
        FORM + b"\xff",
        FORM + b"a" * 5000,
        b"multipart/mixed; boundary=kc-boundary",
    ),
    b"cookie": (
        *nasty_headers.HEADERS[b"cookie"],
        b"kc_sitzung=",
        b"kc_sitzung=" + b"x" * 9000,
        b"kc_sitzung=\xff",
        b"kc_meldung=@@flash@@",
        b"kc_meldung=@@left@@",
        b"kc_meldung=gAAAAA; kc_anmeldung=gAAAAA",
        b"kc_meldung=\xff; kc_anmeldung=\xff",
        b"kc_anmeldung=@@flash@@",
        b"kc_anmeldung=@@left@@",
        b'kc_ansicht="><script>',
        b"kc_ansicht=dark; kc_ansicht=light",
        b"; ; =; ==;",
        b'a="b\\"; c',
    ),
    b"origin": (b"", b"null", b"https://evil.example", b"http://127.0.0.1:8080", b"http://["),
    b"sec-fetch-site": (b"", b"same-origin", b"none", b"cross-site", b"same-site", b"\xff"),
    b"referer": (
        b"",
        b"http://127.0.0.1:8080/kurse?q=a",
        b"http://127.0.0.1:8080/en/buchungen?stand=zu-tun",
        b"http://127.0.0.1:8080//evil.example",
        b"http://127.0.0.1:8080",
        b"https://evil.example/kurse",
        b"http://[",
        b"//[",
        b"http://127.0.0.1:8080/\xff",
        b"about:blank",
    ),
    b"hx-request": (b"true", b"", b"\xff"),
    b"hx-boosted": (b"true",),
    b"hx-target": (b"gewaehlt", b"buchung", b"<script>", b"", b"\xff"),
    b"hx-trigger": (b"mehr", b"live", b"\xff"),
    b"hx-current-url": (b"http://[", b"https://evil.example", b"/kurse", b"\xff"),
    b"hx-history-restore-request": (b"true", b""),
    b"hx-prompt": (b"<script>", b"\xff"),
    b"accept-encoding": (b"br", b"gzip;q=0", b"*", b"\xff"),
    b"last-event-id": (
        *nasty_headers.HEADERS[b"last-event-id"],
        b"1",
        b"1800000000000",
        b"9" * 400,
        b"9" * 5000,
        b"\xb2",
    ),
}  # fmt: skip
WHOS = (
    "",
    *PEOPLE,
    "ended",
    "raw:kc_sitzung=",
    "raw:kc_sitzung=\xff\xfe",
    "raw:kc_sitzung=a; kc_sitzung=b",
    "raw:kc_sitzung=" + "x" * 9000,
)
MARKS = ("%s", "<%s>", "\"'><%s a=")
"""A canary alone says that something comes back; the others, whether it comes back as markup."""

PORTAL = Kit(HEADERS, WORDS, WHOS, MARKS)
