"""The gateway's configuration on a real Traefik, with echoes in place of the services."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.settings import Settings
from deploy.local.stack import Stack
from deploy.local.tests.echo_backend import backends
from deploy.local.tests.free_ports import spare_settings

SERVED = ("catalog", "enrolment", "notifications")  # nobody listens where membership should be
MIB = 1024 * 1024


@contextmanager
def gateway(run: Path, **limits: str) -> Iterator[Settings]:
    settings = spare_settings(run, **limits)
    with (
        backends([settings.ports[name] for name in SERVED]),
        Stack(settings, ["gateway", "gateway-pages"]),
    ):
        yield settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=settings.url("gateway"), timeout=10) as opened:
        yield opened


def raw(settings: Settings, target: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """A request with exactly this target: no client tidies it up."""
    connection = http.client.HTTPConnection("127.0.0.1", settings.ports["gateway"], timeout=5)
    with closing(connection):
        connection.putrequest(method, target)
        connection.endheaders()
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, answer.read()


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "errors"}
    assert body["type"] == f"urn:kommunalcampus:problem:{code}"
    assert (body["status"], body["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/catalog/offers?q=a%20b&limit=2", "catalog"),
        ("/api/enrolment/enrolments", "enrolment"),
        ("/api/notifications/notices", "notifications"),
        ("/bridges/moochub/courses", "catalog"),
    ],
)
def test_a_service_gets_its_own_full_paths(
    client: httpx.Client, settings: Settings, path: str, service: str
) -> None:
    told = client.get(path).json()
    asked, _, query = path.partition("?")
    assert (told["path"], told["query"]) == (asked, query)
    assert told["port"] == settings.ports[service]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_writes_arrive_with_method_and_body(client: httpx.Client, method: str) -> None:
    told = client.request(method, "/api/enrolment/enrolments", content=b"12345").json()
    assert (told["method"], told["length"]) == (method, 5)


@pytest.mark.parametrize(
    "target",
    [
        "/metrics", "/docs", "/health", "/health/live", "/health/ready", "/openapi.json",
        "/asyncapi.json", "/api/rawdata", "//metrics",
        "/./metrics", "/api/catalog", "/api/catalogue/x",
        "/api/catalog/../../metrics", "/api/catalog/../../health/ready",
        "/api/catalog/%2e%2e/%2e%2e/metrics", "/api/catalog/.%2e/.%2E/docs",
        "/api/catalog/..%2f..%2fmetrics", "/api/catalog/%2e%2e%2f%2e%2e%2fmetrics",
        "/api/catalog/%252e%252e/metrics", "/api/catalog/..%5c..%5cmetrics",
        "/api/catalog/..\\..\\metrics", "/api/catalog/%00", "/bridges/moochub/../../openapi.json",
        "http://127.0.0.1/metrics", "/api/catalog/x%3f/../../../metrics",
    ],
)  # fmt: skip
def test_nothing_else_is_reachable(settings: Settings, target: str) -> None:
    status, headers, body = raw(settings, target)
    assert status in {400, 404}
    assert b'"path"' not in body, "a service was asked"
    if status == 404:
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["code"] == "not-found"


@pytest.mark.parametrize(
    "target",
    ["/", "/kurse?q=akte", "/en", "/ping", "/dashboard/", "/problems/404", "/API/catalog/x"],
)
def test_everything_else_is_the_portals(settings: Settings, target: str) -> None:
    status, headers, body = raw(settings, target)
    assert (status, json.loads(body)["code"]) == (502, "unavailable"), "no portal runs here"
    with httpx.Client(trust_env=False) as person:
        told = {"Accept": "text/html", "Accept-Language": "de"}
        page = person.get(f"{settings.url('gateway')}{target}", headers=told)
    assert page.headers["content-type"].startswith("text/html")
    assert "Bitte gleich noch einmal versuchen" in page.text
    assert headers["retry-after"] == page.headers["retry-after"]


def test_a_client_cannot_say_who_it_is(client: httpx.Client) -> None:
    forged = (
        "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Auth-User",
        "X-Auth-Request-User", "X-Auth-Roles", "X-Remote-User", "Remote-User", "X-Org", "X-Roles",
        "X-User-Id", "X-Tenant-Id", "X-Person-Ref", "X-Client-Cert", "Forwarded", "X-Original-Url",
        "X-Http-Method-Override", "X-Forwarded-Prefix", "X_Auth_User", "X_Forwarded_User", "Proxy",
    )  # fmt: skip
    for path in ("/api/catalog/x", "/api/enrolment/x"):
        told = client.post(path, headers=dict.fromkeys(forged, "forged")).json()["headers"]
        assert "forged" not in told.values(), told


def test_forwarded_addresses_are_the_gateways_own(client: httpx.Client) -> None:
    lies = {
        "X-Forwarded-For": "6.6.6.6", "X-Real-Ip": "6.6.6.6", "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https", "X-Forwarded-Port": "6",
    }  # fmt: skip
    told = client.get("/api/catalog/x", headers=lies).json()["headers"]
    assert told["x-forwarded-for"] == told["x-real-ip"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "http"
    assert not set(lies.values()) & set(told.values())


def test_what_services_need_passes(client: httpx.Client) -> None:
    sent = {
        "authorization": "Bearer x", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        "x-correlation-id": "c-1", "idempotency-key": "k", "prefer": "wait=5", "if-match": '"3"',
        "accept-language": "de", "last-event-id": "7",
    }  # fmt: skip
    told = client.get("/api/enrolment/x", headers=sent).json()["headers"]
    assert {name: told[name] for name in sent} == sent


def test_answers_carry_security_headers_and_no_server(client: httpx.Client) -> None:
    for path in ("/api/catalog/x", "/nothing", "/api/membership/x"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert not {"server", "x-powered-by"} & set(headers)


def test_a_service_that_is_down_is_a_problem_with_retry_after(client: httpx.Client) -> None:
    answer = client.get("/api/membership/organisations/me")
    assert_problem(answer, 502, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_a_problem_of_the_gateway_speaks_the_language_of_its_reader(client: httpx.Client) -> None:
    for path in ("/nothing", "/api/membership/x"):
        details = [
            client.get(path, headers={"accept-language": wanted}).json()["detail"]
            for wanted in ("de-DE,de;q=0.9,en;q=0.5", "en", "fr")
        ]
        assert details[0] != details[1] == details[2]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 500, 503])
def test_what_a_service_answers_stays_as_it_is(client: httpx.Client, status: int) -> None:
    answer = client.post(f"/api/enrolment/x?status={status}", content=b"x")
    assert (answer.status_code, answer.json()["length"]) == (status, 1)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "limit"), [("/api/enrolment/x", MIB), ("/api/catalog/imports/moochub", 8 * MIB)]
)
def test_a_body_may_have_its_limit_and_not_a_byte_more(
    client: httpx.Client, path: str, limit: int, *, chunked: bool
) -> None:
    def body(size: int) -> bytes | Iterator[bytes]:
        return iter([b"x" * (size - 1), b"x"]) if chunked else b"x" * size

    fits = client.post(path, content=body(limit))
    assert (fits.status_code, fits.json()["length"]) == (200, limit)
    assert_problem(client.post(path, content=body(limit + 1)), 413, "too-large")


def test_a_get_cannot_smuggle_a_large_body(client: httpx.Client) -> None:
    answer = client.request("GET", "/api/catalog/x", content=b"x" * (MIB + 1))
    assert_problem(answer, 413, "too-large")


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_large_answers_are_compressed_for_who_can_read_it(
    settings: Settings, encoding: str
) -> None:
    url = f"{settings.url('gateway')}/api/catalog/x?padding=5000"
    with httpx.stream("GET", url, headers={"accept-encoding": encoding}) as answer:
        assert answer.headers["content-encoding"] == encoding
        assert len(b"".join(answer.iter_raw())) < 1000
    plain = httpx.get(url, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(plain.content) > 5000


def test_events_arrive_one_by_one_and_uncompressed(client: httpx.Client) -> None:
    url = "/api/notifications/stream?count=3&pause=0.4"
    with client.stream("GET", url, headers={"accept-encoding": "gzip, br"}) as answer:
        assert "content-encoding" not in answer.headers
        began = time.monotonic()
        arrived = [(line, time.monotonic() - began) for line in answer.iter_lines() if line]
    assert [line for line, _ in arrived] == ["data: 0", "data: 1", "data: 2"]
    assert arrived[0][1] < 0.3
    assert arrived[2][1] - arrived[0][1] > 0.6


def test_headers_have_a_limit(client: httpx.Client) -> None:
    assert client.get("/api/catalog/x", headers={"X-Long": "a" * 70_000}).status_code == 431


def test_the_log_has_no_query_no_address_and_no_secret_of_a_path(
    client: httpx.Client, settings: Settings
) -> None:
    client.get("/api/catalog/marked?q=Personenname", headers={"X-Correlation-Id": "corr-77"})
    client.get("/api/notifications/calendar/GeheimesWort.ics")
    log = settings.logs / "gateway-access.log"
    deadline = time.monotonic() + 10
    while "corr-77" not in (text := log.read_text()):
        assert time.monotonic() < deadline, "the request was not logged"
        client.get("/api/catalog/filler")
        time.sleep(0.05)
    assert not any(word in text for word in ("Personenname", "GeheimesWort", "Client"))
    assert any(
        json.loads(line)["RequestPath"] == "/api/catalog/marked" for line in text.split("\n")
    )


def test_only_the_loopback_is_listened_on(settings: Settings) -> None:
    static = json.loads((settings.run / "gateway" / "traefik.yaml").read_text())
    assert {door["address"].split(":")[0] for door in static["entryPoints"].values()} == {
        "127.0.0.1"
    }
    assert "api" not in static, "the dashboard is off"


def test_who_asks_too_often_is_told_to_wait(tmp_path: Path) -> None:
    with (
        gateway(tmp_path, KC_RATE_AVERAGE="5", KC_RATE_BURST="10") as settings,
        httpx.Client(base_url=settings.url("gateway")) as client,
    ):
        answers = [client.get("/api/catalog/x") for _ in range(30)]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert 5 <= 30 - len(refused) <= 20
        assert_problem(refused[-1], 429, "too-many-requests")
        assert int(refused[-1].headers["retry-after"]) > 0
        # another path, another method, a lie about the address: still the same client
        lie = {"X-Forwarded-For": "6.6.6.6", "X-Real-Ip": "6.6.6.6"}
        assert client.get("/api/enrolment/y", headers=lie).status_code == 429
        deadline = time.monotonic() + 10
        while client.get("/api/catalog/x").status_code != 200:
            assert time.monotonic() < deadline, "the limit was never lifted"
            time.sleep(0.3)


def test_too_many_at_once_are_refused(tmp_path: Path) -> None:
    with gateway(tmp_path, KC_IN_FLIGHT="1") as settings:
        with socket.create_connection(("127.0.0.1", settings.ports["gateway"])) as busy:
            busy.sendall(b"GET /api/catalog/x?sleep=3 HTTP/1.1\r\nHost: x\r\n\r\n")
            url = f"{settings.url('gateway')}/api/catalog/y"
            deadline = time.monotonic() + 2.5
            while (answer := httpx.get(url)).status_code == 200:
                assert time.monotonic() < deadline, "a second request was let in all the time"
        assert_problem(answer, 429, "too-many-requests")


def test_a_limit_that_is_no_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="KC_RATE_AVERAGE='viel' is not a whole number"):
        Stack(spare_settings(tmp_path, KC_RATE_AVERAGE="viel"))
