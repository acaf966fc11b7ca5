"""Three services as processes of the test, with a proxy on each of their links.

PostgreSQL, Kafka and the mail sink are those of `deploy/local`; the tokens come from the test
issuer, so that neither the identity provider nor the gateway has to start. What a test sees is
what it sees of the platform: `Bookers` work with both.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from chassis.testing_issuer import Issuer

from deploy.local.client import Client, until
from deploy.local.environment import clean
from deploy.local.inventory import all_parts
from deploy.local.parts import answers
from deploy.local.stack import Stack
from tests.failure.proxy import Proxy
from tests.platform import PROVIDER, Platform

SERVICES = ("membership", "enrolment", "notifications")
ORGANISATION = UUID(int=0x0AD0)
ROLES = ("coordinator", "employee")
READY_SECONDS = 300  # on a busy machine
QUICK = {"KC_MAIL_RETRY_SECONDS": "0.4", "KC_MAIL_ATTEMPTS": "5", "KC_SMTP_TIMEOUT_SECONDS": "2"}


@dataclass
class Program:
    """A service at work, and the proxies around it."""

    process: subprocess.Popen[bytes]
    door: Proxy
    """Between its clients and the service."""
    links: Mapping[str, Proxy]
    """Between the service and `postgres`, `kafka`, `smtp`, `issuer`."""

    def end(self) -> None:
        """Stop it as the supervisor would."""
        for link in self.links.values():
            link.fault("pass")
        self.process.terminate()
        try:
            self.process.wait(25)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for proxy in (self.door, *self.links.values()):
            proxy.close()


@dataclass
class Stand(Platform):
    """The servers, and the services that a test started."""

    issuer: Issuer = field(default_factory=Issuer)
    programs: dict[str, Program] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    """What else stands in new tokens, for a test that moves the clock of a service."""

    def start(self, service: str, **more: str) -> Program:
        """Start a service and wait until it is ready; `more` is added to its environment."""
        settings = self.stack.settings
        part = next(part for part in all_parts(settings) if part.name == service)
        links = {
            "postgres": Proxy(settings.address("postgres")),
            "kafka": Proxy(settings.address("kafka"), hide=True),
            "smtp": Proxy(settings.address("smtp")),
            "issuer": Proxy(self.issuer.url.removeprefix("http://")),
        }
        url = part.env["KC_DATABASE_URL"]
        there = {
            "KC_DATABASE_URL": url.replace(settings.address("postgres"), links["postgres"].address),
            "KC_KAFKA": links["kafka"].address,
            "KC_SMTP": links["smtp"].address,
            "KC_ISSUER": self.issuer.url,
            "KC_JWKS_URL": f"http://{links['issuer'].address}",
        }
        with (settings.logs / f"{service}.log").open("ab") as log:
            process = subprocess.Popen(
                part.command,
                env={**clean(settings), **part.env, **QUICK, **there, **more},
                cwd=settings.root,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        program = Program(process, Proxy(settings.address(service)), links)
        self.programs[service] = program
        until(lambda: self.ready(service), READY_SECONDS, f"{service} at work")
        return program

    def ready(self, service: str) -> bool:
        """Whether it says so itself."""
        ended = self.programs[service].process.poll()
        assert ended is None, f"{service} ended with {ended}"
        return answers(f"{self.stack.url(service)}/health/ready")

    def restart(self, service: str, **more: str) -> Program:
        """The same service anew, in another environment."""
        self.programs.pop(service).end()
        return self.start(service, **more)

    def close(self) -> None:
        """End what was started."""
        for program in self.programs.values():
            program.end()
        self.issuer.close()

    def register(self) -> None:
        """The organisation of all people here; no member, so the price is the standard one."""
        with self.as_user("olga", "office") as olga:
            body = {"code": "stand", "name": "Stadt am Stand", "employees": 100}
            olga.post(
                "/api/membership/organisations", {"organisation_id": str(ORGANISATION), **body}
            )

    # -- what `Platform` does through the gateway

    def as_user(self, name: str | None = None, *roles: str) -> StandClient:
        """A client with a token of the test issuer; by default of a coordinator."""
        del name
        return StandClient(self, roles or ROLES)

    def a_run(self, capacity: int, **changes: Any) -> str:
        """Play the catalogue: tell a run and wait until it can be booked."""
        run_id = str(uuid4())
        starts = datetime.now(UTC) + timedelta(days=60)
        run = {
            "run_id": run_id,
            "offer_id": str(uuid4()),
            "provider_id": PROVIDER,
            "run_ref": "a",
            "title": "Vergaberecht für Einsteiger",
            "format": "presence",
            "starts_at": _instant(starts),
            "ends_at": _instant(starts + timedelta(hours=7)),
            "location": "Bensheim",
            "capacity": capacity,
            "booking_closes_at": _instant(starts - timedelta(days=7)),
            "standard_cents": 44100,
            "member_cents": 35300,
            **changes,
        }
        self.tell("catalog.runs", "catalog.run-scheduled.v1", run_id, run)
        with self.as_user() as anna:
            path = f"/api/enrolment/runs/{run_id}/seats"
            until(lambda: anna.ask("GET", path).is_success, 120, f"run {run_id} at enrolment")
        return run_id

    def tell(self, topic: str, kind: str, key: str, body: Mapping[str, Any]) -> str:
        """Put an event on its topic as its owner would; its id."""
        id_ = str(uuid4())
        headers = {
            "ce_id": id_,
            "ce_type": kind,
            "ce_source": "/catalog",
            "ce_specversion": "1.0",
            "ce_subject": key,
            "ce_correlationid": id_,
            "ce_aggregateversion": "1",
            "content-type": "application/json",
        }
        packed = [(name, value.encode()) for name, value in headers.items()]
        self.send_raw(topic, key, json.dumps(body).encode(), packed)
        return id_

    def told(self, *topics: str) -> dict[str, dict[str, Any]]:
        """The events that stand on these topics, each once, by id."""
        records = self.read(*topics)
        return {dict(r.headers)["ce_id"].decode(): json.loads(r.value) for r in records}

    def order_mails(self, mode: str, count: int, to: str = "") -> None:
        """What the mail sink shall do wrong next."""
        body = {"mode": mode, "count": count, "to": to}
        url = f"{self.stack.settings.url('mail')}/faults"
        httpx.post(url, json=body, timeout=20, trust_env=False).raise_for_status()


class StandClient(Client):
    """Speaks to the services themselves, as somebody with these roles."""

    def __init__(self, stand: Stand, roles: tuple[str, ...]) -> None:
        super().__init__(stand.stack.settings, "somebody")
        self._stand, self._roles, self.sub = stand, roles, uuid4()
        self._made_at = float("-inf")

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request to the service that the path names."""
        door = self._stand.programs[path.split("/")[2]].door
        return super().ask(method, f"http://{door.address}{path}", body, headers)

    def _fresh_token(self) -> str:
        if time.monotonic() - self._made_at > 200:
            stand = self._stand
            self._token = stand.issuer.token(self.sub, ORGANISATION, self._roles, **stand.claims)
            self._made_at = time.monotonic()
        return self._token


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def a_stand(stack: Stack) -> Stand:
    """Everything at work, and one organisation registered."""
    stack.up()
    stand = Stand(stack)
    try:
        for service in SERVICES:
            stand.start(service)
        stand.register()
    except BaseException:
        stand.close()
        raise
    return stand
