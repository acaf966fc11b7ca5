"""What is refused at the start, and in which words."""

from typing import Any

import pytest
from chassis import safety
from chassis.settings import ServiceSettings
from pydantic import ValidationError
from pydantic_settings import BaseSettings

GOOD: dict[str, Any] = {
    "database_url": "postgresql+asyncpg://catalog:u8Zk2@db.example/catalog?ssl=verify-full",
    "kafka": "kafka-1.example:9093,kafka-2.example:9093",
    "kafka_security": "sasl_ssl",
    "kafka_user": "catalog",
    "kafka_password": "p9Wq1",
    "issuer": "https://id.example/realms/kommunalcampus",
    "jwks_url": "https://id.example/realms/kommunalcampus/protocol/openid-connect/certs",
    "public_url": "https://campus.example",
    "host": "10.0.0.2",
}
LOCAL: dict[str, Any] = {
    "database_url": "postgresql+asyncpg://catalog:catalog@127.0.0.1:5439/catalog",
    "kafka": "localhost:9092,[::1]:9092",
    "issuer": "http://127.0.0.1:8164/realms/kommunalcampus",
    "jwks_url": "http://localhost:8164/certs",
    "otlp_endpoint": "http://127.0.0.1:4318",
}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kafka_security": "plaintext"}, "KC_KAFKA leads to kafka-1.example without encryption"),
    ({"kafka_security": "sasl_plaintext"}, "KC_KAFKA leads to kafka-1.example without"),
    ({"kafka": "127.0.0.1:1,10.0.0.7:2", "kafka_security": "plaintext"}, "leads to 10.0.0.7"),
    ({"kafka_user": ""}, "KC_KAFKA_USER is not set"),
    ({"kafka_password": "kafka"}, "KC_KAFKA_PASSWORD is one that everybody knows"),
    ({"kafka_password": "catalog"}, "KC_KAFKA_PASSWORD is one that everybody knows"),
    ({"database_url": "postgresql+asyncpg://catalog:u8Zk2@db/catalog"}, "KC_DATABASE_URL leads"),
    ({"database_url": "postgresql+asyncpg://c:u8Zk2@db/c?ssl=prefer"}, "KC_DATABASE_URL leads"),
    ({"database_url": "postgresql+asyncpg://c:u8@/c?host=db:5432"}, "KC_DATABASE_URL leads to db"),
    ({"database_url": "postgresql+asyncpg://c:c@db/c?ssl=require"}, "that everybody knows"),
    ({"database_url": "postgresql+asyncpg://c:postgres@db/c?ssl=require"}, "that everybody knows"),
    ({"database_url": "postgresql+asyncpg://c@db/c?ssl=require"}, "that everybody knows"),
    ({"issuer": "http://id.example/realms/x"}, "KC_ISSUER begins with http"),
    ({"public_url": "http://campus.example"}, "KC_PUBLIC_URL begins with http"),
    ({"jwks_url": "http://id.example/certs"}, "KC_JWKS_URL leads to id.example without encryption"),
    ({"otlp_endpoint": "http://otel:4318"}, "KC_OTLP_ENDPOINT leads to otel without encryption"),
    ({"plaintext": "kafka,smtp"}, "KC_PLAINTEXT names 'smtp'"),
    ({"log_level": "verbose"}, "KC_LOG_LEVEL"),
    ({"pool_wait_ms": 0}, "KC_POOL_WAIT_MS"),
    ({"max_body_bytes": -1}, "KC_MAX_BODY_BYTES"),
    ({"max_waiting_writes": 0}, "KC_MAX_WAITING_WRITES"),
    ({"session_timeout_ms": 0}, "KC_SESSION_TIMEOUT_MS"),
]


def told(kind: type[BaseSettings], **settings: Any) -> list[str]:
    """The sentences with which settings are refused."""
    with pytest.raises(ValidationError) as refused:
        kind(**settings)
    return safety.sentences(refused.value)


@pytest.mark.parametrize("given", [GOOD, LOCAL])
def test_what_is_safe_is_taken(given: dict[str, Any]) -> None:
    assert ServiceSettings(**given).kafka == given["kafka"]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_one_thing_that_is_unsafe_is_told_in_one_sentence(
    change: dict[str, Any], said: str
) -> None:
    sentences = told(ServiceSettings, **{**GOOD, **change})
    assert len(sentences) == 1
    assert said in sentences[0]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    changes = {"issuer": "http://id.example", "public_url": "http://campus.example"}
    assert len(told(ServiceSettings, **{**GOOD, **changes})) == 2


def test_a_trusted_network_is_named_and_only_what_is_named_is_allowed() -> None:
    inside: dict[str, Any] = {
        **GOOD,
        "kafka_security": "plaintext",
        "database_url": "postgresql+asyncpg://catalog:u8Zk2@postgres/catalog",
    }
    allowed = ServiceSettings(**inside, plaintext="kafka, database_url")
    assert allowed.allowed_plain == {"kafka", "database_url"}
    assert "KC_DATABASE_URL leads" in told(ServiceSettings, **inside, plaintext="kafka")[0]


def test_a_known_password_is_refused_on_a_trusted_network_as_well() -> None:
    changes = {"database_url": "postgresql+asyncpg://c:postgres@db/c", "plaintext": "database_url"}
    assert "everybody knows" in told(ServiceSettings, **{**GOOD, **changes})[0]


def test_faults_are_refused_where_others_can_reach_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KC_FAULT", "relay.after_publish")
    assert "KC_FAULT is for tests" in told(ServiceSettings, **GOOD)[0]
    assert ServiceSettings(**{**GOOD, "host": "127.0.0.1"}).host == "127.0.0.1"


def test_no_sentence_repeats_a_secret() -> None:
    changes = {"database_url": "postgresql+asyncpg://c:u8Zk2@db/c", "kafka_security": "u8Zk2"}
    sentences = told(ServiceSettings, **{**GOOD, **changes})
    assert any("KC_KAFKA_SECURITY" in sentence for sentence in sentences)
    changes.pop("kafka_security")
    sentences += told(ServiceSettings, **{**GOOD, **changes})
    assert not any("u8Zk2" in sentence for sentence in sentences)


def test_settings_that_hold_a_password_do_not_show_it() -> None:
    shown = repr(ServiceSettings(**GOOD))
    assert "u8Zk2" not in shown
    assert "p9Wq1" not in shown
