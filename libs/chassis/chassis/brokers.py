"""Where Kafka is and how it is entered: said once, for aiokafka and for FastStream."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from chassis.broken import tell_broken_connections
from chassis.settings import ServiceSettings

SASL: dict[str, Callable[..., BaseSecurity]] = {
    "PLAIN": SASLPlaintext,
    "SCRAM-SHA-256": SASLScram256,
    "SCRAM-SHA-512": SASLScram512,
}


@dataclass(frozen=True)
class Brokers:
    """The brokers of one cluster."""

    bootstrap: str
    security: str = "plaintext"
    mechanism: str = "SCRAM-SHA-512"
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        """Those that the settings name."""
        return cls(
            settings.kafka,
            settings.kafka_security,
            settings.kafka_mechanism,
            settings.kafka_user,
            settings.kafka_password,
            settings.kafka_ca,
        )

    @property
    def client(self) -> dict[str, Any]:
        """Arguments of every client of aiokafka."""
        tell_broken_connections()
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security.upper(),
        }
        if self._encrypted:
            options["ssl_context"] = self._context()
        if self._signs_in:
            options["sasl_mechanism"] = self.mechanism
            options["sasl_plain_username"] = self.user
            options["sasl_plain_password"] = self.password
        return options

    @property
    def faststream(self) -> BaseSecurity | None:
        """The same for FastStream's broker."""
        tell_broken_connections()
        context = self._context() if self._encrypted else None
        if self._signs_in:
            kind = SASL[self.mechanism]
            return kind(self.user, self.password, ssl_context=context, use_ssl=self._encrypted)
        return BaseSecurity(ssl_context=context, use_ssl=True) if self._encrypted else None

    @property
    def _encrypted(self) -> bool:
        return self.security.endswith("ssl")

    @property
    def _signs_in(self) -> bool:
        return self.security.startswith("sasl")

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca or None)
