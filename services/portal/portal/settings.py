"""What the portal is told by its environment, beside what every service is told."""

from pathlib import Path

from chassis.settings import ServiceSettings
from pydantic import Field

PACKAGE = Path(__file__).parent


class Settings(ServiceSettings):
    """`KC_…` variables of the portal."""

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
    answer_seconds: float = Field(10.0, gt=0, description="Longest wait for a service")
    settle_seconds: int = Field(4, ge=0, le=25, description="How long a request may settle")
    prometheus_url: str = Field("", description="Figures of the operations page; empty: none")

    @property
    def services(self) -> str:
        """Base address of all REST routes."""
        return (self.api_url or self.public_url).rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether people reach the portal over TLS. Plain HTTP is for the own machine only."""
        return self.public_url.startswith("https://")
