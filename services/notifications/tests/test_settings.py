"""The mail server is one of the places that an open line may lead to."""

from typing import Any

import pytest
from notifications.settings import Settings
from pydantic import ValidationError

GIVEN: dict[str, Any] = {
    "database_url": "postgresql+asyncpg://notifications:u8Zk2@127.0.0.1/notifications",
    "issuer": "https://id.example/realms/kommunalcampus",
    "jwks_url": "https://id.example/certs",
}


@pytest.mark.parametrize(
    "mail",
    [
        {},
        {"smtp": "mail.example:587", "smtp_tls": "starttls", "smtp_password": "s7"},
        {"smtp": "mail.example:25", "plaintext": "smtp"},
    ],
)
def test_a_local_an_encrypted_and_an_allowed_mail_server_are_taken(mail: dict[str, Any]) -> None:
    assert Settings(**GIVEN, **mail).smtp


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        ({"smtp": "mail.example:25"}, "KC_SMTP leads to mail.example without encryption"),
        (
            {"smtp": "mail.example:25", "plaintext": "smtp", "smtp_password": "s7"},
            "KC_SMTP_PASSWORD would be sent without encryption",
        ),
    ],
)
def test_mails_and_the_password_do_not_leave_in_the_open(mail: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**GIVEN, **mail)
