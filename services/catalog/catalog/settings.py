"""What the catalogue is told by its environment (`KC_…`)."""

from chassis.settings import ServiceSettings
from pydantic import Field


class Settings(ServiceSettings):
    """The settings that all services share, and its own."""

    gather_ms: int = Field(
        100, ge=1, le=200, description="Kafka: how long records are collected under load"
    )
    operator_name: str = Field("KommunalCampus eG", description="Publisher in our MOOChub feed")
    moochub_capacity: int = Field(
        100, ge=1, le=100_000, description="Seats of an imported run: MOOChub does not tell them"
    )
    feed_networks: list[str] = Field(
        [], description="Private networks (CIDR) that feeds may be read from nevertheless"
    )
    feed_seconds: float = Field(20.0, gt=0, description="Longest time for reading a feed by URL")
    feed_bytes: int = Field(8_388_608, gt=0, description="Largest feed by URL, all pages together")
    feed_pages: int = Field(50, gt=0, description="Most pages of a feed by URL")
