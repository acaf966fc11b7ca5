"""The seed leaves alone what people have changed since."""

from typing import Any

import httpx
import pytest

from deploy.local.seed import register

TOWN = {
    "organisation_id": "8e5c8400",
    "code": "town",
    "name": "Town",
    "employees": 240,
    "kind": "x",
}


class Office:
    """Answers every look with one status, and remembers what is registered."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.registered: list[Any] = []

    def ask(self, _method: str, _path: str) -> httpx.Response:
        return httpx.Response(self.status)

    def post(self, _path: str, body: Any) -> None:
        self.registered.append(body)


@pytest.mark.parametrize(("status", "registered"), [(404, 1), (200, 0)])
def test_an_organisation_is_registered_only_where_nobody_knows_it(
    status: int, registered: int
) -> None:
    office: Any = Office(status)
    register(office, TOWN)
    assert len(office.registered) == registered
    assert all(body["employees"] == 240 and "kind" not in body for body in office.registered)
