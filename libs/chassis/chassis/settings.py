"""What every service is told by its environment (`KC_…`)."""

import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from chassis import safety


class ServiceSettings(BaseSettings):
    """Settings that all services share. A service adds its own in a subclass.

    Every description stands in `deploy/env.example`. Units are part of a name (`_ms`, `_seconds`,
    `_bytes`), or part of its description.
    """

    model_config = SettingsConfigDict(env_prefix=safety.PREFIX, extra="ignore", frozen=True)

    may_be_plain: ClassVar[Collection[str]] = (
        "kafka",
        "database_url",
        "jwks_url",
        "otlp_endpoint",
    )
    """What `KC_PLAINTEXT` can name."""

    database_url: str = Field(
        description="postgresql+asyncpg://role:password@host:port/database; beyond this machine "
        "with ?ssl=verify-full",
        repr=False,
    )
    migrate: bool = Field(
        True, description="Bring the database to the newest version; false: wait until it is there"
    )
    kafka: str = Field("127.0.0.1:9092", description="Bootstrap servers of Kafka, host:port,…")
    kafka_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", description="How Kafka is reached"
    )
    kafka_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="How a password is shown to Kafka (sasl_…)"
    )
    kafka_user: str = Field("", description="User name at Kafka (sasl_…)")
    kafka_password: str = Field("", description="Password at Kafka (sasl_…)", repr=False)
    kafka_ca: str = Field(
        "", description="File with the authorities that Kafka's certificate comes from (…ssl); "
        "empty: those of the system"
    )  # fmt: skip
    kafka_group: str = Field("", description="Consumer group; empty: the name of the service")
    kafka_replicas: int = Field(1, ge=1, le=7, description="Copies of a new topic's partitions")
    issuer: str = Field(description="Issuer of the access tokens, as it stands in `iss`")
    audience: str = Field("kommunalcampus", description="What `aud` of a token must contain")
    jwks_url: str = Field(description="Where the issuer publishes its keys")
    host: str = Field("127.0.0.1", description="Address that the service listens on")
    port: int = Field(0, ge=0, le=65535, description="Port that it listens on; 0: any free one")
    public_url: str = Field("http://127.0.0.1:8080", description="Address of the gateway")
    plaintext: str = Field(
        "",
        description="Settings whose address may be reached without encryption beyond this machine, "
        "for example kafka,database_url",
    )
    secrets_dir: str = Field(
        "",
        description="Folder of files that are called like variables and hold their values, for "
        "example /run/secrets; a variable that is set counts more",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="What is logged: this and what is worse"
    )
    otlp_endpoint: str = Field("", description="OTLP/HTTP collector for traces; empty: off")
    pool_size: int = Field(6, ge=2, le=100, description="Database connections of one process")
    pool_wait_ms: int = Field(2000, ge=1, description="Longest wait for one; then 503")
    max_body_bytes: int = Field(65_536, ge=1, description="Largest request body; then 413")
    max_waiting_writes: int = Field(2000, ge=1, description="Writes that may queue; then 503")
    max_in_flight: int = Field(1024, ge=0, description="Requests at work, at most; 0: no limit")
    min_in_flight: int = Field(80, ge=1, description="So many are let in however slow they are")
    target_ms: int = Field(250, ge=1, description="Requests slower than this lower the limit")
    patience_ms: int = Field(
        10_000, ge=0, description="Work not begun that long after its request is refused; 0: never"
    )
    max_parked: int = Field(2000, ge=0, description="Requests that wait by `Prefer: wait`; 0: any")
    leaving_ms: int = Field(
        2000, ge=0, le=5000, description="After SIGTERM: how long requests are still answered"
    )
    batch_records: int = Field(1000, ge=1, description="Records of one topic in one transaction")
    gather_ms: int = Field(
        10, ge=1, le=200, description="Kafka: how long records are collected under load"
    )
    replays_per_minute: int = Field(
        60, ge=1, description="Requests to replay dead letters in a minute; then 429"
    )
    session_timeout_ms: int = Field(
        10_000, ge=1000, description="Kafka: when a silent consumer is dead"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, variables, and the files of `KC_SECRETS_DIR`.

        Raises:
            SettingsError: there is no such folder.
        """
        del dotenv_settings, file_secret_settings
        folder = os.environ.get(safety.variable("secrets_dir"), "")
        if folder and not Path(folder).is_dir():
            raise SettingsError(f"KC_SECRETS_DIR is {folder}, and there is no such folder.")
        files = (SecretsSettingsSource(settings_cls, folder),) if folder else ()
        return init_settings, env_settings, *files

    @property
    def allowed_plain(self) -> set[str]:
        """The settings that `KC_PLAINTEXT` names."""
        return safety.named(self.plaintext)

    def unsafe(self) -> Iterator[str]:
        """What must not be so beyond this machine, a sentence each. A service adds its own."""
        allowed = self.allowed_plain
        yield from safety.unknown_names(allowed, self.may_be_plain)
        yield from safety.database(self.database_url, allowed)
        yield from self._unsafe_kafka(allowed)
        yield from safety.public_http("issuer", self.issuer)
        yield from safety.public_http("public_url", self.public_url)
        yield from safety.open_url("jwks_url", self.jwks_url, allowed)
        yield from safety.open_url("otlp_endpoint", self.otlp_endpoint, allowed)
        yield from safety.faults(self.host)

    def _unsafe_kafka(self, allowed: Collection[str]) -> Iterator[str]:
        hosts = [safety.host_of(broker) for broker in self.kafka.split(",")]
        if self.kafka_security.startswith("sasl"):
            known = safety.KNOWN_PASSWORDS | {self.kafka_user}
            if not self.kafka_user:
                yield "KC_KAFKA_USER is not set, and KC_KAFKA_SECURITY needs it."
            elif self.kafka_password in known and not all(map(safety.is_loopback, hosts)):
                yield "KC_KAFKA_PASSWORD is one that everybody knows: choose your own."
        if not self.kafka_security.endswith("ssl"):
            instead = "set KC_KAFKA_SECURITY to ssl or sasl_ssl"
            yield from safety.unencrypted("kafka", hosts, allowed, instead)

    @model_validator(mode="after")
    def _refuse_the_unsafe(self) -> Self:
        if found := list(self.unsafe()):
            raise ValueError("\n".join(found))
        return self


def system_clock() -> datetime:
    """The time of the machine, in UTC. Everything else is handed the time as an argument."""
    return datetime.now(UTC)
