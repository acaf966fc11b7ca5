"""What the portal does not start with."""

from typing import Any

import pytest
from portal.settings import Settings
from pydantic import ValidationError

GIVEN: dict[str, Any] = {
    "database_url": "postgresql+asyncpg://portal:u8Zk2@127.0.0.1/portal",
    "issuer": "https://id.example/realms/kommunalcampus",
    "jwks_url": "https://id.example/certs",
    "client_secret": "t4Rn8",
    "session_key": "a1b2c3d4" * 4,
}


def test_tokens_go_to_the_services_over_https_or_where_it_is_allowed() -> None:
    assert Settings(**GIVEN, api_url="https://gateway.example").services.startswith("https")
    assert Settings(**GIVEN, api_url="http://gateway:8080", plaintext="api_url").services
    with pytest.raises(ValidationError, match="KC_API_URL leads to gateway without encryption"):
        Settings(**GIVEN, api_url="http://gateway:8080")


@pytest.mark.parametrize("secret", ["portal", "secret", ""])
def test_a_secret_that_everybody_knows_is_for_a_local_issuer_only(secret: str) -> None:
    local = "http://127.0.0.1:8164/realms/kommunalcampus"
    assert Settings(**{**GIVEN, "client_secret": secret, "issuer": local}).client_secret == secret
    with pytest.raises(ValidationError, match="KC_CLIENT_SECRET is one that everybody knows"):
        Settings(**{**GIVEN, "client_secret": secret})


def test_a_session_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 32 characters"):
        Settings(**{**GIVEN, "session_key": "short"})
