"""What every service is told by its environment (`KC_…`)."""

from datetime import UTC, datetime

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Settings that all services share. A service adds its own in a subclass."""

    model_config = SettingsConfigDict(env_prefix="KC_", extra="ignore", frozen=True)

    database_url: str = Field(description="postgresql+asyncpg://role:password@host:port/database")
    kafka: str = Field("127.0.0.1:9092", description="Bootstrap servers of Kafka")
    kafka_group: str = Field("", description="Consumer group; empty: the name of the service")
    kafka_replicas: int = Field(1, ge=1, le=7, description="Copies of a new topic's partitions")
    issuer: str = Field(description="Issuer of the access tokens, as it stands in `iss`")
    audience: str = Field("kommunalcampus", description="What `aud` of a token must contain")
    jwks_url: str = Field(description="Where the issuer publishes its keys")
    host: str = Field("127.0.0.1", description="Address that the service listens on")
    port: int = Field(0, description="Port that the service listens on")
    public_url: str = Field("http://127.0.0.1:8080", description="Address of the gateway")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    otlp_endpoint: str = Field("", description="OTLP/HTTP collector for traces; empty: off")
    pool_size: int = Field(6, ge=2, le=100, description="Database connections of one process")
    pool_wait_ms: int = Field(2000, description="Longest wait for one; then 503")
    max_body_bytes: int = Field(65_536, description="Largest request body; then 413")
    max_waiting_writes: int = Field(2000, description="Writes that may queue; then 503")
    max_in_flight: int = Field(1024, ge=0, description="Requests at work, at most; 0: no limit")
    min_in_flight: int = Field(128, ge=1, description="So many are let in however slow they are")
    target_ms: int = Field(250, ge=1, description="Requests slower than this lower the limit")
    patience_ms: int = Field(
        10_000, ge=0, description="Work not begun that long after its request is refused; 0: never"
    )
    max_parked: int = Field(2000, ge=0, description="Requests that wait by `Prefer: wait`; 0: any")
    leaving_ms: int = Field(
        2000, ge=0, le=30_000, description="After SIGTERM: how long requests are still answered"
    )
    batch_records: int = Field(1000, ge=1, description="Records of one topic in one transaction")
    gather_ms: int = Field(
        10, ge=1, le=200, description="Kafka: how long records are collected under load"
    )
    session_timeout_ms: int = Field(10_000, description="Kafka: when a silent consumer is dead")


def system_clock() -> datetime:
    """The time of the machine, in UTC. Everything else is handed the time as an argument."""
    return datetime.now(UTC)
