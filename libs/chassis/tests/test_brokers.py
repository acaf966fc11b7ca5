"""How Kafka is entered, for both libraries that enter it."""

import ssl

import pytest
from chassis.brokers import Brokers
from faststream.kafka.security import parse_security


def test_plain_brokers_are_entered_without_anything() -> None:
    plain = Brokers("127.0.0.1:9092")
    assert plain.client == {"bootstrap_servers": "127.0.0.1:9092", "security_protocol": "PLAINTEXT"}
    assert plain.faststream is None


@pytest.mark.parametrize("security", ["ssl", "sasl_plaintext", "sasl_ssl"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_both_libraries_are_told_the_same(security: str, mechanism: str) -> None:
    brokers = Brokers("k:9093", security, mechanism, "catalog", "p9Wq1")
    one, other = brokers.client, parse_security(brokers.faststream)
    for told in (one, other):
        context = told.pop("ssl_context", None)
        assert (context is not None) == security.endswith("ssl")
        if context is not None:
            assert context.verify_mode is ssl.CERT_REQUIRED
            assert context.check_hostname
    one.pop("bootstrap_servers")
    assert one == other
    assert ("sasl_mechanism" in one) == security.startswith("sasl")


def test_a_password_does_not_stand_in_a_log() -> None:
    assert "p9Wq1" not in repr(Brokers("k:9093", "sasl_ssl", "PLAIN", "catalog", "p9Wq1"))
