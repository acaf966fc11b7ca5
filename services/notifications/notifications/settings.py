"""What notifications is told by its environment, beside what every service is told."""

from collections.abc import Iterator
from typing import Literal

from chassis import safety
from chassis.settings import ServiceSettings
from pydantic import Field

from notifications.adapters.letters import Sender
from notifications.domain.retry import Retry


class Settings(ServiceSettings):
    """`KC_…` variables of this service."""

    may_be_plain = (*ServiceSettings.may_be_plain, "smtp")

    gather_ms: int = Field(
        100, ge=1, le=200, description="Kafka: how long records are collected under load"
    )
    smtp: str = Field("127.0.0.1:1025", description="Mail server, host:port")
    smtp_user: str = Field("", description="User name at the mail server; empty: none")
    smtp_password: str = Field("", description="Password at the mail server", repr=False)
    smtp_tls: Literal["off", "starttls", "on"] = Field("off", description="Encryption")
    smtp_timeout_seconds: float = Field(10.0, gt=0, description="Longest wait for one answer")
    mail_from: str = Field(
        "fortbildung@kommunalcampus.example", description="A mailbox that people read"
    )
    mail_from_name: str = Field("KommunalCampus", description="Name beside the address")
    mail_reply_to: str = Field("", description="Where answers go; empty: to mail_from")
    mail_workers: int = Field(4, ge=1, le=50, description="Connections to the mail server")
    mail_batch: int = Field(20, ge=1, le=500, description="Mails that one worker takes at once")
    mail_lease_seconds: float = Field(30.0, gt=0, description="After that, another one may send")
    mail_poll_seconds: float = Field(1.0, gt=0, description="Pause between looks for leftovers")
    mail_attempts: int = Field(12, ge=1, description="Tries of one mail that is put off")
    mail_retry_seconds: float = Field(5.0, gt=0, description="First pause of such a mail")
    mail_retry_factor: float = Field(3.0, ge=1, description="Growth of this pause")
    mail_retry_longest_seconds: float = Field(3600.0, gt=0, description="Longest such pause")
    mail_outage_seconds: float = Field(0.5, gt=0, description="First pause without a mail server")
    mail_outage_longest_seconds: float = Field(15.0, gt=0, description="Longest such pause")
    stream_poll_seconds: float = Field(0.5, gt=0, description="Pause between looks for the stream")
    stream_heartbeat_seconds: float = Field(15.0, gt=0, description="Sign of life of the stream")
    stream_seconds: float = Field(600.0, gt=0, description="Then a client has to come back")

    def unsafe(self) -> Iterator[str]:
        """The mail server as well: mails hold names, and its password is worth having."""
        yield from super().unsafe()
        host = safety.host_of(self.smtp)
        if self.smtp_tls == "off":
            instead = "set KC_SMTP_TLS to starttls or on"
            yield from safety.unencrypted("smtp", [host], self.allowed_plain, instead)
            if self.smtp_password and not safety.is_loopback(host):
                yield "KC_SMTP_PASSWORD would be sent without encryption: set KC_SMTP_TLS."

    @property
    def retry(self) -> Retry:
        """When a mail that was put off is tried again."""
        return Retry(
            self.mail_retry_seconds,
            self.mail_retry_factor,
            self.mail_retry_longest_seconds,
            self.mail_attempts,
        )

    @property
    def sender(self) -> Sender:
        """Who writes."""
        return Sender(self.mail_from, self.mail_from_name, self.mail_reply_to, self.public_url)
