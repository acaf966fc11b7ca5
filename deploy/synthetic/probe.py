"""One synthetic booking, from signing in to cancelling, through the gateway like anybody's.

Provider and organisation are those of `contracts.synthetic`; they are in no figure of the business.
Whatever an answer holds, a round that fails is told as failed and the next one is tried.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
from chassis import safety
from contracts import synthetic
from prometheus_client import Counter, Gauge
from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

T = TypeVar("T")
BOOK = "/api/enrolment/enrolments"
LIVE = ("requested", "awaiting_approval", "confirmed", "waitlisted", "offered")
STEPS = ("sign-in", "offer", "tidy", "booking", "confirmation", "notice", "cancellation")
STEP_LIMIT = 20.0  # seconds that a step may wait for what comes by itself
AHEAD = timedelta(days=60)

SUCCESS = Gauge("kc_synthetic_success", "1 when the last synthetic booking went through")
LAST = Gauge(
    "kc_synthetic_last_success_timestamp_seconds",
    "When one went through last; 0 while none has since the start of the process",
)
ROUNDS = Counter("kc_synthetic_rounds", "Synthetic bookings by their end", ["outcome"])
FAILED = Counter("kc_synthetic_failed_steps", "Where synthetic bookings failed", ["step"])
SECONDS = Gauge("kc_synthetic_step_seconds", "Time of each step of the last one", ["step"])


class ProbeSettings(BaseSettings):
    """What the process is told by its environment (`KC_…`)."""

    model_config = SettingsConfigDict(env_prefix=safety.PREFIX, extra="ignore", frozen=True)

    gateway_url: str = Field("http://127.0.0.1:8080", description="Where clients come in")
    issuer: str = Field(description="Issuer of the access tokens")
    synthetic_client: str = Field("synthetic", description="Client id at the issuer")
    synthetic_secret: str = Field(description="Secret of that client", repr=False)
    synthetic_seconds: float = Field(60, ge=1, description="A booking every so many seconds")
    host: str = Field("127.0.0.1", description="Address that its figures are served on")
    port: int = Field(8161, description="Port that its figures are served on")
    plaintext: str = Field(
        "", description="gateway_url, where the network to the gateway is trusted without TLS"
    )

    def unsafe(self) -> Iterator[str]:
        """Where its secret and its token would go in the open, a sentence each."""
        allowed = safety.named(self.plaintext)
        yield from safety.unknown_names(allowed, ["gateway_url"])
        yield from safety.open_url("gateway_url", self.gateway_url, allowed)
        yield from safety.public_http("issuer", self.issuer)
        if not safety.is_loopback(safety.host_of(self.issuer)):
            known = safety.KNOWN_PASSWORDS | {self.synthetic_client}
            if self.synthetic_secret in known:
                yield "KC_SYNTHETIC_SECRET is one that everybody knows: choose your own."

    @model_validator(mode="after")
    def _refuse_the_unsafe(self) -> Self:
        if found := list(self.unsafe()):
            raise ValueError("\n".join(found))
        return self


class StepError(Exception):
    """A step did not go as it should. The text has codes, never a token."""


class Probe:
    """Books again and again."""

    def __init__(self, settings: ProbeSettings, http: httpx.Client) -> None:
        self._settings, self._http = settings, http
        self._token = ""
        for step in STEPS:
            FAILED.labels(step)

    def once(self) -> str:
        """One booking; the step and the reason where it failed, else nothing."""
        self._now = STEPS[0]
        try:
            self._round()
        except Exception as error:  # noqa: BLE001 - an answer may hold anything
            SUCCESS.set(0)
            ROUNDS.labels("failed").inc()
            FAILED.labels(self._now).inc()
            # only our own words: those of others may repeat what was sent
            said = f"{error}" if isinstance(error, StepError) else ""
            return f"{self._now}: {type(error).__name__} {said}".rstrip()
        SUCCESS.set(1)
        LAST.set_to_current_time()
        ROUNDS.labels("succeeded").inc()
        return ""

    def _round(self) -> None:
        with self._step("sign-in"):
            self._sign_in()
        with self._step("offer"):
            run_id = self._offer()
        with self._step("tidy"):
            self._tidy()
        with self._step("booking"):
            booked = self._post(BOOK, {"run_id": run_id})
            path = f"{BOOK}/{booked['enrolment_id']}"
        with self._step("confirmation"):
            _until(lambda: self._get(path)["state"] == "confirmed", "confirmed")
        with self._step("notice"):
            _until(lambda: self._is_told(booked["enrolment_id"]), "a notice")
        with self._step("cancellation"):
            ended = self._post(f"{path}/cancellation")
            if ended["state"] != "cancelled":
                raise StepError(f"is {ended['state']}, not cancelled")

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self._now, began = name, time.monotonic()
        yield
        SECONDS.labels(name).set(time.monotonic() - began)

    def _sign_in(self) -> None:
        answer = self._http.post(
            f"{self._settings.issuer}/protocol/openid-connect/token",
            data={
                "grant_type": "client_credentials",
                "client_id": self._settings.synthetic_client,
                "client_secret": self._settings.synthetic_secret,
            },
        )
        self._token = str(_content(answer)["access_token"])

    def _offer(self) -> str:
        """The run of the synthetic offer; importing it again changes nothing."""
        body = {"source": synthetic.PROVIDER, "feed": {"data": [course(datetime.now(UTC))]}}
        record = self._post("/api/catalog/imports/moochub", body)["records"][0]
        if record["result"] == "rejected":
            raise StepError(str(record["errors"]))
        run_id = str(max(record["run_ids"].items())[1])
        path = f"/api/enrolment/runs/{run_id}/seats"
        _until(lambda: self._ask("GET", path).is_success, "the run at enrolment")
        return run_id

    def _tidy(self) -> None:
        """Cancel what an earlier round left when it failed."""
        wanted = "&".join(f"state={state}" for state in LIVE)
        for left in self._get(f"{BOOK}?{wanted}")["items"]:
            self._post(f"{BOOK}/{left['enrolment_id']}/cancellation")

    def _is_told(self, enrolment_id: str) -> bool:
        notices = self._get("/api/notifications/notices?limit=20")["items"]
        return any(notice["about_id"] == enrolment_id for notice in notices)

    def _get(self, path: str) -> Any:
        return _content(self._ask("GET", path))

    def _post(self, path: str, body: Any = None) -> Any:
        return _content(self._ask("POST", path, body or {}))

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        return self._http.request(method, path, json=body, headers=headers)


def _content(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    try:
        code = answer.json().get("code", "")
    except (ValueError, AttributeError):
        code = ""
    raise StepError(f"{answer.status_code} {code}".strip())


def _until(what: Callable[[], T], name: str) -> T:
    end = time.monotonic() + STEP_LIMIT
    while not (got := what()):
        if time.monotonic() > end:
            raise StepError(f"{name} did not come within {STEP_LIMIT:.0f} s")
        time.sleep(0.1)
    return got


def course(now: datetime) -> dict[str, Any]:
    """The one course, free of charge, with one run: on the first of a month to come."""
    later = now + AHEAD
    year, month = (later.year, later.month + 1) if later.month < 12 else (later.year + 1, 1)
    start = datetime(year, month, 1, 9, tzinfo=UTC)
    return {
        "type": "courses",
        "id": "synthetic-booking",
        "attributes": {
            "name": "Synthetische Buchung",
            "description": "Nur für die Überwachung der Plattform.",
            "courseMode": ["online", "synchronous"],
            "inLanguage": ["de"],
            "url": "https://synthetic.example/",
            "publisher": {"name": "KommunalCampus"},
            "startDate": [start.isoformat()],
            "endDate": [(start + timedelta(hours=1)).isoformat()],
            "access": ["free"],
        },
    }
