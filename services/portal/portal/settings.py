"""What the portal is told by its environment, beside what every service is told."""

from collections.abc import Iterator
from pathlib import Path

from chassis import safety
from chassis.settings import ServiceSettings
from pydantic import Field

PACKAGE = Path(__file__).parent


class Settings(ServiceSettings):
    """`KC_…` variables of the portal."""

    may_be_plain = (*ServiceSettings.may_be_plain, "api_url", "prometheus_url")

    client_id: str = Field("portal", description="The portal's name at the identity provider")
    client_secret: str = Field(description="Its secret there", repr=False)
    session_key: str = Field(
        description="Encrypts tokens and drafts in the database and short-lived cookies; "
        "32 random characters or more, the same for all replicas",
        min_length=32,
        repr=False,
    )
    api_url: str = Field("", description="Where the services are asked; empty: the public address")
    assets: Path = Field(
        PACKAGE / "static" / "built", description="Folder that `python -m portal.assets` has made"
    )
    session_idle_minutes: int = Field(60, ge=5, description="A session unused so long ends")
    session_hours: int = Field(10, ge=1, description="Longest life of a session")
    draft_days: int = Field(7, ge=1, description="How long an unfinished form is kept")
    remember_days: int = Field(
        400, ge=1, description="How long somebody's last cost centre and order number are kept"
    )
    answer_seconds: float = Field(10.0, gt=0, description="Longest wait for a service")
    settle_seconds: int = Field(4, ge=0, le=25, description="How long a request may settle")
    prometheus_url: str = Field("", description="Figures of the operations page; empty: none")

    def unsafe(self) -> Iterator[str]:
        """Where people's tokens go, and the secret that the identity provider knows us by."""
        yield from super().unsafe()
        yield from safety.open_url("api_url", self.api_url, self.allowed_plain)
        yield from safety.open_url("prometheus_url", self.prometheus_url, self.allowed_plain)
        known = safety.KNOWN_PASSWORDS | {self.client_id}
        if self.client_secret in known and not safety.is_loopback(safety.host_of(self.issuer)):
            yield "KC_CLIENT_SECRET is one that everybody knows: choose your own."

    @property
    def services(self) -> str:
        """Base address of all REST routes."""
        return (self.api_url or self.public_url).rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether people reach the portal over TLS. Plain HTTP is for the own machine only."""
        return self.public_url.startswith("https://")
